//! Who is told what was heard.
//!
//! It knows where every ticket is, the quiet ones too, and what was heard lately. It spawns nobody and sends nothing: what
//! the supervisor delivers in production, the simulator delivers in the tests.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::actors::clerk::Question;
use crate::actors::recent::Recent;
use crate::actors::repeats::{Repeats, Request};
use crate::actors::{Heard, Rank};
use crate::ids::{ChannelId, Command, GuildId, MessageId, Owner};
use crate::lifecycle::{Asker, Entrance, Event, Sighting};

/// Whom it concerns, and what it means to them.
#[derive(Debug)]
pub enum Told {
    /// A ticket.
    Ticket(Owner, Event),
    /// The panel: somebody wants it looked after.
    Panel {
        /// Where.
        guild: GuildId,
        /// Who.
        asker: Asker,
        /// Whether they may.
        rank: Rank,
    },
    /// The clerk: somebody wants to know a story.
    Clerk(Question),
    /// The panel: the bot is in its server.
    Home(GuildId),
    /// The panel: a message of ours that looks like it.
    PanelMade(MessageId),
    /// The panel: these messages of its channel were deleted.
    PanelDeleted(Vec<MessageId>),
}

/// Where the tickets are, and what was heard.
#[derive(Debug, Default)]
pub struct Router {
    channels: HashMap<ChannelId, Owner>,
    places: BTreeMap<Owner, ChannelId>,
    /// Channels that somebody's ticket is looking into, or has looked into and did not take.
    sought: BTreeMap<ChannelId, (Owner, Sighting)>,
    /// Servers that the bot is in, but that have not told their channels yet.
    unseen: HashSet<GuildId>,
    recent: Recent,
    repeats: Repeats,
}

impl Router {
    /// Takes down where the member's ticket is; `None` where it has no channel (any more, or yet). When a ticket is over,
    /// another channel of the member that was left aside may be theirs now.
    pub fn place(&mut self, owner: Owner, channel: Option<ChannelId>) -> Vec<Told> {
        let before = self.places.remove(&owner);
        if let Some(before) = before
            && self.channels.get(&before) == Some(&owner)
        {
            self.channels.remove(&before);
        }
        if before != channel {
            // Something came of what they asked for: what they ask for next is no repeat.
            self.repeats.forget(owner);
        }
        if let Some(channel) = channel {
            // Another channel of the same press is the ticket now; this one may outlive it, if somebody wrote in it.
            if let Some(former) = before.filter(|former| *former != channel) {
                let members = vec![owner.member];
                let left = Sighting { channel: former, members, mark: None, owned: false };
                self.sought.insert(former, (owner, left));
            }
            self.places.insert(owner, channel);
            self.channels.insert(channel, owner);
            self.sought.remove(&channel);
            return Vec::new();
        }
        self.remind(owner)
    }

    /// The channels that the member's ticket has seen and did not take: one that failed has forgotten them.
    #[must_use]
    pub fn remind(&self, owner: Owner) -> Vec<Told> {
        let theirs = self.sought.values().filter(|(seeker, _)| *seeker == owner);
        theirs.map(|(_, sighting)| Told::Ticket(owner, Event::Seen(sighting.clone()))).collect()
    }

