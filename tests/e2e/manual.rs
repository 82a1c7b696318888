//! What the command line says of itself: help, completions and manual pages, all of them with every command.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn talon(folder: &Path, arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_talon"));
    program.args(arguments).current_dir(folder).env_clear().output().expect("the program starts")
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("the answer is text")
}

/// What the program prints for these arguments, without any settings.
pub fn told(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let output = talon(folder.path(), arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    text(output.stdout)
}

/// The commands that a help lists, in its order.
pub fn commands(help: &str) -> Vec<&str> {
    let listed = help.lines().skip_while(|line| !line.starts_with("Usage:")).take_while(|line| *line != "Options:");
    listed.filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).filter(|name| !name.is_empty()).collect()
}

#[test]
fn help_lists_every_command_once_in_groups_and_names_the_settings() {
    let help = told(&["--help"]);

    let listed = commands(&help);
    let once: BTreeSet<&str> = listed.iter().copied().collect();
    assert_eq!(once.len(), listed.len(), "{help}");
    for command in ["run", "setup", "doctor", "health", "tickets", "completions", "man", "sandbox"] {
        assert!(once.contains(command), "{command}: {help}");
    }
    assert!(help.matches(":\n  ").count() >= 4, "there are groups: {help}");
    let paragraph = help.rsplit("\n\n").next().expect("a last paragraph");
    assert!(paragraph.contains("README.md") && paragraph.contains("talon setup"), "{paragraph}");
    assert_eq!(help, told(&["-h"]));
    assert_eq!(help, told(&["help"]));
}

#[test]
fn bash_completes_commands_and_options() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("talon.bash"), told(&["completions", "bash"])).expect("a file");
    for (words, expected) in
        [("talon heal", "health"), ("talon doctor --js", "--json"), ("talon settings sch", "schema")]
    {
        let last = words.rsplit(' ').next().expect("a word");
        let before = words.split(' ').rev().nth(1).expect("a word before it");
        let script = format!(
            "source talon.bash; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _talon talon '{last}' '{before}'; echo \"${{COMPREPLY[*]}}\""
        );
        let output = Command::new("bash").args(["-c", &script]).current_dir(folder.path()).output().expect("bash runs");
        assert_eq!(text(output.stdout).trim(), expected, "{words}");
    }
}

#[test]
fn each_shell_is_taught_every_command() {
    let help = told(&["--help"]);
    for shell in ["bash", "zsh", "fish"] {
        let script = told(&["completions", shell]);
        for command in commands(&help) {
            assert!(script.contains(command), "{shell} does not know {command}");
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(talon(folder.path(), &["completions", "tcsh"]).status.code(), Some(2));
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(told(&["man"]).contains("\n.TH talon 1 "));

    assert!(talon(folder.path(), &["man", "--directory", "."]).status.success());

    for command in commands(&told(&["--help"])).into_iter().filter(|command| *command != "help") {
        let page = fs::read_to_string(folder.path().join(format!("talon-{command}.1")));
        let page = page.unwrap_or_else(|error| panic!("{command}: {error}"));
        assert!(page.contains(".SH SYNOPSIS"), "{page}");
        assert!(!page.contains("until-stdin-ends"), "what is hidden in the help is hidden here: {page}");
    }

    let nowhere = talon(folder.path(), &["man", "--directory", "none"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(text(nowhere.stderr).contains("name a folder that exists"));
}
