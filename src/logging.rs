//! How we speak to the operator: the log, on standard error.
//!
//! It guards one decision: no filter, however it is spelt, makes a library print the bot's token or that of a press.

use std::fmt;
use std::io::{self, IsTerminal, Write, stderr};

use tracing::field::Field;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::filter::{FilterExt, LevelFilter, Targets};
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::printable::{is_hidden, printable};

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For machines: an object a line.
    Json,
}

/// These libraries print whole requests and events, and with them the tokens of the bot and of every press: this much
/// they may say, and no more.
const QUIET: [(&str, LevelFilter); 10] = [
    ("serenity", LevelFilter::WARN),
    // It warns of a clean stop, when Discord closes the connection first; lost connections are told by our own health.
    ("serenity::gateway::bridge::shard_runner", LevelFilter::ERROR),
    // It misses the numbers of the events that are held back from it.
    ("serenity::gateway::shard", LevelFilter::ERROR),
    ("serenity::gateway::ws", LevelFilter::ERROR),
    ("tungstenite", LevelFilter::INFO),
    ("tokio_tungstenite", LevelFilter::INFO),
    ("h2", LevelFilter::INFO),
    ("hyper", LevelFilter::INFO),
    ("reqwest", LevelFilter::INFO),
    // It would name the actor on each line, by a number that says nothing.
    ("ractor", LevelFilter::WARN),
];

/// What is logged where nobody has said anything else.
const USUAL: &str = "info";

/// Logs what `filter` lets through, as `RUST_LOG` has it.
pub fn start(filter: Option<&str>, format: Format) {
    let (wanted, strange) = read(filter.unwrap_or(USUAL));
    let allowed = Targets::new().with_default(LevelFilter::TRACE).with_targets(QUIET);
    let lines = tracing_subscriber::fmt::layer();
    let lines = match format {
        Format::Text => {
            let fields = debug_fn(write_field).delimited(" ");
            lines.with_writer(stderr).with_ansi(stderr().is_terminal()).fmt_fields(fields).boxed()
        }
        Format::Json => {
            lines.json().flatten_event(true).with_span_list(false).with_writer(|| JsonLines(stderr())).boxed()
        }
    };
    tracing_subscriber::registry().with(lines.with_filter(wanted.and(allowed))).init();
    for part in strange {
        tracing::error!(part, "RUST_LOG has a part that is not understood and changes nothing: {FORM}");
    }
}

/// A field as people read it, in one line whatever it holds: names in it were chosen by others.
fn write_field(writer: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug) -> fmt::Result {
    let value = format!("{value:?}");
    match field.name() {
        "message" => writer.write_str(&printable(&value)),
        name => write!(writer, "{name}={}", printable(&value)),
    }
}

/// Lines of JSON, in which the library escapes control characters, but not what turns a line around or has no width.
struct JsonLines<W>(W);

impl<W: Write> Write for JsonLines<W> {
    /// Takes a whole line at once, as it is handed over.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut escaped = String::with_capacity(line.len());
        for letter in String::from_utf8_lossy(line).chars() {
            if letter != '\n' && is_hidden(letter) {
                // Outside of strings there are no such characters, and in them JSON writes each UTF-16 unit so.
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    // Writing to a string does not fail.
                    let _ = fmt::Write::write_fmt(&mut escaped, format_args!("\\u{unit:04x}"));
                }
            } else {
                escaped.push(letter);
            }
        }
        self.0.write_all(escaped.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

const FORM: &str =
    "each part is a level (off, error, warn, info, debug, trace) or TARGET=LEVEL, as in info,talon=debug";

/// What is wanted, and the parts that nobody can read: spans and fields are not told apart here.
fn read(filter: &str) -> (Targets, Vec<&str>) {
    let parts = filter.split(',').map(str::trim).filter(|part| !part.is_empty());
    let (plain, strange): (Vec<_>, Vec<_>) =
        parts.partition(|part| !part.contains('[') && part.parse::<Targets>().is_ok());
    let plain = if plain.is_empty() { USUAL.to_owned() } else { plain.join(",") };
    (plain.parse().expect("parts that can be read one by one can be read together"), strange)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    fn check(filter: &str, shown: &[(&str, Level)], hidden: &[(&str, Level)], strange: &[&str]) {
        let (wanted, unread) = read(filter);
        assert_eq!(unread, strange, "{filter:?}");
        for (target, level) in shown {
            assert!(wanted.would_enable(target, level), "{filter:?} shows {level} of {target}");
        }
        for (target, level) in hidden {
            assert!(!wanted.would_enable(target, level), "{filter:?} hides {level} of {target}");
        }
    }

    #[test]
    fn a_filter_is_levels_and_targets() {
        let (info, debug, warn) = (Level::INFO, Level::DEBUG, Level::WARN);
        check("info", &[("talon::run", info), ("h2", info)], &[("talon::run", debug)], &[]);
        check("talon=debug", &[("talon::run", debug)], &[("h2", Level::ERROR)], &[]);
        check("info, talon::doctor=off", &[("talon::run", info)], &[("talon::doctor", Level::ERROR)], &[]);
        check("WARN,talon=4", &[("talon", debug), ("h2", warn)], &[("h2", info)], &[]);
        check("talon", &[("talon::run", Level::TRACE)], &[("h2", Level::ERROR)], &[]);
    }

    #[test]
    fn what_cannot_be_read_changes_nothing_and_is_told() {
        let info = [("talon::run", Level::INFO)];
        let debug = [("talon::run", Level::DEBUG)];
        check("info,talon=loud", &info, &debug, &["talon=loud"]);
        check("talon[span]=debug,info", &info, &debug, &["talon[span]=debug"]);
        check("talon[{member=1}]=trace", &info, &debug, &["talon[{member=1}]=trace"]);
        check("debug;warn=1=2", &info, &debug, &["debug;warn=1=2"]);
        check("", &info, &debug, &[]);
    }
}
