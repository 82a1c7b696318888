//! How we speak to the operator: the log, on standard error.
//!
//! It guards one decision: no filter, however it is spelt, makes a library print the bot's token or that of a press.

use std::io::IsTerminal;

use tracing_subscriber::filter::{EnvFilter, FilterExt, LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

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
const QUIET: [(&str, LevelFilter); 8] = [
    ("serenity", LevelFilter::WARN),
    ("serenity::gateway::ws", LevelFilter::ERROR),
    ("tungstenite", LevelFilter::INFO),
    ("tokio_tungstenite", LevelFilter::INFO),
    ("h2", LevelFilter::INFO),
    ("hyper", LevelFilter::INFO),
    ("reqwest", LevelFilter::INFO),
    // It would name the actor on each line, by a number that says nothing.
    ("ractor", LevelFilter::WARN),
];

/// Logs what `filter` lets through, as `RUST_LOG` has it.
pub fn start(filter: Option<&str>, format: Format) {
    let wanted = EnvFilter::new(filter.unwrap_or("info"));
    let allowed = Targets::new().with_default(LevelFilter::TRACE).with_targets(QUIET);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match format {
        Format::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        Format::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(wanted.and(allowed))).init();
}
