//! The command line describes itself: the grouped list of `talon --help`, shell completions and the manual pages.
//!
//! All of it is made of the one definition in `main`, so a new command or option is in all of them.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;

/// The headings of `talon --help`, and the commands below each. One that is missing here stands below [`OTHER`].
const GROUPS: [(&str, &[&str]); 4] = [
    ("Set up and run", &["sandbox", "setup", "invite", "run"]),
    ("Check", &["doctor", "health", "settings"]),
    ("Tickets", &["tickets", "explain", "import", "backup"]),
    ("The program", &["completions", "man", "help"]),
];
/// The heading of the commands that belong to no group.
const OTHER: &str = "Other commands";

/// Where the settings are described, below the options.
const SETTINGS_HELP: &str = "Settings are variables of the environment, or lines of .env in the working folder. README.md describes each \
                             of them below \"Settings\"; talon setup asks for those that are required.";

/// For which shell.
#[derive(Args, Debug)]
pub struct CompletionOptions {
    /// The shell that is to complete talon's commands and options
    #[arg(value_enum)]
    shell: Shell,
}

/// Which pages, and where to.
#[derive(Args, Debug)]
pub struct ManOptions {
    /// Write the pages of talon and of each command into this folder, instead of printing that of talon
    #[arg(long, value_name = "FOLDER")]
    directory: Option<PathBuf>,
}

/// The same command line, whose help lists the commands in groups.
#[must_use]
pub fn group_commands(command: Command) -> Command {
    // Adds `help`, so that it is listed, too.
    let mut built = command.clone();
    built.build();
    let groups = list_groups(&built);
    let template = format!(
        "{{before-help}}{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{groups}Options:\n{{options}}{{after-help}}"
    );
    command.help_template(template).after_help(SETTINGS_HELP)
}

fn list_groups(command: &Command) -> String {
    let visible = || command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set());
    let width = visible().map(|subcommand| subcommand.get_name().len()).max().unwrap_or(0);
    let is_grouped = |name: &str| GROUPS.iter().any(|(_, names)| names.contains(&name));
    let grouped = GROUPS.iter().map(|(heading, names)| {
        let members: Vec<&Command> =
            names.iter().filter_map(|name| visible().find(|known| known.get_name() == *name)).collect();
        (*heading, members)
    });
    let others = (OTHER, visible().filter(|subcommand| !is_grouped(subcommand.get_name())).collect());
    let mut list = String::new();
    for (heading, members) in grouped.chain([others]).filter(|(_, members)| !members.is_empty()) {
        // Writing to a string does not fail.
        let _ = writeln!(list, "{heading}:");
        for member in members {
            let about = member.get_about().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(list, "  {:width$}  {about}", member.get_name());
        }
        list.push('\n');
    }
    list
}

/// The script that teaches a shell to complete the command line.
#[must_use]
pub fn write_completions(mut command: Command, options: &CompletionOptions) -> Vec<u8> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut command, name, &mut script);
    script
}

/// The manual page of the program, or what was written where.
pub fn write_manual(command: Command, options: &ManOptions) -> io::Result<Vec<u8>> {
    let Some(directory) = &options.directory else {
        let mut page = Vec::new();
        Man::new(command).render(&mut page)?;
        return Ok(page);
    };
    clap_mangen::generate_to(command, directory)?;
    Ok(format!("the manual pages are in {}\n", directory.display()).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help(names: &[&'static str]) -> String {
        let command = Command::new("talon")
            .about("A bot")
            .subcommands(names.iter().map(|&name| Command::new(name).about("does")));
        group_commands(command).render_help().to_string()
    }

    #[test]
    fn every_command_is_listed_once_below_its_heading() {
        let help = help(&["run", "sandbox", "doctor", "frobnicate"]);
        let expected = "A bot\n\nUsage: talon [COMMAND]\n\nSet up and run:\n  sandbox     does\n  run         does\n\nCheck:\n  \
                        doctor      does\n\nThe program:\n  help        Print this message or the help of the given \
                        subcommand(s)\n\nOther commands:\n  frobnicate  does\n\nOptions:\n  -h, --help  Print help\n\n";
        assert_eq!(help.strip_suffix(&format!("{SETTINGS_HELP}\n")), Some(expected), "{help}");
    }

    #[test]
    fn no_command_is_listed_twice() {
        let mut names: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
