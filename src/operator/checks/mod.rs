//! What the doctor knows: from facts to findings, without looking at anything.
//!
//! Each check is a row, and each judges one thing alone, so that one thing taken away is one finding. What hangs on
//! something that is itself amiss is told as unknown, and not as wrong once more.

mod access;
mod machine;
mod rooms;
#[cfg(test)]
mod tests;

use crate::discord::{Diagnostics, HomeGuild, LookupFailure};
use crate::lifecycle::Permission;
use crate::operator::facts::Facts;
use crate::operator::finding::{Finding, Verdict};

/// A line of the report, and how it is come by.
struct Check {
    name: &'static str,
    title: &'static str,
    judge: fn(&Facts) -> Verdict,
}

const fn check(name: &'static str, title: &'static str, judge: fn(&Facts) -> Verdict) -> Check {
    Check { name, title, judge }
}

/// All of them, in the order in which they are best set right.
const CHECKS: [Check; 29] = [
    check("discord", "Discord", access::discord),
    check("token", "Token", access::token),
    check("session_starts", "Gateway sessions", access::session_starts),
    check("message_content", "Message content intent", access::message_content),
    check("server", "Server", access::server),
    check("commands", "Slash commands", access::commands),
    check("panel_channel", "Panel channel", rooms::panel_channel),
    check("category", "Category", rooms::category),
    check("support_role", "Support role", rooms::support_role),
    check("time_out", "Time-out", access::time_out),
    check("view_channels", "View Channels", |facts| access::right(facts, Permission::ViewChannel)),
    check("manage_channels", "Manage Channels", |facts| access::right(facts, Permission::ManageChannels)),
    check("send_messages", "Send Messages", |facts| access::right(facts, Permission::SendMessages)),
    check("embed_links", "Embed Links", |facts| access::right(facts, Permission::EmbedLinks)),
    check("attach_files", "Attach Files", |facts| access::right(facts, Permission::AttachFiles)),
    check("read_message_history", "Read Message History", |facts| access::right(facts, Permission::ReadMessageHistory)),
    check("manage_messages", "Manage Messages", |facts| access::right(facts, Permission::ManageMessages)),
    check("support_mention", "Notifying the support", access::support_mention),
    check("administrator", "Administrator", access::administrator),
    check("two_factor", "Two-factor", access::two_factor),
    check("category_room", "Room in the category", rooms::category_room),
    check("server_room", "Room in the server", rooms::server_room),
    check("panel_file", "Panel file", machine::panel_file),
    check("database", "Database", machine::database),
    check("database_integrity", "Database integrity", machine::integrity),
    check("stored_settings", "Stored settings", machine::stored_settings),
    check("one_process", "One process", machine::one_process),
    check("disk_space", "Disk space", machine::disk_space),
    check("clock", "Clock", machine::clock),
];

/// The whole report.
pub fn examine(facts: &Facts) -> Vec<Finding> {
    let finding = |check: &Check| {
        let Verdict { status, found, remedy } = (check.judge)(facts);
        Finding { check: check.name, title: check.title, status, found, remedy }
    };
    CHECKS.iter().map(finding).collect()
}

/// What may go while the bot runs, and stops it when it is gone: the bot's server, and what it needs there.
const SETUP: [&str; 13] = [
    "server",
    "panel_channel",
    "category",
    "support_role",
    "time_out",
    "view_channels",
    "manage_channels",
    "send_messages",
    "embed_links",
    "attach_files",
    "read_message_history",
    "manage_messages",
    "support_mention",
];

/// The part of the report that changes with what people do in the server.
pub fn examine_setup(facts: &Facts) -> Vec<Finding> {
    examine(facts).into_iter().filter(|finding| SETUP.contains(&finding.check)).collect()
}

/// Judges what Discord tells.
fn diagnostics(facts: &Facts, judge: impl FnOnce(&Diagnostics) -> Verdict) -> Verdict {
    facts.discord.as_ref().map_or_else(|_| unknown("Discord has told nothing"), judge)
}

/// Judges what is in the server.
fn home(facts: &Facts, judge: impl FnOnce(&HomeGuild, &Diagnostics) -> Verdict) -> Verdict {
    diagnostics(facts, |diagnostics| match &diagnostics.home {
        Ok(home) => judge(home, diagnostics),
        Err(_) => unknown("there is no server to look at"),
    })
}

/// It hangs on something that is itself amiss; what to do about that is told where it stands.
fn unknown(why: &str) -> Verdict {
    Verdict::depends(format!("not checked: {why}"))
}

/// Discord has told other things, but not this. Whatever has the same cause shares a line.
fn untold(why: &LookupFailure) -> Verdict {
    Verdict::unchecked(format!("not checked: {why}"), "ask `talon doctor` again in a moment")
}
