//! Naming calls: `POST /guilds/*/channels` is one method, one path, with `*` for any one step.

use std::fmt;
use std::str::FromStr;

/// Which calls are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    method: String,
    steps: Vec<String>,
}

impl Pattern {
    /// Whether a call is meant. The path is the one after `/api/v10`.
    #[must_use]
    pub fn matches(&self, method: &str, path: &str) -> bool {
        let any = |wanted: &str, given: &str| wanted == "*" || wanted == given;
        let open = self.steps.last().is_some_and(|step| step == "**");
        let wanted = &self.steps[..self.steps.len() - usize::from(open)];
        let given: Vec<&str> = steps(path).collect();
        any(&self.method, method)
            && (given.len() == wanted.len() || open && given.len() > wanted.len())
            && wanted.iter().zip(given).all(|(wanted, given)| any(wanted, given))
    }
}

fn steps(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|step| !step.is_empty())
}

impl From<&str> for Pattern {
    /// `METHOD /path`; without a method, any is meant; `**` at the end stands for any rest.
    fn from(text: &str) -> Self {
        let (method, path) = match text.trim().split_once(char::is_whitespace) {
            Some((method, path)) => (method, path),
            None if text.starts_with('/') => ("*", text),
            None => (text, "/**"),
        };
        Self { method: method.to_uppercase(), steps: steps(path.trim()).map(str::to_owned).collect() }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} /{}", self.method, self.steps.join("/"))
    }
}

impl FromStr for Pattern {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::from(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_calls() {
        let cases = [
            ("POST /guilds/*/channels", "POST", "/guilds/1/channels", true),
            ("POST /guilds/*/channels", "GET", "/guilds/1/channels", false),
            ("POST /guilds/*/channels", "POST", "/guilds/1/channels/2", false),
            ("* /channels/*/messages/*", "PATCH", "/channels/1/messages/2", true),
            ("/webhooks/**", "PATCH", "/webhooks/1/token/messages/@original", true),
            ("DELETE", "DELETE", "/channels/1", true),
        ];
        for (pattern, method, path, expected) in cases {
            assert_eq!(Pattern::from(pattern).matches(method, path), expected, "{pattern} on {method} {path}");
        }
    }
}