    /// Who is to be told what, in this order.
    pub fn route(&mut self, heard: Heard) -> Vec<Told> {
        match heard {
            Heard::Open { guild, asker, name } if self.recent.is_new(asker.intent()) => {
                let asker = self.mark_repeat(guild, Command::Ticket, asker);
                let owner = Owner { guild, member: asker.user };
                let unseen = self.unseen.contains(&guild);
                vec![Told::Ticket(owner, Event::Open { asker, name, unseen })]
            }
            Heard::Close { guild, channel, asker, support } if self.recent.is_new(asker.intent()) => {
                let asker = self.mark_repeat(guild, Command::Close, asker);
                // In a channel that is nobody's ticket, it is the asker's own ticket that answers: it says so.
                let own = Owner { guild, member: asker.user };
                let seeker = || self.sought.get(&channel).map(|(seeker, _)| *seeker);
                let owner = self.owner(channel).or_else(seeker).unwrap_or(own);
                vec![Told::Ticket(owner, Event::Close { channel, asker, support })]
            }
            Heard::SetUp { guild, asker, rank } if self.recent.is_new(asker.intent()) => {
                let asker = self.mark_repeat(guild, Command::SetUp, asker);
                vec![Told::Panel { guild, asker, rank }]
            }
            Heard::Explain { guild, channel, asker, rank } if self.recent.is_new(asker.intent()) => {
                let asker = self.mark_repeat(guild, Command::Explain, asker);
                let ticket = self.owner(channel).map(|_| channel);
                vec![Told::Clerk(Question { guild, ticket, asker, rank })]
            }
            Heard::Open { asker, .. }
            | Heard::Close { asker, .. }
            | Heard::SetUp { asker, .. }
            | Heard::Explain { asker, .. } => {
                tracing::debug!(intent = %asker.intent(), user = %asker.user, "heard twice, handled once");
                Vec::new()
            }
            Heard::PanelMade(message) => vec![Told::PanelMade(message)],
            Heard::PanelDeleted(messages) => vec![Told::PanelDeleted(messages)],
            Heard::ChannelGone(channel) => {
                let seeker = self.sought.remove(&channel).map(|(seeker, _)| seeker);
                let owner = self.owner(channel).or(seeker);
                owner.into_iter().map(|owner| Told::Ticket(owner, Event::Gone { channel })).collect()
            }
            Heard::ChannelMade { guild, sighting } => self.see(guild, sighting).into_iter().collect(),
            Heard::Ready { guilds } => {
                self.unseen.extend(guilds);
                Vec::new()
            }
            Heard::Channels { guild, all, sightings, home } => {
                self.unseen.remove(&guild);
                let home = home.then_some(Told::Home(guild));
                home.into_iter().chain(self.compare(guild, &all, sightings)).collect()
            }
        }
    }

    /// Takes down that they asked for this, and says whether they did so a moment ago.
    fn mark_repeat(&mut self, guild: GuildId, command: Command, asker: Asker) -> Asker {
        let written_in = match asker.entrance {
            Entrance::Press(_) => None,
            Entrance::Command { channel, .. } => Some(channel),
        };
        let repeated = self.repeats.is_repeated(Request { guild, user: asker.user, command, written_in }, asker.at);
        if repeated {
            tracing::debug!(intent = %asker.intent(), user = %asker.user, ?command, "asked for the same a moment ago");
        }
        Asker { repeated, ..asker }
    }

    /// How many tickets have a channel.
    #[must_use]
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// Whose ticket this channel is.
    fn owner(&self, channel: ChannelId) -> Option<Owner> {
        self.channels.get(&channel).copied()
    }

    /// Compares what Discord says is there with what should be.
    fn compare(&mut self, guild: GuildId, all: &HashSet<ChannelId>, sightings: Vec<Sighting>) -> Vec<Told> {
        let here = self.places.iter().filter(|(owner, _)| owner.guild == guild);
        let missing = here.filter(|(_, channel)| !all.contains(channel));
        let missing = missing.map(|(owner, channel)| Told::Ticket(*owner, Event::Missing { channel: *channel }));
        let mut told: Vec<Told> = missing.collect();
        // Nobody told of the end of those that ended while we were away.
        self.sought.retain(|channel, (owner, _)| owner.guild != guild || all.contains(channel));
        told.extend(sightings.into_iter().filter_map(|sighting| self.see(guild, sighting)));
        told
    }

