//! A span of time as the settings write it: `5s`, `1h 30m`, `2days`.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// humantime's units from a second up, by their names.
const UNITS: [(u64, &[&str]); 7] = [
    (1, &["s", "sec", "secs", "second", "seconds"]),
    (60, &["m", "min", "mins", "minute", "minutes"]),
    (3_600, &["h", "hr", "hrs", "hour", "hours"]),
    (86_400, &["d", "day", "days"]),
    (604_800, &["w", "wk", "wks", "week", "weeks"]),
    (2_630_016, &["M", "month", "months"]),
    (31_557_600, &["y", "yr", "yrs", "year", "years"]),
];

/// More digits than anyone means, and few enough that no unit overflows.
const MOST_DIGITS: usize = 9;

/// A span of time in whole seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub Duration);

impl Span {
    /// So many seconds.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// The span that a text means, as humantime reads it, without fractions and units below a second.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (mut rest, mut total) = (text, 0_u64);
        loop {
            let digits = rest.len() - rest.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
            let number: u64 = rest[..digits].parse().ok().filter(|_| digits <= MOST_DIGITS)?;
            rest = skip_space(&rest[digits..]);
            let letters = rest.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(rest.len());
            let unit = UNITS.iter().find(|(_, names)| names.contains(&&rest[..letters]))?.0;
            total = total.saturating_add(number * unit);
            if letters == rest.len() {
                return Some(Self::from_secs(total));
            }
            rest = skip_space(&rest[letters..]);
        }
    }

    /// The pattern of all texts that are read as a span.
    pub(super) fn pattern() -> String {
        let names: Vec<_> = UNITS.iter().flat_map(|(_, names)| *names).copied().collect();
        let part = format!("[0-9]{{1,{MOST_DIGITS}}} ?({})", names.join("|"));
        format!("^{part}( ?{part})*$")
    }
}

fn skip_space(text: &str) -> &str {
    text.strip_prefix(' ').unwrap_or(text)
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("not a span"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_what_humantime_reads() {
        for (_, names) in UNITS {
            for name in names {
                for text in [format!("3{name}"), format!("12 {name} 5s"), format!("1h3{name}")] {
                    let expected = humantime::parse_duration(&text).unwrap();
                    let span = Span::parse(&text).unwrap();
                    assert_eq!(span.0, expected, "{text}");
                    assert_eq!(Span::parse(&span.to_string()), Some(span), "{span}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_span_is_none() {
        for text in
            ["", " ", "5", "s", "5ms", "1.5h", "5 s ", " 5s", "5  s", "5s  1m", "-5s", "5s,", "1234567890s", "5S"]
        {
            assert_eq!(Span::parse(text), None, "{text:?}");
        }
        let endless = "999999999y".repeat(1_000_000);
        assert_eq!(Span::parse(&endless), Some(Span::from_secs(u64::MAX)));
    }
}
