//! Many members press at once, with nothing limited and within Discord's limits.

use std::path::Path;
use std::time::Duration;

use talon::discord::candidates;
use talon::ids::UserId;
use talon_sandbox::world::{Limits, Start};
use talon_sandbox::{Call, Fault, When};

use crate::figure::{Figure, median, millis};
use crate::rig::{NO_CHANNEL_LIMITS, Press, Rig, wait};
use crate::usage::own_cpu;

const UNLIMITED: usize = 500;
const LIMITED: usize = 100;
const FLOOD: usize = 2_000;
/// How slow Discord is for a flood.
const SLOW: Duration = Duration::from_millis(300);

pub fn unlimited(binary: &Path) -> Vec<Figure> {
    let rig = Rig::ready(binary, Start { extras: UNLIMITED, channel_limits: NO_CHANNEL_LIMITS, ..Start::default() });
    let (bot, sandbox) = (rig.cpu(), own_cpu("sandbox"));
    let begun = rig.discord.now();
    let presses = press_all(&rig);
    rig.until_answered(&presses);
    rig.until_open(UNLIMITED);
    let took = rig.discord.now().duration_since(begun).unwrap_or_default();
    let told = rig.answers(&presses).into_iter().zip(&presses).map(|(answered, press)| press.until(answered.told));
    let told: Vec<f64> = told.map(millis).collect();
    let slowest = told.iter().copied().fold(0.0, f64::max);
    vec![
        Figure::new("500 members at once, nothing limited: tickets in a second", 500.0 / took.as_secs_f64(), ""),
        Figure::new("… member told, median", median(told), "ms"),
        Figure::new("… member told, slowest", slowest, "ms"),
        Figure::new("… CPU of the bot", rig.cpu() - bot, "s").at_most(0.5),
        Figure::new("… CPU of the sandbox meanwhile", own_cpu("sandbox") - sandbox, "s"),
    ]
}

pub fn limited(binary: &Path) -> Vec<Figure> {
    let limits = Some(Limits::default());
    let rig =
        Rig::ready(binary, Start { extras: LIMITED, channel_limits: NO_CHANNEL_LIMITS, limits, ..Start::default() });
    rig.discord.clear_record();
    let presses = press_all(&rig);
    rig.until_open(LIMITED);
    rig.until_answered(&presses);
    let calls = rig.discord.calls();
    let refused = calls.iter().filter(|call| call.status() == Some(429)).count();
    let answers = rig.answers(&presses);
    let slowest = answers.iter().zip(&presses).map(|(answered, press)| press.until(answered.first)).max();
    let made: Vec<&Call> = calls.iter().filter(|call| made_for(call).is_some()).collect();
    let last = made.last().map(|call| presses[0].until(Some(call.at)));
    vec![
        // Ten at once and ten more every ten seconds: the hundredth goes after ninety.
        Figure::seconds("100 members at once, 10 channels in 10 s: last one made", last.unwrap_or(Duration::MAX))
            .at_most(92.0),
        Figure::new("… refused by a limit (429)", percent(refused, calls.len()), "%").at_most(1.0),
        Figure::seconds("… slowest acknowledgement", slowest.unwrap_or_default()).at_most(2.0),
        Figure::count("… never told", answers.iter().filter(|answer| answer.told.is_none()).count()).at_most(0.0),
        Figure::count("… served before somebody who pressed earlier", overtakers(&made, &presses)).at_most(0.0),
    ]
}

/// Each call under way takes a socket where Discord is spoken to without TLS, and a process has about 1,000.
pub fn flood(binary: &Path) -> Vec<Figure> {
    let rig = Rig::ready(binary, Start { extras: FLOOD, channel_limits: NO_CHANNEL_LIMITS, ..Start::default() });
    rig.discord.fault(Fault::slow("*", When::Before, SLOW).always());
    let presses = press_all(&rig);
    let mut files = 0;
    wait("the presses are answered", || {
        files = files.max(rig.bot.open_files());
        let now = rig.discord.now();
        rig.discord.look(|world| presses.iter().all(|press| world.is_settled(now, press.id)))
    });
    rig.until_open(FLOOD);
    let answers = rig.answers(&presses);
    vec![
        Figure::count("2,000 members at once, 300 ms a call: most files open", files).at_most(1_000.0),
        Figure::count("… not answered in time", answers.iter().filter(|answer| answer.first.is_none()).count()),
    ]
}

fn press_all(rig: &Rig) -> Vec<Press> {
    rig.members().into_iter().map(|member| rig.press(member)).collect()
}

fn percent(part: usize, whole: usize) -> f64 {
    let of = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    100.0 * of(part) / of(whole)
}

/// For whom this call made a channel, if it did.
fn made_for(call: &Call) -> Option<UserId> {
    let topic = call.body.as_ref().filter(|_| call.status() == Some(201))?["topic"].as_str()?;
    candidates::parse_topic_marker(topic).map(|(member, _)| member)
}

/// How many channels were made right before one for somebody who had pressed earlier.
fn overtakers(made: &[&Call], presses: &[Press]) -> usize {
    let place =
        |call: &&Call| presses.iter().position(|press| Some(press.who.get()) == made_for(call).map(|who| who.0));
    let places: Vec<_> = made.iter().map(place).collect();
    places.windows(2).filter(|pair| pair[0] > pair[1]).count()
}
