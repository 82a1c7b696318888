//! Start, and run until told to stop.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use talon::actors::clock;
use talon::config::{self, Access, Config, Environment, Mistakes};
use talon::language::Language;
use talon::logging::{self, LogFormat};
use talon::operator::doctor::{self, Report};
use talon::operator::settings::{self, SettingsError};
use talon::operator::setup::{Setup, Stop};
use talon::operator::terminal::fit_terminal;
use talon::operator::{Trouble, backup, explain, health, import, invite, manual, tickets};
use talon::platform::shutdown_signal;

/// A Discord support-ticket bot in which every ticket is an actor.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    /// Read the settings from this file instead of .env; variables of the environment still count first
    #[arg(long, global = true, value_name = "FILE")]
    env_file: Option<PathBuf>,
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
    /// Ask the running bot whether it is healthy; exit code 1 if it is not, or does not answer
    Health,
    /// Print the link that lets the bot into a server with exactly the rights it needs
    Invite(invite::Options),
    /// Print, check or change the settings of a server, as a document
    #[command(subcommand)]
    Settings(settings::Command),
    /// List the tickets, from the database, whether the bot runs or not
    Tickets(tickets::Options),
    /// Tell a ticket's story: who pressed what, what was done, refused and retried, and why
    Explain(explain::Options),
    /// Take over the open tickets of another bot from its files, while talon is stopped; exit code 1 if one stays behind
    #[command(subcommand)]
    Import(import::Command),
    /// Copy the database while the bot runs
    Backup {
        /// Where to; it must not exist
        file: PathBuf,
    },
    /// Run the bot against a small Discord of its own: no account, no token, no server
    #[cfg(feature = "sandbox")]
    Sandbox(talon::demo::Options),
    /// Print the script that completes talon's commands and options in a shell
    Completions(manual::CompletionOptions),
    /// Print the manual page, or write a page for each command into a folder
    Man(manual::ManOptions),
}

/// A stop takes less than this, unless something hangs.
const LAST_WAIT: Duration = Duration::from_secs(8);
/// Wrong settings have an exit code of their own, so that a service manager need not try again.
const BAD_SETTINGS: u8 = 2;

