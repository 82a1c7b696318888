//! The rows of the table: what is done, what is measured, and what it should be at most.

mod closing;
mod crowd;
mod hostile;
mod memory;
mod micro;
mod opening;
mod size;
mod work;

use std::path::Path;

use crate::figure::Figure;

/// Some figures that are measured together.
pub struct Row {
    /// By what name it is asked for.
    pub name: &'static str,
    /// It takes minutes, and so is measured once and not in a hurry.
    pub slow: bool,
    /// It is about the bot as a process; the others are about this build's own parts.
    pub of_binary: bool,
    /// Measures it on this binary.
    pub measure: fn(&Path) -> Vec<Figure>,
}

/// All rows, in the order of the table.
pub const ROWS: [Row; 15] = [
    quick("opening", opening::one),
    quick("closing", closing::one),
    slow("closing-crowd", closing::crowd),
    quick("work", work::thousand),
    slow("pace", work::paced),
    slow("remains", work::remains),
    quick("crowd", crowd::unlimited),
    slow("limits", crowd::limited),
    slow("flood", crowd::flood),
    quick("start", memory::small),
    quick("start-2000", memory::two_thousand),
    slow("start-100000", memory::hundred_thousand),
    slow("servers", memory::many_servers),
    slow("hostile", hostile::one),
    Row { of_binary: false, ..slow("size", size::without_sandbox) },
];

/// The same for parts of the bot.
pub const PARTS: Row = Row { of_binary: false, ..quick("parts", micro::parts) };

const fn quick(name: &'static str, measure: fn(&Path) -> Vec<Figure>) -> Row {
    Row { name, slow: false, of_binary: true, measure }
}

const fn slow(name: &'static str, measure: fn(&Path) -> Vec<Figure>) -> Row {
    Row { slow: true, ..quick(name, measure) }
}
