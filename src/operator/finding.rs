//! What a check found, and how it is told: to a person, to a program, to the log, in the same words.

use std::fmt;

use serde::Serialize;

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
        write!(f, "{}: {}", self.title, self.found)?;
        self.remedy.as_ref().map_or(Ok(()), |remedy| write!(f, ": {remedy}"))
    }
}

/// The report for a person: a line for each check, what to do below it, and a last line that sums up.
pub fn table(findings: &[Finding], colours: bool) -> String {
    let width = findings.iter().map(|finding| finding.title.chars().count()).max().unwrap_or(0);
    let line = |Finding { title, status, found, remedy, .. }: &Finding| {
        let sign = if colours { status.coloured() } else { status.sign().to_string() };
        let below = remedy.as_ref().map(|remedy| format!("  {:width$}  → {remedy}\n", ""));
        format!("{sign} {title:width$}  {found}\n{}", below.unwrap_or_default())
    };
    format!("{}\n{}\n", findings.iter().map(line).collect::<String>(), summary(findings))
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
