//! `talon tickets`: the tickets there are, from the database, while the bot runs or not.

use std::path::Path;
use std::time::{Duration, SystemTime};

use clap::Args;
use serde_json::{Value, json};

use crate::config::Access;
use crate::ids::GuildId;
use crate::operator::Trouble;
use crate::operator::names::Names;
use crate::store::{Reader, Stage, TicketSummary};

/// What to list.
#[derive(Args)]
pub struct Options {
    /// Only those of this server
    #[arg(long, value_name = "ID")]
    server: Option<GuildId>,
    /// For machines
    #[arg(long)]
    json: bool,
}

/// The tickets as a table, with the names that `access` helps to find out; or as JSON, with ids alone.
pub async fn list(
    database: &Path,
    options: &Options,
    access: Option<&Access>,
    now: SystemTime,
) -> Result<String, Trouble> {
    let mut tickets = Reader::open(database)?.all()?;
    tickets.retain(|ticket| options.server.is_none_or(|server| ticket.owner.guild == server));
    tickets.sort_by_key(|ticket| (ticket.owner.guild, ticket.number));
    if options.json {
        let tickets: Vec<Value> = tickets.iter().map(|ticket| object(ticket, now)).collect();
        return Ok(format!("{:#}\n", Value::Array(tickets)));
    }
    if tickets.is_empty() {
        return Ok("no tickets\n".to_owned());
    }
    let members = tickets.iter().map(|ticket| (ticket.owner.guild, ticket.owner.member)).collect();
    let names = Names::look_up(access, &members).await;
    let head = ["TICKET", "MEMBER", "CHANNEL", "STATE", "AGE", "DEADLINE"].map(str::to_owned);
    let rows: Vec<[String; 6]> =
        std::iter::once(head).chain(tickets.iter().map(|ticket| row(ticket, &names, now))).collect();
    Ok(table(&rows))
}

fn row(ticket: &TicketSummary, names: &Names, now: SystemTime) -> [String; 6] {
    [
        ticket.number.to_string(),
        names.member(ticket.owner.member),
        ticket.stage.channel().map_or_else(|| "-".to_owned(), |channel| names.channel(channel)),
        state(ticket.stage).to_owned(),
        roughly(now.duration_since(ticket.opened).unwrap_or_default()),
        due(ticket.stage).map_or_else(|| "-".to_owned(), |due| deadline(due, now)),
    ]
}

fn object(ticket: &TicketSummary, now: SystemTime) -> Value {
    let time = |at: SystemTime| humantime::format_rfc3339_millis(at).to_string();
    json!({
        "ticket": ticket.number.0,
        // As Discord writes them: they are too large for the numbers of many who read JSON.
        "guild": ticket.owner.guild.to_string(),
        "member": ticket.owner.member.to_string(),
        "channel": ticket.stage.channel().map(|channel| channel.to_string()),
        "state": state(ticket.stage),
        "opened": time(ticket.opened),
        "age_seconds": now.duration_since(ticket.opened).unwrap_or_default().as_secs(),
        "deadline": due(ticket.stage).map(time),
    })
}

const fn state(stage: Stage) -> &'static str {
    match stage {
        Stage::Opening { .. } => "opening",
        Stage::Refused => "refused, not yet told",
        Stage::Open { .. } => "open",
        Stage::Closing { announced: false, .. } => "closing, not yet announced",
        Stage::Closing { announced: true, .. } => "closing",
    }
}

const fn due(stage: Stage) -> Option<SystemTime> {
    match stage {
        Stage::Closing { due, .. } => Some(due),
        Stage::Opening { .. } | Stage::Refused | Stage::Open { .. } => None,
    }
}

fn deadline(due: SystemTime, now: SystemTime) -> String {
    match due.duration_since(now) {
        Ok(rest) => format!("in {}", roughly(rest)),
        Err(past) => format!("{} ago", roughly(past.duration())),
    }
}

/// The two largest units: nobody asks for the seconds of a day-old ticket.
fn roughly(time: Duration) -> String {
    let exact = humantime::format_duration(Duration::from_secs(time.as_secs())).to_string();
    exact.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// Aligned columns, two spaces apart.
pub(super) fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    let line = |row: &[String; COLUMNS]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::TicketNumber;
    use crate::ids::{ChannelId, GuildId, Owner, UserId};

    const NOW: Duration = Duration::from_secs(1_000_000);

    #[test]
    fn a_table_is_aligned_and_says_how_long() {
        let ticket = |number, member, stage, age| TicketSummary {
            unfinished: false,
            owner: Owner { guild: GuildId(1), member: UserId(member) },
            number: TicketNumber(number),
            opened: SystemTime::UNIX_EPOCH + NOW - Duration::from_secs(age),
            stage,
        };
        let (now, channel) = (SystemTime::UNIX_EPOCH + NOW, ChannelId(70));
        let due = now + Duration::from_secs(4);
        let tickets = [
            ticket(8, 11, Stage::Open { channel }, 90_061),
            ticket(9, 12, Stage::Opening { channel: None }, 2),
            ticket(10, 13, Stage::Closing { channel, due, announced: true }, 3_600),
        ];
        let rows: Vec<_> = tickets.iter().map(|ticket| row(ticket, &Names::default(), now)).collect();
        assert_eq!(
            table(&rows),
            "#8   11  70  open     1day 1h  -\n#9   12  -   opening  2s       -\n#10  13  70  closing  1h       in 4s\n"
        );
    }
}
