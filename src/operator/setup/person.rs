//! The person at the terminal, or what was piped in for one.
//!
//! Lines are read by a thread of its own, which nobody waits for: so a question can be dropped while it is asked, and
//! Ctrl-C ends the program at once, with the terminal as it was.

use std::io::{self, BufRead, IsTerminal, Stdout, Write};
use std::thread;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::operator::setup::Stop;
use crate::operator::terminal::fit_terminal;
use crate::platform::HiddenInput;

/// Whoever answers.
pub struct Person {
    lines: UnboundedReceiver<String>,
    out: Stdout,
}

impl Person {
    /// Whoever is at the other end of the standard input.
    pub fn new() -> Self {
        let (send, lines) = unbounded_channel();
        let listener = thread::Builder::new().name("stdin".to_owned()).spawn(move || {
            let mut line = Vec::new();
            // Nothing more to come, and nothing that can be read, are the same: nobody is there any more.
            while matches!(io::stdin().lock().read_until(b'\n', &mut line), Ok(length) if length > 0) {
                let text = String::from_utf8_lossy(&line).trim().to_owned();
                line.clear();
                if send.send(text).is_err() {
                    break;
                }
            }
        });
        // Without a thread nobody is heard, as if nobody were there.
        drop(listener);
        Self { lines, out: io::stdout() }
    }

    /// Tells something, in a line of its own.
    pub fn say(&mut self, text: &str) {
        // Where nobody reads what is printed, nobody minds that it is not.
        let _ = writeln!(self.out, "{}", fit_terminal(text));
    }

    /// Asks something; the answer is a line.
    pub async fn ask(&mut self, question: &str) -> Result<String, Stop> {
        let _ = write!(self.out, "{} ", fit_terminal(question)).and_then(|()| self.out.flush());
        let answer = self.lines.recv().await;
        if !io::stdin().is_terminal() {
            // No Enter was seen, so the next words would stand in the same line.
            self.say("");
        }
        answer.ok_or(Stop::Stopped)
    }

    /// Asks something whose answer must not be seen.
    pub async fn ask_hidden(&mut self, question: &str) -> Result<String, Stop> {
        let hidden = HiddenInput::begin();
        if hidden.is_none() && io::stdin().is_terminal() {
            self.say("This terminal shows what you type: see that nobody looks on, and clear it afterwards.");
        }
        self.ask(question).await
    }

    /// Asks for a yes or a no; just Enter is a yes.
    pub async fn agrees(&mut self, question: &str) -> Result<bool, Stop> {
        self.decides(&format!("{question} [Y/n]"), true).await
    }

    /// The same where a yes is unusual; just Enter is a no.
    pub async fn insists(&mut self, question: &str) -> Result<bool, Stop> {
        self.decides(&format!("{question} [y/N]"), false).await
    }

    async fn decides(&mut self, question: &str, usual: bool) -> Result<bool, Stop> {
        loop {
            match self.ask(question).await?.to_lowercase().as_str() {
                "" => return Ok(usual),
                "y" | "yes" => return Ok(true),
                "n" | "no" => return Ok(false),
                _ => self.say("Please answer y or n."),
            }
        }
    }
}
