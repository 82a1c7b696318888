//! What a thousand tickets cost, opened and closed in small groups, every save on the disk; and what they leave behind.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use talon_sandbox::world::{Limits, Rate, Start};

use crate::figure::Figure;
use crate::rig::{NO_CHANNEL_LIMITS, Rig};
use crate::usage::own_cpu;

const TICKETS: usize = 1_000;
/// How many members press at once.
const GROUP: usize = 10;
/// The bot tidies up once a minute. Nothing outside shows that it has, but what is measured then.
const TIDIED: Duration = Duration::from_secs(75);

pub fn thousand(binary: &Path) -> Vec<Figure> {
    let rig = ready(binary);
    let (bot, sandbox) = (rig.cpu(), own_cpu("sandbox"));
    let opened = open_and_close(&rig) - bot;
    vec![
        Figure::new("1,000 tickets opened and closed: CPU of the bot", rig.cpu() - bot, "s").at_most(1.0),
        Figure::new("… of which for opening", opened, "s"),
        Figure::new("… CPU of the sandbox meanwhile", own_cpu("sandbox") - sandbox, "s"),
    ]
}

/// The same at Discord's own pace, where all ask at once: 50 calls a second and no other limit, so that most presses are
/// deferred and wait in the line.
pub fn paced(binary: &Path) -> Vec<Figure> {
    let free = Rate::new(1_000_000, Duration::from_secs(1));
    let limits = Limits { create_channel: free, change_channel: free, write: free, other: free, ..Limits::default() };
    let rig = Rig::ready(
        binary,
        Start { extras: TICKETS, channel_limits: NO_CHANNEL_LIMITS, limits: Some(limits), ..Start::default() },
    );
    let before = rig.cpu();
    let presses: Vec<_> = rig.members().into_iter().map(|member| rig.press(member)).collect();
    rig.until_answered(&presses);
    rig.until_open(TICKETS);
    let opened = rig.cpu() - before;
    let presses: Vec<_> = rig.tickets().into_iter().map(|(ticket, owner)| rig.press_close(owner, ticket)).collect();
    rig.until_answered(&presses);
    rig.until_closed();
    vec![
        Figure::new("1,000 tickets at 50 calls a second: CPU of the bot", rig.cpu() - before, "s").at_most(1.0),
        Figure::new("… of which for opening", opened, "s"),
    ]
}

/// What is left of them.
pub fn remains(binary: &Path) -> Vec<Figure> {
    let rig = ready(binary);
    let before = rig.memory_at_rest().resident;
    let after = || {
        open_and_close(&rig);
        sleep(TIDIED);
        rig.bot.memory().resident
    };
    vec![
        Figure::new("memory before 1,000 tickets", before, "MiB"),
        Figure::new("… a minute after they were opened and closed", after(), "MiB"),
        Figure::new("… and after as many again", after(), "MiB"),
    ]
}

fn ready(binary: &Path) -> Rig {
    Rig::ready(binary, Start { extras: TICKETS, channel_limits: NO_CHANNEL_LIMITS, ..Start::default() })
}

/// Tells what the bot had spent on a processor when all were open.
fn open_and_close(rig: &Rig) -> f64 {
    for (number, group) in rig.members().chunks(GROUP).enumerate() {
        let presses: Vec<_> = group.iter().map(|member| rig.press(*member)).collect();
        rig.until_answered(&presses);
        rig.until_open(number * GROUP + group.len());
    }
    let opened = rig.cpu();
    for group in rig.tickets().chunks(GROUP) {
        let presses: Vec<_> = group.iter().map(|(ticket, owner)| rig.press_close(*owner, *ticket)).collect();
        rig.until_answered(&presses);
    }
    rig.until_closed();
    opened
}
