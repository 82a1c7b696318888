//! Tickets are closed, one by itself and thousands within one second.

use std::collections::HashMap;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use talon::ids::{GuildId, Owner, UserId};
use talon::lifecycle::State;
use talon::store::Reader;
use talon_sandbox::Call;
use talon_sandbox::world::Start;

use crate::figure::{Figure, median, millis};
use crate::rig::{NO_CHANNEL_LIMITS, Press, Rig, wait};
use crate::seed;

/// How many tickets are closed one after the other.
const TICKETS: usize = 5;
/// How many fall due within one second.
const CROWD: u64 = 5_000;
/// How long the bot has to start before the first of them falls due.
const HEAD_START: Duration = Duration::from_secs(8);

pub fn one(binary: &Path) -> Vec<Figure> {
    let rig = Rig::ready(binary, Start { extras: TICKETS, ..Start::default() });
    let (mut counts, mut late) = (Vec::new(), Vec::new());
    for member in rig.members() {
        rig.until_answered(&[rig.press(member)]);
        rig.until_open(1);
        sleep(Duration::from_millis(50));
        rig.discord.clear_record();
        let press = rig.press_close(member, rig.tickets()[0].0);
        rig.until_answered(&[press]);
        let due = due(&rig, press);
        rig.until_closed();
        sleep(Duration::from_millis(50));
        let calls = rig.discord.calls();
        counts.push(calls.len());
        late.extend(calls.iter().filter(|call| call.method == "DELETE").map(|call| lateness(call, due)));
    }
    let most = counts.into_iter().max().unwrap_or(0);
    vec![
        Figure::count("closing by button: calls", most).at_most(2.0),
        Figure::new("closing: deletion after the due time", median(late), "ms").at_most(20.0),
    ]
}

fn due(rig: &Rig, press: Press) -> SystemTime {
    let rows = Reader::open(&rig.database()).expect("the database can be read");
    let owner = Owner { guild: GuildId(rig.discord.ids().guild.get()), member: UserId(press.who.get()) };
    match rows.ticket(owner).expect("the row can be read").state {
        State::Closing(closing) => closing.due,
        other => panic!("the ticket is not being closed: {other:?}"),
    }
}

fn lateness(call: &Call, due: SystemTime) -> f64 {
    millis(call.at.duration_since(due).unwrap_or_default())
}

pub fn crowd(binary: &Path) -> Vec<Figure> {
    let mut rig = Rig::new(binary, Start { channel_limits: NO_CHANNEL_LIMITS, ..Start::default() });
    let first = rig.discord.now() + HEAD_START;
    let due = seed::closing(&rig, CROWD, |number| first + Duration::from_secs(1) * u32_of(number) / u32_of(CROWD));
    rig.start();
    assert!(rig.discord.now() < first, "the bot was not ready in time");
    let cpu = rig.cpu();
    wait("all are closed", || rig.tickets().is_empty());
    let cpu = rig.cpu() - cpu;
    let due: HashMap<String, SystemTime> =
        due.into_iter().map(|(channel, due)| (format!("/channels/{channel}"), due)).collect();
    let calls = rig.discord.calls();
    let deletions = calls.iter().filter(|call| call.method == "DELETE");
    let mut late: Vec<f64> = deletions.filter_map(|call| due.get(&call.path).map(|due| lateness(call, *due))).collect();
    late.sort_by(f64::total_cmp);
    let worst = late.last().copied().unwrap_or(f64::NAN);
    vec![
        Figure::new("5,000 closings due within 1 s: deletion late, median", median(late), "ms").at_most(20.0),
        Figure::new("5,000 closings due within 1 s: deletion late, slowest", worst, "ms"),
        Figure::new("5,000 closings due within 1 s: CPU of the bot", cpu, "s"),
    ]
}

fn u32_of(number: u64) -> u32 {
    u32::try_from(number).expect("a small number")
}
