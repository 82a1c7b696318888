//! One member opens one ticket, with Discord 50 ms away.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use talon_sandbox::world::Start;
use talon_sandbox::{Fault, When};

use crate::figure::{Figure, median, millis};
use crate::rig::{Rig, longest_chain};

/// A call takes effect half-way.
const HALF_WAY: Duration = Duration::from_millis(25);
/// How many members do it, one after the other.
const MEMBERS: usize = 10;

pub fn one(binary: &Path) -> Vec<Figure> {
    let rig = Rig::ready(binary, Start { extras: MEMBERS, ..Start::default() });
    for side in [When::Before, When::After] {
        rig.discord.fault(Fault::slow("*", side, HALF_WAY).always());
    }
    let (mut counts, mut chains, mut told) = (Vec::new(), Vec::new(), Vec::new());
    for (number, member) in rig.members().into_iter().enumerate() {
        rig.discord.clear_record();
        let press = rig.press(member);
        rig.until_answered(&[press]);
        rig.until_open(number + 1);
        // Whatever else is asked for this ticket comes now, and the calls under way end.
        sleep(8 * HALF_WAY);
        let calls = rig.discord.calls();
        counts.push(calls.len());
        chains.push(longest_chain(&calls));
        told.push(millis(press.until(rig.answers(&[press])[0].told) + HALF_WAY));
    }
    let most = |counts: Vec<usize>| counts.into_iter().max().unwrap_or(0);
    vec![
        Figure::count("opening: calls", most(counts)).at_most(3.0),
        Figure::count("opening: longest chain of calls", most(chains)).at_most(2.0),
        Figure::new("opening at 50 ms a call: member told", median(told), "ms").at_most(95.0),
    ]
}
