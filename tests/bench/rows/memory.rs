//! The bot at rest: how soon it is ready, and what it then holds.

use std::path::Path;
use std::time::Duration;

use talon_sandbox::world::Start;

use crate::figure::{Figure, median};
use crate::rig::{NO_CHANNEL_LIMITS, Rig};
use crate::seed;

/// How often the bot is started again.
const STARTS: usize = 5;

/// A server of ten, without a ticket.
pub fn small(binary: &Path) -> Vec<Figure> {
    let rig = Rig::new(binary, Start { extras: 4, ..Start::default() });
    let [start, memory] = at_rest(rig, "no tickets");
    vec![start.at_most(0.05), memory.at_most(10.0)]
}

/// Two thousand, all in the sandbox's server, in which Discord would not have the room.
pub fn two_thousand(binary: &Path) -> Vec<Figure> {
    let rig = Rig::new(binary, Start { channel_limits: NO_CHANNEL_LIMITS, ..Start::default() });
    seed::open(&rig, 2_000, 0);
    let [start, memory] = at_rest(rig, "2,000 quiet tickets");
    vec![start.at_most(0.1), memory.at_most(14.0)]
}

/// A hundred thousand, nearly all in servers of which nothing is heard.
pub fn hundred_thousand(binary: &Path) -> Vec<Figure> {
    let rig = Rig::new(binary, Start { channel_limits: NO_CHANNEL_LIMITS, ..Start::default() });
    seed::open(&rig, 450, 99_550);
    let [start, memory] = at_rest(rig, "100,000 quiet tickets");
    vec![start.at_most(1.0), memory.at_most(48.0)]
}

/// Two hundred servers, with five hundred members and thirty channels each, of which a bot is told the channels.
pub fn many_servers(binary: &Path) -> Vec<Figure> {
    let rig = Rig::new(binary, Start { extras: 494, neighbours: 199, ..Start::default() });
    rig.discord.fill(None, 30);
    let [start, memory] = at_rest(rig, "200 servers of 500");
    vec![start, memory.at_most(12.0)]
}

/// An ordinary start, with the panel in place from an earlier one; and the memory held some seconds later.
fn at_rest(mut rig: Rig, what: &str) -> [Figure; 2] {
    rig.start();
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        rig.stop();
        starts.push(rig.start().as_secs_f64());
    }
    let memory = rig.memory_at_rest();
    eprintln!("  {what}: {:.1} MiB resident, {:.1} proportional", memory.resident, memory.proportional);
    [
        Figure::seconds(
            format!("start, {what}: on the gateway, panel seen to"),
            Duration::from_secs_f64(median(starts)),
        ),
        Figure::new(format!("memory, {what}"), memory.resident, "MiB"),
    ]
}
