//! The sandbox on the command line, for a bot in any language.

use std::process::ExitCode;

use clap::Parser;
use talon_sandbox::standalone::{self, Announcement, DEFAULT_PORT};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// A small, strict Discord on loopback: try any bot without an account, a token or a server
#[derive(Parser)]
#[command(name = "talon-sandbox", version, about)]
struct Options {
    /// The port to listen on, on loopback; 0 takes any free one
    #[arg(long, default_value_t = DEFAULT_PORT)]
    port: u16,
    /// Print the address, the token and the ids as JSON
    #[arg(long)]
    json: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    let announcement = if options.json { Announcement::Json } else { Announcement::Text(standalone::generic_names) };
    let signals =
        signal(SignalKind::interrupt()).and_then(|interrupt| Ok((interrupt, signal(SignalKind::terminate())?)));
    let ended = match signals {
        Ok((interrupt, terminate)) => {
            standalone::run(options.port, announcement, wait_for_either(interrupt, terminate)).await
        }
        // The signals end the process by themselves.
        Err(_) => standalone::run(options.port, announcement, std::future::pending()).await,
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn wait_for_either(mut interrupt: Signal, mut terminate: Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
