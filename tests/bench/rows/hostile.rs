//! One member presses fifty times a second; what do the others notice, and what does it cost?

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::Duration;

use talon_sandbox::Call;
use talon_sandbox::world::{Snowflake, Start};

use crate::figure::{Figure, median, millis};
use crate::rig::{NO_CHANNEL_LIMITS, Rig};

/// How many others ask for a ticket, without the hostile one and then beside it.
const OTHERS: usize = 40;
/// How long it is from one of them to the next.
const PAUSE: Duration = Duration::from_millis(250);
const FIFTY_A_SECOND: Duration = Duration::from_millis(20);

pub fn one(binary: &Path) -> Vec<Figure> {
    let rig =
        Rig::ready(binary, Start { extras: 2 * OTHERS + 1, channel_limits: NO_CHANNEL_LIMITS, ..Start::default() });
    let members = rig.members();
    let (alone, beside) = members[1..].split_at(OTHERS);
    let alone = wait_of(&rig, alone);
    let before = rig.bot.memory();
    let (over, others) = (AtomicBool::new(false), rig.discord.clone());
    rig.discord.clear_record();
    let beside = scope(|scope| {
        scope.spawn(|| press_on(&others, members[0], &over));
        let beside = wait_of(&rig, beside);
        over.store(true, Ordering::Relaxed);
        beside
    });
    let after = rig.memory_at_rest();
    let refused = |call: &&Call| call.status().is_some_and(|status| (400..500).contains(&status));
    vec![
        Figure::new("a member presses 50 times a second: others told, without it", alone, "ms"),
        Figure::new("… others told, beside it", beside, "ms").at_most(2.0 * alone + 5.0),
        Figure::new("… memory more than before", after.resident - before.resident, "MiB").at_most(4.0),
        Figure::count("… calls refused by Discord", rig.discord.calls().iter().filter(refused).count()).at_most(10.0),
    ]
}

/// The median time until these are told, who ask one after the other.
fn wait_of(rig: &Rig, members: &[Snowflake]) -> f64 {
    let mut presses = Vec::new();
    for member in members {
        presses.push(rig.press(*member));
        sleep(PAUSE);
    }
    rig.until_answered(&presses);
    let answers = rig.answers(&presses);
    median(answers.iter().zip(&presses).map(|(answered, press)| millis(press.until(answered.told))).collect())
}

fn press_on(discord: &talon_sandbox::Sandbox, who: Snowflake, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        let panel = discord.ids().panel;
        discord.press(who, panel, "create_ticket_button").expect("the button can be pressed");
        sleep(FIFTY_A_SECOND);
    }
}
