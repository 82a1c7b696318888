//! What was measured, beside what it should be.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

/// One figure.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Of what; the same words in every run.
    pub what: String,
    /// How much.
    pub value: f64,
    /// Of which unit; empty for a count.
    pub unit: &'static str,
    /// How much it may be.
    pub target: Option<f64>,
}

impl Figure {
    /// A figure without a target.
    pub fn new(what: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { what: what.into(), value, unit, target: None }
    }

    /// A number of things.
    pub fn count(what: impl Into<String>, count: usize) -> Self {
        Self::new(what, f64::from(u32::try_from(count).unwrap_or(u32::MAX)), "")
    }

    /// A time, in seconds.
    pub fn seconds(what: impl Into<String>, time: Duration) -> Self {
        Self::new(what, time.as_secs_f64(), "s")
    }

    /// It should not be more than this.
    pub fn at_most(self, target: f64) -> Self {
        Self { target: Some(target), ..self }
    }

    fn verdict(&self) -> Option<bool> {
        self.target.map(|target| self.value <= target)
    }

    /// For machines.
    pub fn json(&self) -> Value {
        json!({ "what": self.what, "value": self.value, "unit": self.unit, "at_most": self.target,
            "holds": self.verdict() })
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = self.verdict().map_or("", |holds| if holds { "✓" } else { "✗" });
        let target = self.target.map(|target| format!("≤ {}", amount(target, self.unit))).unwrap_or_default();
        write!(f, "| {:<64} | {:>10} | {target:>10} | {mark:<1} |", self.what, amount(self.value, self.unit))
    }
}

/// Runs of the same figures, each one's median in place of all.
pub fn medians(runs: &[Vec<Figure>]) -> Vec<Figure> {
    let all = || runs.iter().flatten();
    let first = runs.first().into_iter().flatten();
    first
        .map(|figure| {
            let values = all().filter(|other| other.what == figure.what).map(|other| other.value).collect();
            Figure { value: median(values), ..figure.clone() }
        })
        .collect()
}

/// The middle one, or what lies between the two in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match (values.len(), values.len() / 2) {
        (0, _) => f64::NAN,
        (count, half) if count % 2 == 0 => f64::midpoint(values[half - 1], values[half]),
        (_, half) => values[half],
    }
}

/// A time as a number of milliseconds.
pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// A number with as many digits as tell something.
pub fn amount(value: f64, unit: &str) -> String {
    let digits = match value.abs() {
        _ if value.fract() == 0.0 => 0,
        large if large >= 100.0 => 0,
        middle if middle >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.digits$} {unit}").trim_end().to_owned()
}
