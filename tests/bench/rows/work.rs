//! What a thousand tickets cost, opened and closed in small groups, every save on the disk.

use std::path::Path;

use talon::sandbox::world::Start;

use crate::figure::Figure;
use crate::process;
use crate::rig::{ROOM, Rig};

const TICKETS: usize = 1_000;
/// How many members press at once.
const GROUP: usize = 10;

pub fn thousand(binary: &Path) -> Vec<Figure> {
    let rig = Rig::ready(binary, Start { extras: TICKETS, room: ROOM, ..Start::default() });
    let (bot, sandbox) = (rig.cpu(), process::own_cpu("sandbox"));
    for (number, group) in rig.members().chunks(GROUP).enumerate() {
        let presses: Vec<_> = group.iter().map(|member| rig.press(*member)).collect();
        rig.until_answered(&presses);
        rig.until_open(number * GROUP + group.len());
    }
    let opened = rig.cpu() - bot;
    for group in rig.tickets().chunks(GROUP) {
        let presses: Vec<_> = group.iter().map(|(ticket, owner)| rig.press_close(*owner, *ticket)).collect();
        rig.until_answered(&presses);
    }
    rig.until_closed();
    vec![
        Figure::new("1,000 tickets opened and closed: CPU of the bot", rig.cpu() - bot, "s").at_most(1.0),
        Figure::new("… of which for opening", opened, "s"),
        Figure::new("… CPU of the sandbox meanwhile", process::own_cpu("sandbox") - sandbox, "s"),
    ]
}
