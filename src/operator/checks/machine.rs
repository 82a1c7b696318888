//! What is on this machine: two files, the disk, the clock.

use std::time::Duration;

use crate::discord::ClockSkew;
use crate::operator::checks::{diagnostics, unknown};
use crate::operator::facts::{Facts, StoredSettings};
use crate::operator::finding::Verdict;
use crate::store::panel::NoPanel;
use crate::store::{OpenError, OpenErrorKind, StoreError};

/// With less free space the next tickets may not be saved; with little more it is time to make some.
const NO_SPACE: u64 = 10 << 20;
const LITTLE_SPACE: u64 = 100 << 20;

/// Another process that was seen within this time may still be there.
const LATELY: Duration = Duration::from_secs(60 * 60);

/// A clock that is wrong will be set right some day, and every deadline moves with it.
const WRONG: Duration = Duration::from_secs(60);
const ODD: Duration = Duration::from_secs(5);

pub(super) fn panel_file(facts: &Facts) -> Verdict {
    let file = &facts.disk.panel;
    let path = file.path.display();
    match (&file.said, &file.writable) {
        (Err(NoPanel::Unreadable(why)), _) => {
            Verdict::error(format!("{path} cannot be read: {why}"), "let the bot's user read and write it")
        }
        (_, Err(why)) => Verdict::error(
            format!("{path} cannot be written: {why}"),
            "let the bot's user write in its folder, or point TICKET_MESSAGE_FILE elsewhere",
        ),
        (Ok(message), Ok(())) => Verdict::ok(format!("{path} names message {message}")),
        (Err(NoPanel::NoFile), Ok(())) => Verdict::ok(format!("{path} will be made with the panel")),
        (Err(why @ (NoPanel::Broken(_) | NoPanel::NoId)), Ok(())) => Verdict::warning(
            format!("{path} is as good as none: {why}"),
            "nothing has to be done: the bot sends the panel anew",
        ),
    }
}

pub(super) fn database(facts: &Facts) -> Verdict {
    let database = &facts.disk.database;
    let path = database.path.display();
    let unwritable = |why: &std::io::Error| {
        let found = format!("{path} cannot be written: {why}");
        Verdict::error(found, "let the bot's user write it and its folder, or point DATABASE_URL elsewhere")
    };
    match (&database.state, &database.writable) {
        (Err(why), _) if !database.is_missing() => refused(why),
        (_, Err(why)) => unwritable(why),
        (Err(_), Ok(())) => Verdict::ok(format!("{path} will be made at the first start")),
        (Ok(contents), Ok(())) => match &contents.tickets {
            Ok((version, 1)) => Verdict::ok(format!("{path}, version {version}, with 1 ticket")),
            Ok((version, tickets)) => Verdict::ok(format!("{path}, version {version}, with {tickets} tickets")),
            Err(why) => unreadable(why),
        },
    }
}

/// What stands in the way of opening it says itself what to do.
fn refused(why: &OpenError) -> Verdict {
    let told = why.to_string();
    let (found, remedy) = told.rsplit_once(": ").unwrap_or((&told, RESTORE));
    match why.obstacle {
        OpenErrorKind::Older { .. } => Verdict::warning(found, remedy),
        _ => Verdict::error(found, remedy),
    }
}

const RESTORE: &str = "stop the bot, and restore a backup";

fn unreadable(why: &StoreError) -> Verdict {
    Verdict::error(format!("cannot be read: {why}"), RESTORE)
}

/// A stored document rules its server; variables that say otherwise look as if they counted.
pub(super) fn stored_settings(facts: &Facts) -> Verdict {
    let database = &facts.disk.database;
    let stored = match &database.state {
        Err(_) if database.is_missing() => return Verdict::ok("none: the environment decides"),
        Err(_) => return unknown("the database cannot be opened"),
        Ok(contents) => match &contents.settings {
            Err(why) => return unreadable(why),
            Ok(stored) => stored,
        },
    };
    // Of several servers the home server is the one that the variables are about.
    let home = facts.discord.as_ref().ok().and_then(|discord| discord.home.as_ref().ok());
    let found = match (home, &**stored) {
        (Some(home), stored) => stored.iter().find(|stored| stored.guild == home.guild.id),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let Some(StoredSettings { revision, overruled, .. }) = found else {
        return Verdict::ok("none: the environment decides");
    };
    match overruled {
        Err(why) => Verdict::error(
            format!("revision {revision} cannot be read: {why}"),
            "run `talon settings undo`, or import a document",
        ),
        Ok(overruled) if overruled.is_empty() => {
            Verdict::ok(format!("revision {revision}, which agrees with the environment"))
        }
        Ok(overruled) => {
            let told: Vec<_> = overruled.iter().map(|(variable, path)| format!("{variable} ({path})")).collect();
            Verdict::warning(
                format!("revision {revision} differs from the environment: {}", told.join(", ")),
                "the stored document counts: correct the variables, or run `talon settings reset` to let them decide",
            )
        }
    }
}

pub(super) fn integrity(facts: &Facts) -> Verdict {
    let database = &facts.disk.database;
    match &database.state {
        Err(_) if database.is_missing() => Verdict::ok("nothing to be damaged yet"),
        Err(_) => unknown("the database cannot be opened"),
        Ok(contents) => match &contents.damage {
            Err(why) => unreadable(why),
            Ok(damage) => match damage.first() {
                None => Verdict::ok("undamaged"),
                Some(first) => Verdict::error(format!("damaged in {} places: {first}", damage.len()), RESTORE),
            },
        },
    }
}

pub(super) fn one_process(facts: &Facts) -> Verdict {
    let database = &facts.disk.database;
    match &database.state {
        Err(_) if database.is_missing() => Verdict::ok("no other one has been seen"),
        Err(_) => unknown("the database cannot be opened"),
        Ok(contents) => match &contents.another_process {
            Err(why) => unreadable(why),
            Ok(Some(age)) if *age < LATELY => Verdict::warning(
                format!("another process used the bot's token {} minutes ago", age.as_secs() / 60),
                "stop one of the two: look for a forgotten host or container. If it cannot be found, reset the token in the \
                 Developer Portal (Bot, Reset Token)",
            ),
            Ok(_) => Verdict::ok("no other one has been seen lately"),
        },
    }
}

pub(super) fn disk_space(facts: &Facts) -> Verdict {
    let free = match &facts.disk.free {
        Ok(free) => *free,
        Err(why) => {
            return Verdict::unchecked(format!("not checked: {why}"), "see that the folder of the database is there");
        }
    };
    let found = format!("{} MB free", free >> 20);
    let remedy = "make room where the database is";
    match free {
        free if free < NO_SPACE => Verdict::error(found + ": tickets may not be saved", remedy),
        free if free < LITTLE_SPACE => Verdict::warning(found, remedy),
        _ => Verdict::ok(found),
    }
}

pub(super) fn clock(facts: &Facts) -> Verdict {
    diagnostics(facts, |diagnostics| {
        let (by, way) = match diagnostics.clock {
            ClockSkew::Ahead(by) => (by, "fast"),
            ClockSkew::Behind(by) => (by, "slow"),
            ClockSkew::Unknown => {
                return Verdict::unchecked("not checked: Discord did not tell the time", "look at a clock");
            }
        };
        let found = format!("{} s {way}", by.as_secs());
        let remedy = "let the machine's clock be set by the network: timedatectl set-ntp true";
        match by {
            by if by > WRONG => Verdict::error(found, remedy),
            by if by > ODD => Verdict::warning(found, remedy),
            _ => Verdict::ok("agrees with Discord's"),
        }
    })
}
