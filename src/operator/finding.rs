//! What a check found, and how it is told: to a person, to a program, to the log, in the same words.

use std::fmt;
use std::fmt::Write as _;

use serde::Serialize;

use crate::printable::printable;

/// How a thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As it should.
    Ok,
    /// It works for now, or could not be found out.
    Warning,
    /// The bot cannot do what it promises.
    Error,
}

impl Status {
    const fn sign(self) -> char {
        match self {
            Self::Ok => '✓',
            Self::Warning => '!',
            Self::Error => '✗',
        }
    }

    /// The sign, in green, yellow or red for a terminal.
    fn coloured(self) -> String {
        let colour = match self {
            Self::Ok => 32,
            Self::Warning => 33,
            Self::Error => 31,
        };
        format!("\x1b[{colour}m{}\x1b[0m", self.sign())
    }
}

/// How a thing stands, what was found, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How it stands.
    pub status: Status,
    /// What was found.
    pub found: String,
    /// What to do: nothing where all is well.
    pub remedy: Option<String>,
}

impl Verdict {
    /// As it should be.
    pub fn ok(found: impl Into<String>) -> Self {
        Self { status: Status::Ok, found: found.into(), remedy: None }
    }

    /// Not yet wrong.
    pub fn warning(found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { status: Status::Warning, found: found.into(), remedy: Some(remedy.into()) }
    }

    /// Wrong.
    pub fn error(found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { status: Status::Error, found: found.into(), remedy: Some(remedy.into()) }
    }
}

/// One line of the doctor's report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The name of the check, for programs.
    pub check: &'static str,
    /// The same for people.
    #[serde(skip)]
    pub title: &'static str,
    /// How it stands.
    pub status: Status,
    /// What was found.
    pub found: String,
    /// What to do.
    pub remedy: Option<String>,
}

impl fmt::Display for Finding {
    /// One sentence, as the log has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.title, printable(&self.found))?;
        self.remedy.as_ref().map_or(Ok(()), |remedy| write!(f, ": {}", printable(remedy)))
    }
}

/// The report for a person: a line for each check, what to do below it, and a last line that sums up. Where one remedy
/// helps several checks in a row, as when the bot has lost its role, it is told once, below the last of them.
pub fn table(findings: &[Finding], colours: bool) -> String {
    let width = findings.iter().map(|finding| finding.title.chars().count()).max().unwrap_or(0);
    let mut table = String::new();
    for same in findings.chunk_by(|one, next| one.remedy.is_some() && one.remedy == next.remedy) {
        for Finding { title, status, found, .. } in same {
            let sign = if colours { status.coloured() } else { status.sign().to_string() };
            // Writing to a string does not fail.
            let _ = writeln!(table, "{sign} {title:width$}  {}", printable(found));
        }
        if let Some(remedy) = same.first().and_then(|finding| finding.remedy.as_ref()) {
            let _ = writeln!(table, "  {:width$}  → {}", "", printable(remedy));
        }
    }
    format!("{table}\n{}\n", summary(findings))
}

/// What it comes to.
pub fn summary(findings: &[Finding]) -> String {
    let count = |status| findings.iter().filter(|finding| finding.status == status).count();
    let wrong = match count(Status::Error) {
        0 => "all that is needed is in place".to_owned(),
        1 => "1 thing is wrong".to_owned(),
        many => format!("{many} things are wrong"),
    };
    match count(Status::Warning) {
        0 => wrong,
        1 => wrong + ", and 1 deserves a look",
        many => wrong + &format!(", and {many} deserve a look"),
    }
}

/// Nothing is wrong.
pub fn well(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.status != Status::Error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(title: &'static str, Verdict { status, found, remedy }: Verdict) -> Finding {
        Finding { check: "check", title, status, found, remedy }
    }

    #[test]
    fn one_remedy_for_several_checks_is_told_once() {
        let findings = [
            finding("Token", Verdict::ok("known")),
            finding("View Channels", Verdict::error("not given", "open the link")),
            finding("Send Messages", Verdict::error("not given", "open the link")),
            finding("Clock", Verdict::warning("slow", "set it")),
            finding("Disk", Verdict::error("full", "open the link")),
        ];
        let told = "✓ Token          known\n\
                    ✗ View Channels  not given\n\
                    ✗ Send Messages  not given\n                 → open the link\n\
                    ! Clock          slow\n                 → set it\n\
                    ✗ Disk           full\n                 → open the link\n\n\
                    3 things are wrong, and 1 deserves a look\n";
        assert_eq!(table(&findings, false), told);
    }

    #[test]
    fn a_name_stays_in_its_line() {
        let name = "talon\u{1b}[2J\n✓ all is well\u{202e}";
        let findings = [finding("Server", Verdict::error(name, name))];
        for told in [table(&findings, false), findings[0].to_string()] {
            assert!(told.contains("talon\\u{1b}[2J\\u{a}✓ all is well\\u{202e}"), "{told}");
            assert!(!told.contains(['\u{1b}', '\u{202e}']) && !told.contains("\n✓"), "{told:?}");
        }
    }
}