    /// A channel that may be a ticket. One that is known to be, is nothing new.
    fn see(&mut self, guild: GuildId, sighting: Sighting) -> Option<Told> {
        let member = match (&sighting.mark, &*sighting.members) {
            (Some((member, _)), _) => *member,
            (None, [member]) => *member,
            (None, _) => return None,
        };
        if self.owner(sighting.channel).is_some() {
            return None;
        }
        let owner = Owner { guild, member };
        self.sought.insert(sighting.channel, (owner, sighting.clone()));
        Some(Told::Ticket(owner, Event::Seen(sighting)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Intent, InteractionId, UserId};
    use crate::language::Language;
    use crate::lifecycle::{Entrance, Gesture, Press};

    const GUILD: GuildId = GuildId(1);
    const ALICE: Owner = Owner { guild: GUILD, member: UserId(10) };

    fn asker(press: u64) -> Asker {
        let press = Press {
            interaction: InteractionId(press),
            token: "secret".into(),
            application: crate::ids::ApplicationId(9),
            acknowledged: false,
            language: Language::Russian,
            gesture: Gesture::Button,
        };
        Asker {
            user: ALICE.member,
            at: std::time::SystemTime::UNIX_EPOCH,
            entrance: Entrance::Press(press),
            repeated: false,
        }
    }

    fn is_unseen(router: &mut Router, press: u64) -> bool {
        let told = router.route(Heard::Open { guild: GUILD, asker: asker(press), name: "alice".into() });
        match &told[..] {
            [Told::Ticket(ALICE, Event::Open { unseen, .. })] => *unseen,
            other => panic!("{other:?}"),
        }
    }

    fn channels(sightings: Vec<Sighting>) -> Heard {
        Heard::Channels { guild: GUILD, all: HashSet::from([ChannelId(50), ChannelId(51)]), sightings, home: false }
    }

    #[test]
    fn a_press_knows_whether_the_channels_were_told_before_it() {
        let mut router = Router::default();
        // What stands in for Discord may never tell them.
        assert!(!is_unseen(&mut router, 1));
        router.route(Heard::Ready { guilds: vec![GUILD] });
        assert!(is_unseen(&mut router, 2));
        router.route(channels(vec![]));
        assert!(!is_unseen(&mut router, 3));
    }

    #[test]
    fn a_channel_left_aside_comes_up_again_when_the_ticket_is_over() {
        let sighting = |channel| Sighting {
            channel: ChannelId(channel),
            members: vec![ALICE.member],
            mark: Some((ALICE.member, Intent(5))),
            owned: false,
        };
        let mut router = Router::default();
        router.route(channels(vec![sighting(50), sighting(51)]));
        assert!(router.place(ALICE, Some(ChannelId(50))).is_empty());
        let told = router.place(ALICE, None);
        assert!(matches!(&told[..], [Told::Ticket(ALICE, Event::Seen(seen))] if *seen == sighting(51)), "{told:?}");
        router.route(Heard::ChannelGone(ChannelId(51)));
        assert!(router.place(ALICE, None).is_empty());
    }

    #[test]
    fn a_channel_that_nobody_took_is_forgotten_with_its_end() {
        let (guild, elsewhere) = (GuildId(1), GuildId(2));
        let sighting = |channel| Sighting {
            channel: ChannelId(channel),
            members: vec![UserId(7)],
            mark: Some((UserId(7), Intent(3))),
            owned: false,
        };
        let mut router = Router::default();
        for (guild, channel) in [(guild, 10), (guild, 11), (guild, 12), (elsewhere, 20)] {
            router.route(Heard::ChannelMade { guild, sighting: sighting(channel) });
        }
        router.route(Heard::ChannelGone(ChannelId(10)));
        let all = HashSet::from([ChannelId(12)]);
        router.route(Heard::Channels { guild, all, sightings: Vec::new(), home: false });
        let left: Vec<_> = router.sought.into_keys().collect();
        assert_eq!(left, [ChannelId(12), ChannelId(20)]);
    }
}
