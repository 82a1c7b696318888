//! Which tickets are taken over, and why each of the others is not: the files compared with the database.

use std::fmt;

use crate::ids::{ChannelId, GuildId, TicketId, TicketNumber, UserId};
use crate::operator::import::source::{BotExport, Content, Entry, OpenTicket, Place};
use crate::store::Occupied;

/// What an import does.
#[derive(Debug)]
pub struct Plan {
    /// The tickets that are taken over.
    pub adopted: Vec<Adoption>,
    /// The entries that are not.
    pub skipped: Vec<Skipped>,
    /// The highest number that is not given any more.
    pub last: TicketId,
}

/// A ticket that is taken over.
#[derive(Debug)]
pub struct Adoption {
    /// Its number.
    pub number: TicketNumber,
    /// The member whose ticket it is.
    pub member: UserId,
    /// Its channel.
    pub channel: ChannelId,
    /// What the other bot calls its type.
    pub ticket_type: Option<String>,
}

/// An entry that is not taken over.
#[derive(Debug)]
pub struct Skipped {
    /// Where it stands.
    pub place: Place,
    /// The channel, as far as it is readable.
    pub channel: Option<ChannelId>,
    /// Why.
    pub reason: SkipReason,
}

/// Why an entry is not taken over.
#[derive(Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// It is closed.
    Closed(Option<TicketNumber>),
    /// It belongs to another server than the chosen one.
    OtherServer(GuildId),
    /// Its channel is a ticket in the database already.
    ChannelTaken(TicketId),
    /// Its channel was a ticket in the database, and has been closed since.
    ClosedSince,
    /// The member has another ticket, which has this number.
    SecondTicket(UserId, TicketNumber),
    /// Another ticket has or had its number.
    NumberTaken(TicketNumber),
    /// It cannot be understood.
    Broken(Vec<String>),
}

impl SkipReason {
    /// Whether an open ticket stays behind, of which somebody must take care.
    pub const fn leaves_open_ticket(&self) -> bool {
        match self {
            Self::SecondTicket(..) | Self::NumberTaken(_) | Self::Broken(_) => true,
            Self::Closed(_) | Self::OtherServer(_) | Self::ChannelTaken(_) | Self::ClosedSince => false,
        }
    }

    /// Its name in the JSON of the report.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Closed(_) => "closed",
            Self::OtherServer(_) => "other_server",
            Self::ChannelTaken(_) => "channel_taken",
            Self::ClosedSince => "closed_since",
            Self::SecondTicket(..) => "second_ticket",
            Self::NumberTaken(_) => "number_taken",
            Self::Broken(_) => "broken",
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(None) => f.write_str("it is closed"),
            Self::Closed(Some(number)) => write!(f, "{number} is closed"),
            Self::OtherServer(server) => write!(f, "it belongs to the server {server}"),
            Self::ChannelTaken(TicketId { guild, number }) => {
                write!(f, "its channel is the ticket {number} of the server {guild} already")
            }
            Self::ClosedSince => f.write_str("talon had this ticket, and it has been closed since"),
            Self::SecondTicket(member, number) => {
                write!(
                    f,
                    "the member {member} has the ticket {number}, and a member has at most one: close this one by hand"
                )
            }
            Self::NumberTaken(number) => write!(
                f,
                "another ticket has or had the number {number}: close this one by hand, or import into a new database"
            ),
            Self::Broken(mistakes) => f.write_str(&mistakes.join("; ")),
        }
    }
}

/// Which server is meant: the chosen one, or else the only one there is.
pub fn find_server(source: &BotExport, chosen: Option<GuildId>) -> Result<GuildId, String> {
    if let Some(server) = chosen {
        return Ok(server);
    }
    let mut servers: Vec<GuildId> = source.entries.iter().filter_map(|entry| entry.server).collect();
    // Tickets that name no server belong to that of the files.
    servers.extend(source.server);
    servers.sort_unstable();
    servers.dedup();
    match servers[..] {
        [server] => Ok(server),
        [] => Err("do not say of which server they are: add --server ID".to_owned()),
        _ => {
            let choices: Vec<_> = servers.iter().map(|server| format!("--server {server}")).collect();
            Err(format!("hold tickets of several servers: add {}", choices.join(" or ")))
        }
    }
}

/// Compares the entries with what is taken. Of what meets in the files, the first one counts.
pub fn make_plan(source: BotExport, server: GuildId, mut occupied: Occupied) -> Plan {
    let default_server = source.server.unwrap_or(server);
    let (here, elsewhere): (Vec<Entry>, Vec<Entry>) =
        source.entries.into_iter().partition(|entry| entry.server.unwrap_or(default_server) == server);
    let used = here.iter().filter_map(|entry| entry.number).chain([source.last, occupied.last]);
    let mut last = TicketId { guild: server, number: used.max().unwrap_or_default() };
    let skip = |entry: Entry, reason| Skipped { place: entry.place, channel: entry.channel, reason };
    let (mut adopted, mut skipped) = (Vec::new(), Vec::new());
    for entry in here {
        match check_entry(&entry, source.unique_numbers, &occupied) {
            Err(reason) => skipped.push(skip(entry, reason)),
            Ok((OpenTicket { member, channel, ticket_type }, number)) => {
                let number = number.unwrap_or_else(|| {
                    last.number.0 += 1;
                    last.number
                });
                occupied.channels.insert(channel, TicketId { guild: server, number });
                occupied.members.insert(member, number);
                occupied.numbers.insert(number);
                adopted.push(Adoption { number, member, channel, ticket_type });
            }
        }
    }
    for entry in elsewhere {
        let reason = SkipReason::OtherServer(entry.server.unwrap_or(default_server));
        skipped.push(skip(entry, reason));
    }
    Plan { adopted, skipped, last }
}

/// The ticket that is taken over, with the number that it keeps; without one it gets the next.
fn check_entry(
    entry: &Entry,
    unique_numbers: bool,
    occupied: &Occupied,
) -> Result<(OpenTicket, Option<TicketNumber>), SkipReason> {
    let ticket = match &entry.content {
        Content::Closed => return Err(SkipReason::Closed(entry.number)),
        Content::Broken(mistakes) => return Err(SkipReason::Broken(mistakes.clone())),
        Content::Open(ticket) => ticket,
    };
    if let Some(ticket) = occupied.channels.get(&ticket.channel) {
        return Err(SkipReason::ChannelTaken(*ticket));
    }
    if occupied.ended.contains(&ticket.channel) {
        return Err(SkipReason::ClosedSince);
    }
    if let Some(number) = occupied.members.get(&ticket.member) {
        return Err(SkipReason::SecondTicket(ticket.member, *number));
    }
    match entry.number.filter(|number| occupied.numbers.contains(number)) {
        Some(taken) if unique_numbers => Err(SkipReason::NumberTaken(taken)),
        Some(_) => Ok((ticket.clone(), None)),
        None => Ok((ticket.clone(), entry.number)),
    }
}
