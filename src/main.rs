//! Start, and run until told to stop.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use talon::actors::clock;
use talon::config::{self, Config, Mistakes};
use talon::logs::{self, Format};
use talon::operator::doctor::{self, Report};
use talon::operator::setup::{Setup, Stop};
use talon::operator::{Trouble, backup, explain, invite, tickets};

/// A Discord support-ticket bot in which every ticket is an actor.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the bot, as the environment and .env say (the default)
    Run {
        /// Stop at the end of standard input, too: whoever started the bot may be killed, and it should not stay behind
        #[arg(long, hide = true)]
        until_stdin_ends: bool,
    },
    /// Set the bot up: asks for the token, lets you choose server, channel, category and role, and writes .env
    Setup,
    /// Check everything before members do: token, intent, server, rights, files; exit code 1 if anything is wrong, 3 if
    /// something could not be checked
    Doctor(doctor::Options),
    /// Print the link that lets the bot into a server with exactly the rights it needs
    Invite(invite::Options),
    /// List the tickets, from the database, whether the bot runs or not
    Tickets {
        /// For machines
        #[arg(long)]
        json: bool,
    },
    /// Tell a ticket's story: who pressed what, what was done, refused and retried, and why
    Explain {
        /// A member, a channel or a ticket: an id, <@id>, <#id>, or #number
        whose: String,
        /// For machines
        #[arg(long)]
        json: bool,
    },
    /// Copy the database while the bot runs
    Backup {
        /// Where to; it must not exist
        file: PathBuf,
    },
    /// Run the bot against a small Discord of its own: no account, no token, no server
    #[cfg(feature = "sandbox")]
    Sandbox(talon::demo::Options),
}

/// A stop takes less than this, unless something hangs.
const LAST_WAIT: Duration = Duration::from_secs(8);
/// Wrong settings have an exit code of their own, so that a service manager need not try again.
const BAD_SETTINGS: u8 = 2;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("the runtime cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(obey(arguments));
    // A name that is still being looked up, on a thread that cannot be stopped, is not waited for.
    runtime.shutdown_background();
    code
}

async fn obey(arguments: Arguments) -> ExitCode {
    match arguments.command.unwrap_or(Command::Run { until_stdin_ends: false }) {
        Command::Run { until_stdin_ends } => run(until_stdin_ends).await,
        Command::Setup => set_up().await,
        Command::Doctor(options) => examine(&options).await,
        Command::Invite(options) => invite(&options).await,
        Command::Tickets { json } => ask(|database| tickets::list(database, json, clock::now())),
        Command::Explain { whose, json } => ask(|database| explain::tell(database, &whose, json)),
        Command::Backup { file } => ask(|database| backup::make(database, &file)),
        #[cfg(feature = "sandbox")]
        Command::Sandbox(options) => {
            logs::start(None, Format::Text);
            report(talon::demo::run(options, told_to_stop()).await)
        }
    }
}

async fn run(until_stdin_ends: bool) -> ExitCode {
    let environment = config::environment();
    match Config::read(&environment) {
        Ok(config) => {
            logs::start(environment.get("RUST_LOG"), config.log_format);
            let stop = async {
                tokio::select! {
                    () = told_to_stop() => {}
                    () = stdin_ends(), if until_stdin_ends => {}
                }
            };
            report(talon::run(config, stop).await)
        }
        Err(mistakes) => correct(&mistakes),
    }
}

async fn set_up() -> ExitCode {
    logs::start(Some("error"), Format::Text);
    let environment = config::environment();
    let mut setup = Setup::new();
    let ended = tokio::select! {
        ended = setup.run(&environment) => ended,
        () = told_to_stop() => Err(Stop::Stopped),
    };
    match ended {
        Ok(report) => {
            let code = tell(&report);
            print("\nStart the bot with `talon run`, in this folder.\n");
            code
        }
        Err(stop) => {
            eprintln!("\n{stop}\n{}", setup.left());
            if let Stop::Settings(_) = stop { ExitCode::from(BAD_SETTINGS) } else { ExitCode::FAILURE }
        }
    }
}

async fn examine(options: &doctor::Options) -> ExitCode {
    logs::start(Some("warn"), Format::Text);
    match Config::read(&config::environment()) {
        Ok(config) => tell(&doctor::run(&config, options).await),
        Err(mistakes) => correct(&mistakes),
    }
}

fn tell(report: &Report) -> ExitCode {
    print(&report.text());
    ExitCode::from(report.exit_code())
}

async fn invite(options: &invite::Options) -> ExitCode {
    logs::start(Some("warn"), Format::Text);
    match invite::run(options, &config::environment()).await {
        Ok(letter) => {
            print(&letter);
            ExitCode::SUCCESS
        }
        Err(invite::Trouble::Settings(mistakes)) => correct(&mistakes),
        Err(invite::Trouble::Discord(error)) => report(Err(error)),
    }
}

fn print(text: &str) {
    // Whoever stops reading has read enough.
    let _ = std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes());
}

/// Tells what has to be corrected in the settings.
fn correct(mistakes: &Mistakes) -> ExitCode {
    eprintln!("{mistakes}");
    ExitCode::from(BAD_SETTINGS)
}

/// Asks the database, and prints the answer. Only the database's place must be known for it.
fn ask(question: impl FnOnce(&Path) -> Result<String, Trouble>) -> ExitCode {
    let database = match Config::database(&config::environment()) {
        Ok(database) => database,
        Err(mistakes) => return correct(&mistakes),
    };
    logs::start(Some("warn"), Format::Text);
    match question(&database) {
        Ok(answer) => {
            print(&answer);
            ExitCode::SUCCESS
        }
        Err(trouble) => {
            eprintln!("{trouble}");
            ExitCode::FAILURE
        }
    }
}

fn report<E: std::error::Error>(ended: Result<(), E>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Ends when the process is asked to: by Ctrl-C or by SIGTERM.
async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return drop(tokio::signal::ctrl_c().await);
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// Ends when there is nothing more to be read. It is read on a thread that nobody waits for at the end, as the runtime
/// would for one of its own.
async fn stdin_ends() {
    let (end, ended) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = end.send(());
        // Serenity may keep the only thread busy for most of a minute, when a connection to the gateway is reset before it
        // is established. Nobody is there any more for whom it would be worth waiting.
        std::thread::sleep(LAST_WAIT);
        std::process::exit(1);
    });
    let _ = ended.await;
}
