//! What happened, in order, for whoever has to understand a seed that failed.

use std::time::SystemTime;

/// Lines with their times; none while nobody wants to read them, since most seeds are good.
pub struct Trace {
    begun: SystemTime,
    lines: Option<Vec<String>>,
}

impl Trace {
    pub fn new(begun: SystemTime, wanted: bool) -> Self {
        Self { begun, lines: wanted.then(Vec::new) }
    }

    pub fn is_wanted(&self) -> bool {
        self.lines.is_some()
    }

    pub fn tell(&mut self, now: SystemTime, line: &str) {
        if let Some(lines) = &mut self.lines {
            let since = now.duration_since(self.begun).unwrap_or_default();
            lines.push(format!("{:>9.3}  {line}", since.as_secs_f64()));
        }
    }

    pub fn text(&self) -> String {
        self.lines.iter().flatten().fold(String::new(), |text, line| text + line + "\n")
    }
}