fn main() -> ExitCode {
    let matches = command_line().get_matches();
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
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

/// The definition of the command line, with the commands in groups.
fn command_line() -> clap::Command {
    manual::group_commands(Arguments::command())
}

async fn obey(Arguments { env_file, command }: Arguments) -> ExitCode {
    let env_file = env_file.as_deref();
    // Setup writes the file.
    let required = env_file.is_some() && !matches!(command, Some(Command::Setup));
    let environment = config::environment(env_file, required);
    match command.unwrap_or(Command::Run { until_stdin_ends: false }) {
        Command::Run { until_stdin_ends } => run(&environment, until_stdin_ends).await,
        Command::Setup => set_up(&environment, env_file).await,
        Command::Doctor(options) => examine(&environment, &options).await,
        Command::Health => check_health(&environment).await,
        Command::Invite(options) => invite(&environment, &options).await,
        Command::Settings(command) => answer_settings(&environment, command).await,
        Command::Tickets(options) => {
            let access = access(&environment);
            let list = async |database: &Path| tickets::list(database, &options, access.as_ref(), clock::now()).await;
            ask(&environment, list).await
        }
        Command::Explain(options) => {
            let access = access(&environment);
            let language = Language::of_environment(|name| environment.get(name)).unwrap_or(Language::English);
            let tell = async |database: &Path| explain::tell(database, &options, access.as_ref(), language).await;
            ask(&environment, tell).await
        }
        Command::Import(command) => import(&environment, &command).await,
        Command::Backup { file } => ask(&environment, async |database| backup::make(database, &file)).await,
        #[cfg(feature = "sandbox")]
        Command::Sandbox(options) => show(&environment, options).await,
        Command::Completions(options) => {
            write_out(manual::write_completions(command_line(), &options));
            ExitCode::SUCCESS
        }
        Command::Man(options) => write_manual(&options),
    }
}

#[cfg(feature = "sandbox")]
async fn show(environment: &Environment, options: talon::demo::Options) -> ExitCode {
    match Config::sandbox(environment) {
        Ok((locale, health)) => {
            logging::init_logging(None, LogFormat::Text);
            report(talon::demo::run(options, locale, health, shutdown_signal()).await)
        }
        Err(mistakes) => correct(&mistakes),
    }
}

async fn run(environment: &Environment, until_stdin_ends: bool) -> ExitCode {
    match Config::read(environment) {
        Ok(config) => {
            logging::init_logging(environment.get("RUST_LOG"), config.log_format);
            for warning in environment.warnings() {
                tracing::warn!("{warning}");
            }
            let stop = async {
                tokio::select! {
                    () = shutdown_signal() => {}
                    () = stdin_ends(), if until_stdin_ends => {}
                }
            };
            report(talon::run(config, stop).await)
        }
        Err(mistakes) => correct(&mistakes),
    }
}

async fn set_up(environment: &Environment, env_file: Option<&Path>) -> ExitCode {
    logging::init_logging(Some("error"), LogFormat::Text);
    let mut setup = Setup::new(env_file.unwrap_or(Path::new(config::ENV_FILE)));
    let ended = tokio::select! {
        ended = setup.run(environment, || config::environment(env_file, false)) => ended,
        () = shutdown_signal() => Err(Stop::Stopped),
    };
    match ended {
        Ok(report) => {
            let code = tell(&report);
            print(&match env_file {
                None => "\nStart the bot with `talon run`, in this folder.\n".to_owned(),
                Some(file) => format!("\nStart the bot with `talon run --env-file {}`.\n", file.display()),
            });
            code
        }
        Err(stop) => {
            eprintln!("\n{stop}\n{}", setup.left());
            if let Stop::Settings(_) = stop { ExitCode::from(BAD_SETTINGS) } else { ExitCode::FAILURE }
        }
    }
}

async fn examine(environment: &Environment, options: &doctor::Options) -> ExitCode {
    logging::init_logging(Some("warn"), LogFormat::Text);
    match Config::read(environment) {
        Ok(config) => {
            warn_of(environment);
            tell(&doctor::run(&config, options).await)
        }
        Err(mistakes) => correct(&mistakes),
    }
}

fn tell(report: &Report) -> ExitCode {
    print(&report.text());
    ExitCode::from(report.exit_code())
}

async fn check_health(environment: &Environment) -> ExitCode {
    match Config::health_address(environment) {
        Ok(address) => match health::check(address).await {
            Ok(healthy) => {
                write_out(format!("{healthy}\n"));
                ExitCode::SUCCESS
            }
            Err(unhealthy) => {
                eprintln!("{unhealthy}");
                ExitCode::FAILURE
            }
        },
        Err(mistakes) => correct(&mistakes),
    }
}

async fn invite(environment: &Environment, options: &invite::Options) -> ExitCode {
    logging::init_logging(Some("warn"), LogFormat::Text);
    match invite::run(options, environment).await {
        Ok(letter) => {
            print(&letter);
            ExitCode::SUCCESS
        }
        Err(invite::Trouble::Settings(mistakes)) => {
            eprintln!(
                "{mistakes}\n\nWithout a token: `talon invite --application ID`, with the id from the application's page."
            );
            ExitCode::from(BAD_SETTINGS)
        }
        Err(invite::Trouble::Discord(error)) => report(Err(error)),
    }
}

async fn answer_settings(environment: &Environment, command: settings::Command) -> ExitCode {
    if !matches!(command, settings::Command::Schema | settings::Command::Check { .. }) {
        warn_of(environment);
    }
    match settings::run(environment, command, clock::now()).await {
        Ok(shown) => {
            eprint!("{}", shown.notes);
            write_out(shown.document);
            ExitCode::SUCCESS
        }
        Err(SettingsError::Environment(mistakes)) => correct(&mistakes),
        Err(error) => {
            eprintln!("{error}");
            if error.is_mistake() { ExitCode::from(BAD_SETTINGS) } else { ExitCode::FAILURE }
        }
    }
}

fn write_manual(options: &manual::ManOptions) -> ExitCode {
    match manual::write_manual(command_line(), options) {
        Ok(text) => {
            write_out(&text);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("the manual pages cannot be written: {error}: name a folder that exists and may be written to");
            ExitCode::FAILURE
        }
    }
}

/// Prints an answer, in lines as long as the terminal is wide.
fn print(text: &str) {
    write_out(fit_terminal(text));
}

fn write_out(text: impl AsRef<[u8]>) {
    // Whoever stops reading has read enough.
    let _ = std::io::Write::write_all(&mut std::io::stdout(), text.as_ref());
}

/// Tells what is probably meant otherwise; the answer itself goes to standard output.
fn warn_of(environment: &Environment) {
    for warning in environment.warnings() {
        eprintln!("{warning}");
    }
}

/// Tells what has to be corrected in the settings.
fn correct(mistakes: &Mistakes) -> ExitCode {
    if let Some(advice) = mistakes.advice() {
        eprintln!("{advice}\n");
    }
    eprintln!("{mistakes}");
    ExitCode::from(BAD_SETTINGS)
}

/// Asks the database, and prints the answer. Only the database's place must be known for it.
async fn ask(environment: &Environment, question: impl AsyncFnOnce(&Path) -> Result<String, Trouble>) -> ExitCode {
    let database = match Config::database(environment) {
        Ok(database) => database,
        Err(mistakes) => return correct(&mistakes),
    };
    logging::init_logging(Some("warn"), LogFormat::Text);
    warn_of(environment);
    match question(&database).await {
        Ok(answer) => {
            write_out(answer);
            ExitCode::SUCCESS
        }
        Err(trouble) => {
            eprintln!("{trouble}");
            ExitCode::FAILURE
        }
    }
}

async fn import(environment: &Environment, command: &import::Command) -> ExitCode {
    let database = match Config::database(environment) {
        Ok(database) => database,
        Err(mistakes) => return correct(&mistakes),
    };
    logging::init_logging(Some("warn"), LogFormat::Text);
    warn_of(environment);
    match import::run(&database, command, clock::now()).await {
        Ok(report) => {
            write_out(report.print());
            ExitCode::from(report.exit_code())
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(error.exit_code())
        }
    }
}

/// What names can be found out with. Without it there are ids alone, and nothing is wrong.
fn access(environment: &Environment) -> Option<Access> {
    Access::read(environment).ok()
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
