//! What people call whom and what the database knows by number alone.
//!
//! The database keeps no names: they change, and it is Discord that knows them. So they are asked for where a token is at
//! hand, and not waited for: without them the numbers stand alone, as they do without a token.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;

use crate::config::Access;
use crate::discord::Transport;
use crate::ids::{ChannelId, GuildId, UserId};
use crate::printable::printable;

/// So long may the names take.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(3);
/// Each member costs a request; a list of more people than this shows the channels' names, which are called after them.
const MAX_MEMBERS: usize = 20;

/// Names of members and channels, as far as they are known.
#[derive(Debug, Default)]
pub struct Names {
    members: BTreeMap<UserId, String>,
    channels: BTreeMap<ChannelId, String>,
}

impl Names {
    /// The names of these members of a server, and of all the channels of their servers.
    pub async fn look_up(access: Option<&Access>, members: &BTreeSet<(GuildId, UserId)>) -> Self {
        let Some(access) = access else { return Self::default() };
        let Ok(transport) = Transport::new(&access.token, access.proxy.as_deref()) else { return Self::default() };
        let servers: BTreeSet<GuildId> = members.iter().map(|(guild, _)| *guild).collect();
        let channels = join_all(servers.into_iter().map(|guild| transport.fetch_channels(guild)));
        let asked = if members.len() > MAX_MEMBERS { BTreeSet::new() } else { members.clone() };
        let people = join_all(asked.into_iter().map(|(guild, user)| transport.fetch_member(guild, user)));
        let both = async { tokio::join!(channels, people) };
        let Ok((channels, people)) = timeout(LOOKUP_TIMEOUT, both).await else { return Self::default() };
        Self {
            members: people.into_iter().flatten().map(|member| (member.id, member.name)).collect(),
            channels: channels.into_iter().flatten().flatten().map(|channel| (channel.id, channel.name)).collect(),
        }
    }

    /// A member's id, and their name in brackets.
    pub fn member(&self, id: UserId) -> String {
        label(&id.to_string(), "", self.members.get(&id))
    }

    /// A channel's id, and its name in brackets.
    pub fn channel(&self, id: ChannelId) -> String {
        label(&id.to_string(), "#", self.channels.get(&id))
    }
}

fn label(id: &str, sign: &str, name: Option<&String>) -> String {
    name.map_or_else(|| id.to_owned(), |name| format!("{id} ({sign}{})", printable(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_beside_its_number_and_in_its_line() {
        let names = Names {
            members: [(UserId(1), "al\u{1b}[2Jice\n".to_owned())].into(),
            channels: [(ChannelId(2), "help\u{202e}".to_owned())].into(),
        };
        assert_eq!(names.member(UserId(1)), "1 (al\\u{1b}[2Jice\\u{a})");
        assert_eq!(names.channel(ChannelId(2)), "2 (#help\\u{202e})");
        assert_eq!((names.member(UserId(3)), names.channel(ChannelId(1))), ("3".to_owned(), "1".to_owned()));
    }
}
