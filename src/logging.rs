//! The log on standard error.
//!
//! It guards one decision: no value of `RUST_LOG` makes a library print the bot's token or an interaction token.

use std::fmt;
use std::io::{self, IsTerminal, Write, stderr};

use tracing::field::Field;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::filter::{FilterExt, LevelFilter, Targets};
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::printable::{is_hidden, printable};

/// The format of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Text for people.
    #[default]
    Text,
    /// One JSON object per line, for log collectors.
    Json,
}

/// The highest level at which each library may log, whatever the filter says. Below it they print whole requests and
/// events, and with them the bot's token and interaction tokens.
const LIBRARY_LEVELS: [(&str, LevelFilter); 10] = [
    ("serenity", LevelFilter::WARN),
    // It warns about a clean stop if Discord closes the connection first; the relay reports lost connections itself.
    ("serenity::gateway::bridge::shard_runner", LevelFilter::ERROR),
    // It warns about gaps in the sequence numbers, which the relay's filter leaves.
    ("serenity::gateway::shard", LevelFilter::ERROR),
    ("serenity::gateway::ws", LevelFilter::ERROR),
    ("tungstenite", LevelFilter::INFO),
    ("tokio_tungstenite", LevelFilter::INFO),
    ("h2", LevelFilter::INFO),
    ("hyper", LevelFilter::INFO),
    ("reqwest", LevelFilter::INFO),
    // Its spans would add the numeric id of an actor to each line.
    ("ractor", LevelFilter::WARN),
];

/// The filter if `RUST_LOG` is not set or has no valid part.
const DEFAULT_FILTER: &str = "info";

/// Installs the global subscriber. `filter` has the syntax of `RUST_LOG`; invalid parts of it are logged as errors and
/// otherwise ignored.
pub fn init_logging(filter: Option<&str>, format: LogFormat) {
    let (requested, invalid) = parse_filter(filter.unwrap_or(DEFAULT_FILTER));
    let allowed = Targets::new().with_default(LevelFilter::TRACE).with_targets(LIBRARY_LEVELS);
    let layer = tracing_subscriber::fmt::layer();
    let layer = match format {
        LogFormat::Text => {
            let fields = debug_fn(write_field).delimited(" ");
            layer.with_writer(stderr).with_ansi(stderr().is_terminal()).fmt_fields(fields).boxed()
        }
        LogFormat::Json => {
            layer.json().flatten_event(true).with_span_list(false).with_writer(|| JsonLineWriter(stderr())).boxed()
        }
    };
    tracing_subscriber::registry().with(layer.with_filter(requested.and(allowed))).init();
    for part in invalid {
        tracing::error!(part, "RUST_LOG has an invalid part, which is ignored: {FILTER_SYNTAX}");
    }
}

/// Writes a field on one line and without control characters: values may hold names that members have chosen.
fn write_field(writer: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug) -> fmt::Result {
    let value = format!("{value:?}");
    match field.name() {
        "message" => writer.write_str(&printable(&value)),
        name => write!(writer, "{name}={}", printable(&value)),
    }
}

/// Escapes bidirectional and zero-width characters in JSON lines. The library itself escapes only control characters.
struct JsonLineWriter<W>(W);

impl<W: Write> Write for JsonLineWriter<W> {
    /// Accepts a whole line at once, as the library passes it.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut escaped = String::with_capacity(line.len());
        for character in String::from_utf8_lossy(line).chars() {
            if character != '\n' && is_hidden(character) {
                // Such characters occur only inside strings, where JSON escapes each UTF-16 code unit.
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing to a string does not fail.
                    let _ = fmt::Write::write_fmt(&mut escaped, format_args!("\\u{unit:04x}"));
                }
            } else {
                escaped.push(character);
            }
        }
        self.0.write_all(escaped.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The accepted syntax, for the error message.
const FILTER_SYNTAX: &str =
    "each part is a level (off, error, warn, info, debug, trace) or TARGET=LEVEL, as in info,talon=debug";

/// Splits a filter into the requested targets and the invalid parts. Span and field filters are not supported.
fn parse_filter(filter: &str) -> (Targets, Vec<&str>) {
    let parts = filter.split(',').map(str::trim).filter(|part| !part.is_empty());
    let (valid, invalid): (Vec<_>, Vec<_>) =
        parts.partition(|part| !part.contains('[') && part.parse::<Targets>().is_ok());
    let valid = if valid.is_empty() { DEFAULT_FILTER.to_owned() } else { valid.join(",") };
    (valid.parse().expect("parts that are valid one by one are valid together"), invalid)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    fn check(filter: &str, shown: &[(&str, Level)], hidden: &[(&str, Level)], ignored: &[&str]) {
        let (requested, invalid) = parse_filter(filter);
        assert_eq!(invalid, ignored, "{filter:?}");
        for (target, level) in shown {
            assert!(requested.would_enable(target, level), "{filter:?} shows {level} of {target}");
        }
        for (target, level) in hidden {
            assert!(!requested.would_enable(target, level), "{filter:?} hides {level} of {target}");
        }
    }

    #[test]
    fn a_filter_is_levels_and_targets() {
        let (info, debug, warn) = (Level::INFO, Level::DEBUG, Level::WARN);
        check("info", &[("talon::app", info), ("h2", info)], &[("talon::app", debug)], &[]);
        check("talon=debug", &[("talon::app", debug)], &[("h2", Level::ERROR)], &[]);
        check("info, talon::doctor=off", &[("talon::app", info)], &[("talon::doctor", Level::ERROR)], &[]);
        check("WARN,talon=4", &[("talon", debug), ("h2", warn)], &[("h2", info)], &[]);
        check("talon", &[("talon::app", Level::TRACE)], &[("h2", Level::ERROR)], &[]);
    }

    #[test]
    fn invalid_parts_are_ignored_and_reported() {
        let info = [("talon::app", Level::INFO)];
        let debug = [("talon::app", Level::DEBUG)];
        check("info,talon=loud", &info, &debug, &["talon=loud"]);
        check("talon[span]=debug,info", &info, &debug, &["talon[span]=debug"]);
        check("talon[{member=1}]=trace", &info, &debug, &["talon[{member=1}]=trace"]);
        check("debug;warn=1=2", &info, &debug, &["debug;warn=1=2"]);
        check("", &info, &debug, &[]);
    }
}
