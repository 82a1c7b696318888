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
    /// It could not be found out.
    Unchecked,
    /// It works for now.
    Warning,
    /// The bot cannot do what it promises.
    Error,
}

impl Status {
    const fn sign(self) -> char {
        match self {
            Self::Ok => '✓',
            Self::Unchecked => '?',
            Self::Warning => '!',
            Self::Error => '✗',
        }
    }

    /// The sign, in green, blue, yellow or red for a terminal.
    fn coloured(self) -> String {
        let colour = match self {
            Self::Ok => 32,
            Self::Unchecked => 36,
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

    /// It could not be found out, for this reason.
    pub fn unchecked(found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { status: Status::Unchecked, found: found.into(), remedy: Some(remedy.into()) }
    }

    /// It hangs on something else that is wrong or unchecked, where the remedy stands.
    pub fn depends(found: impl Into<String>) -> Self {
        Self { status: Status::Unchecked, found: found.into(), remedy: None }
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
        f.write_str(&self.sentence(self.title))
    }
}

impl Finding {
    /// The same for several checks that share it.
    pub fn sentence(&self, titles: &str) -> String {
        let remedy = self.remedy.as_ref().map(|remedy| format!(": {}", printable(remedy))).unwrap_or_default();
        format!("{titles}: {}{remedy}", printable(&self.found))
    }

    /// It says nothing of its own: what it hangs on has a line, and a remedy.
    pub const fn depends(&self) -> bool {
        matches!(self.status, Status::Unchecked) && self.remedy.is_none()
    }
}

/// What could not be checked, once for each cause: the checks that share it, with the first of their findings.
pub fn causes(findings: &[Finding]) -> Vec<(&Finding, Vec<&'static str>)> {
    let mut causes: Vec<(&Finding, Vec<&'static str>)> = Vec::new();
    for finding in findings.iter().filter(|finding| finding.status == Status::Unchecked) {
        match causes.iter_mut().find(|(known, _)| known.found == finding.found && known.remedy == finding.remedy) {
            Some((_, titles)) => titles.push(finding.title),
            None => causes.push((finding, vec![finding.title])),
        }
    }
    causes
}

/// The report for a person: a line for each check, what to do below it, and a last line that sums up. Where one remedy
/// helps several checks in a row, as when the bot has lost its role, it is told once, below the last of them. What could
/// not be checked for the same reason shares a line.
pub fn table(findings: &[Finding], colours: bool) -> String {
    let width = findings.iter().map(|finding| finding.title.chars().count()).max().unwrap_or(0);
    let sign = |status: Status| if colours { status.coloured() } else { status.sign().to_string() };
    let causes = causes(findings);
    let is_shared = |finding: &Finding, titles: &[&str]| finding.depends() || titles.len() > 1;
    let shared: Vec<_> = causes.iter().filter(|(finding, titles)| is_shared(finding, titles)).collect();
    let is_own = |finding: &&Finding| !shared.iter().any(|(_, titles)| titles.contains(&finding.title));
    let own: Vec<&Finding> = findings.iter().filter(is_own).collect();
    let mut table = String::new();
    for same in own.chunk_by(|one, next| one.remedy.is_some() && one.remedy == next.remedy) {
        for Finding { title, status, found, .. } in same {
            // Writing to a string does not fail.
            let _ = writeln!(table, "{} {title:width$}  {}", sign(*status), printable(found));
        }
        if let Some(remedy) = same.first().and_then(|finding| finding.remedy.as_ref()) {
            let _ = writeln!(table, "  {:width$}  → {}", "", printable(remedy));
        }
    }
    for (Finding { found, remedy, .. }, titles) in shared {
        let _ = writeln!(table, "{} {}: {}", sign(Status::Unchecked), printable(found), titles.join(", "));
        if let Some(remedy) = remedy {
            let _ = writeln!(table, "  → {}", printable(remedy));
        }
    }
    format!("{table}\n{}\n", summary(findings))
}

/// What it comes to.
pub fn summary(findings: &[Finding]) -> String {
    let count = |status| findings.iter().filter(|finding| finding.status == status).count();
    let (wrong, unchecked, warnings) = (count(Status::Error), count(Status::Unchecked), count(Status::Warning));
    let mut parts = Vec::new();
    match wrong {
        0 if unchecked == 0 => parts.push("all that is needed is in place".to_owned()),
        0 => {}
        1 => parts.push("1 thing is wrong".to_owned()),
        many => parts.push(format!("{many} things are wrong")),
    }
    match unchecked {
        0 => {}
        1 => parts.push("1 thing could not be checked".to_owned()),
        many => parts.push(format!("{many} things could not be checked")),
    }
    match warnings {
        0 => {}
        1 => parts.push("1 deserves a look".to_owned()),
        many => parts.push(format!("{many} deserve a look")),
    }
    match parts.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{}, and {last}", others.join(", ")),
        None => String::new(),
    }
}

/// How badly it stands with the whole: the worst of what was found.
pub fn worst(findings: &[Finding]) -> Status {
    let rank = |status: &Status| match status {
        Status::Ok => 0,
        Status::Warning => 1,
        Status::Unchecked => 2,
        Status::Error => 3,
    };
    findings.iter().map(|finding| finding.status).max_by_key(rank).unwrap_or(Status::Unchecked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(title: &'static str, verdict: Verdict) -> Finding {
        let Verdict { status, found, remedy } = verdict;
        Finding { check: title, title, status, found, remedy }
    }

    #[test]
    fn what_hangs_on_one_thing_shares_a_line_and_is_never_all_in_place() {
        let mut findings = vec![
            finding("Discord", Verdict::unchecked("no answer: connection refused", "see the network")),
            finding("Token", Verdict::depends("not checked: Discord was not reached")),
            finding("Server", Verdict::depends("not checked: Discord was not reached")),
            finding("Room", Verdict::depends("not checked: there is no category")),
            finding("Disk", Verdict::ok("1 MB free")),
        ];
        assert_eq!(
            table(&findings, false),
            "? Discord  no answer: connection refused\n           → see the network\n✓ Disk     1 MB free\n\
             ? not checked: Discord was not reached: Token, Server\n? not checked: there is no category: Room\n\n\
             4 things could not be checked\n"
        );
        assert_eq!(worst(&findings), Status::Unchecked);
        findings[4] = finding("Disk", Verdict::error("full", "make room"));
        findings.push(finding("Clock", Verdict::warning("slow", "set it")));
        assert_eq!(summary(&findings), "1 thing is wrong, 4 things could not be checked, and 1 deserves a look");
        assert_eq!(worst(&findings), Status::Error);
        assert_eq!(summary(&findings[1..2]), "1 thing could not be checked");
        assert_eq!(worst(&[]), Status::Unchecked, "nothing checked is not all in place");
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
