//! Who is told what was heard.
//!
//! It knows where every ticket is, the quiet ones too, and what was heard lately. It spawns nobody and sends nothing: what
//! the supervisor delivers in production, the simulator delivers in the tests.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::actors::clerk::Question;
use crate::actors::home::{Held, Home, Replies, Where};
use crate::actors::recent::Recent;
use crate::actors::repeats::{Repeats, Request};
use crate::actors::{Heard, Rank};
use crate::ids::{ChannelId, Command, GuildId, Intent, MessageId, Owner};
use crate::lifecycle::{Asker, Entrance, Event, Sighting, Words};

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
    /// The panel: this is all that the asker gets.
    TurnDown(Asker, Words),
    /// The panel: the bot is in a server that is not its own.
    Elsewhere {
        /// Which.
        guild: GuildId,
        /// What people call it.
        name: String,
    },
    /// The panel: which server is the bot's own has to be looked up. The request with this intent waits for it.
    FindHome(Option<Intent>),
    /// The panel: a message of ours that looks like it.
    PanelMade(MessageId),
    /// The panel: the embeds of this message were hidden.
    PanelHidden(MessageId),
    /// The panel: the bot is not in its server any more.
    Left,
    /// The panel: these messages of its channel were deleted.
    PanelDeleted(Vec<MessageId>),
}

/// Where the tickets are, and what was heard.
#[derive(Debug)]
pub struct Router {
    panel: ChannelId,
    home: Home,
    held: Held,
    replies: Replies,
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
    /// A router that knows of no ticket yet. `panel` is the channel of the panel: the server that has it is the bot's own.
    #[must_use]
    pub fn new(panel: ChannelId) -> Self {
        Self {
            panel,
            home: Home::default(),
            held: Held::default(),
            replies: Replies::default(),
            channels: HashMap::new(),
            places: BTreeMap::new(),
            sought: BTreeMap::new(),
            unseen: HashSet::new(),
            recent: Recent::default(),
            repeats: Repeats::default(),
        }
    }

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
                let left = Sighting { channel: former, members, mark: None, attempt: 0, number: None, owned: false };
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

    /// Who is to be told what, in this order. In a server that is not the bot's own, nothing is done.
    pub fn route(&mut self, heard: Heard) -> Vec<Told> {
        let mut told = self.learn_home(&heard);
        // The bot may have been let into its own server since that was looked for.
        let anew = self.home == Home::Nowhere && matches!(heard, Heard::Channels { .. });
        let place = if anew { Where::Unknown } else { self.place_of(&heard) };
        told.extend(self.route_from(place, heard));
        told
    }

    fn route_from(&mut self, place: Where, heard: Heard) -> Vec<Told> {
        match place {
            Where::Here => self.route_here(heard),
            Where::Elsewhere => self.route_elsewhere(heard),
            Where::Unknown => self.hold(heard),
        }
    }

    /// Discord was asked which server is the bot's own: this one, or none that the bot is in. What waited for it is routed.
    pub fn home_looked_up(&mut self, found: Option<GuildId>) -> Vec<Told> {
        // What the gateway has told since is newer.
        if self.home != Home::Unknown {
            return Vec::new();
        }
        self.settle_home(found.map_or(Home::Nowhere, Home::In))
    }

    /// The request with this intent has waited for long enough; it can be made again.
    pub fn give_up(&mut self, intent: Intent) -> Option<Told> {
        let heard = self.held.take(intent)?;
        self.turn_down(&heard, Words::DiscordDown)
    }

    /// Something waits for the own server to be known.
    #[must_use]
    pub const fn wants_home(&self) -> bool {
        !self.held.is_empty()
    }

    /// The channel of the panel tells which server is the bot's own; all the channels of one tell it, too.
    fn learn_home(&mut self, heard: &Heard) -> Vec<Told> {
        let in_panel_channel = heard.request().is_some_and(|(channel, _)| channel == self.panel);
        let home = in_panel_channel || matches!(heard, Heard::Channels { home: true, .. });
        match heard.guild() {
            Some(guild) if home && self.home != Home::In(guild) => self.settle_home(Home::In(guild)),
            _ => Vec::new(),
        }
    }

    fn settle_home(&mut self, home: Home) -> Vec<Told> {
        self.home = home;
        let held = self.held.take_all();
        held.into_iter().flat_map(|heard| self.route_from(self.place_of(&heard), heard)).collect()
    }

    /// A ticket that the bot has in another server can still be closed.
    fn place_of(&self, heard: &Heard) -> Where {
        let Some(guild) = heard.guild() else { return Where::Here };
        match heard {
            Heard::Close { channel, .. } if self.owner(*channel).is_some_and(|owner| owner.guild == guild) => {
                Where::Here
            }
            _ => self.home.place(guild),
        }
    }

    fn hold(&mut self, heard: Heard) -> Vec<Told> {
        // Once more, should it have been looked up before.
        self.home = Home::Unknown;
        let intent = heard.request().map(|(_, asker)| asker.intent());
        match self.held.keep(heard) {
            None => vec![Told::FindHome(intent)],
            Some(heard) => self.turn_down(&heard, Words::DiscordDown).into_iter().collect(),
        }
    }

    fn route_elsewhere(&mut self, heard: Heard) -> Vec<Told> {
        match heard {
            Heard::Channels { guild, name, all, .. } => {
                let mut told = self.compare(guild, &all, Vec::new());
                told.push(Told::Elsewhere { guild, name });
                told
            }
            heard => match heard.request() {
                Some((channel, asker)) if self.replies.wants(channel, asker) => {
                    self.turn_down(&heard, Words::AnotherServer).into_iter().collect()
                }
                _ => Vec::new(),
            },
        }
    }

    fn turn_down(&mut self, heard: &Heard, words: Words) -> Option<Told> {
        let (_, asker) = heard.request()?;
        self.recent.is_new(asker.intent()).then(|| Told::TurnDown(asker.clone(), words))
    }

    fn route_here(&mut self, heard: Heard) -> Vec<Told> {
        match heard {
            Heard::Open { guild, asker, name, .. } if self.recent.is_new(asker.intent()) => {
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
            Heard::SetUp { guild, asker, rank, .. } if self.recent.is_new(asker.intent()) => {
                let asker = self.mark_repeat(guild, Command::SetUp, asker);
                vec![Told::Panel { guild, asker, rank }]
            }
            Heard::Explain { guild, channel, asker, rank } if self.recent.is_new(asker.intent()) => {
                let asker = self.mark_repeat(guild, Command::Explain, asker);
                let ticket = self.owner(channel).map(|_| channel);
                vec![Told::Clerk(Question { guild, ticket, asker, rank })]
            }
            Heard::Private(asker) if self.recent.is_new(asker.intent()) => {
                vec![Told::TurnDown(asker, Words::PrivateMessage)]
            }
            Heard::Open { asker, .. }
            | Heard::Private(asker)
            | Heard::Close { asker, .. }
            | Heard::SetUp { asker, .. }
            | Heard::Explain { asker, .. } => {
                tracing::debug!(intent = %asker.intent(), user = %asker.user, "heard twice, handled once");
                Vec::new()
            }
            Heard::PanelMade(message) => vec![Told::PanelMade(message)],
            Heard::PanelDeleted(messages) => vec![Told::PanelDeleted(messages)],
            Heard::PanelHidden(message) => vec![Told::PanelHidden(message)],
            Heard::Left(guild) if self.home == Home::In(guild) => vec![Told::Left],
            Heard::Left(_) => Vec::new(),
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
            Heard::Channels { guild, all, sightings, home, .. } => {
                self.unseen.remove(&guild);
                let home = (home || self.home == Home::In(guild)).then_some(Told::Home(guild));
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
        // Nobody told of the end of those that ended while we were away. One may have become a ticket just now, by an answer
        // that was given before.
        self.sought.retain(|&channel, (owner, _)| {
            let ended = owner.guild == guild && !all.contains(&channel);
            if ended {
                told.push(Told::Ticket(*owner, Event::Missing { channel }));
            }
            !ended
        });
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
    use crate::ids::{Command, Intent, InteractionId, UserId};
    use crate::language::Language;
    use crate::lifecycle::{Entrance, Gesture, Press};

    const GUILD: GuildId = GuildId(1);
    const PANEL: ChannelId = ChannelId(40);
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
        let (guild, channel) = (GUILD, PANEL);
        let told = router.route(Heard::Open { guild, channel, asker: asker(press), name: "alice".into() });
        match &told[..] {
            [Told::Ticket(ALICE, Event::Open { unseen, .. })] => *unseen,
            other => panic!("{other:?}"),
        }
    }

    fn channels(sightings: Vec<Sighting>) -> Heard {
        let all = HashSet::from([PANEL, ChannelId(50), ChannelId(51)]);
        Heard::Channels { guild: GUILD, name: "talon".into(), all, sightings, home: true }
    }

    #[test]
    fn a_press_knows_whether_the_channels_were_told_before_it() {
        let mut router = Router::new(PANEL);
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
            attempt: 0,
            number: None,
            owned: false,
        };
        let mut router = Router::new(PANEL);
        router.route(channels(vec![sighting(50), sighting(51)]));
        assert!(router.place(ALICE, Some(ChannelId(50))).is_empty());
        let told = router.place(ALICE, None);
        assert!(matches!(&told[..], [Told::Ticket(ALICE, Event::Seen(seen))] if *seen == sighting(51)), "{told:?}");
        router.route(Heard::ChannelGone(ChannelId(51)));
        assert!(router.place(ALICE, None).is_empty());
    }

    #[test]
    fn a_channel_that_nobody_took_is_forgotten_with_its_end() {
        let guild = GUILD;
        let sighting = |channel| Sighting {
            channel: ChannelId(channel),
            members: vec![UserId(7)],
            mark: Some((UserId(7), Intent(3))),
            attempt: 0,
            number: None,
            owned: false,
        };
        let mut router = Router::new(PANEL);
        router.route(channels(vec![]));
        for channel in [10, 11, 12] {
            router.route(Heard::ChannelMade { guild, sighting: sighting(channel) });
        }
        router.route(Heard::ChannelGone(ChannelId(10)));
        let all = HashSet::from([ChannelId(12)]);
        let told =
            router.route(Heard::Channels { guild, all, sightings: Vec::new(), home: false, name: String::new() });
        let missing = |told: &Told| matches!(told, Told::Ticket(_, Event::Missing { channel: ChannelId(11) }));
        assert!(told.iter().any(missing), "it may have become a ticket just now: {told:?}");
        let left: Vec<_> = router.sought.into_keys().collect();
        assert_eq!(left, [ChannelId(12)]);
    }

    const STRANGE: GuildId = GuildId(2);

    fn written(message: u64, second: u64) -> Asker {
        let at = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(second);
        let (channel, message) = (ChannelId(90), crate::ids::MessageId(message));
        let entrance = Entrance::Command { channel, message, language: Language::Russian };
        Asker { user: ALICE.member, at, entrance, repeated: false }
    }

    fn request(guild: GuildId, command: Command, asker: Asker) -> Heard {
        let channel = ChannelId(90);
        match command {
            Command::Ticket => Heard::Open { guild, channel, asker, name: "alice".into() },
            Command::Close => Heard::Close { guild, channel, asker, support: true },
            Command::SetUp => Heard::SetUp { guild, channel, asker, rank: Rank::Told { administrator: true } },
            Command::Explain => Heard::Explain { guild, channel, asker, rank: Rank::Roles(vec![]) },
        }
    }

    fn another(channel: u64) -> Heard {
        let mark = Some((ALICE.member, Intent(5)));
        let sighting = Sighting {
            channel: ChannelId(channel),
            members: vec![ALICE.member],
            mark,
            attempt: 0,
            number: None,
            owned: false,
        };
        let all = HashSet::from([ChannelId(channel)]);
        Heard::Channels { guild: STRANGE, name: "another".into(), all, sightings: vec![sighting], home: false }
    }

    #[test]
    fn in_another_server_everything_pressed_is_turned_down_and_nothing_is_done() {
        let mut router = Router::new(PANEL);
        router.route(channels(vec![]));
        for (press, command) in Command::SLASH.into_iter().enumerate() {
            let told = router.route(request(STRANGE, command, asker(press as u64)));
            assert!(matches!(&told[..], [Told::TurnDown(_, Words::AnotherServer)]), "{command:?}: {told:?}");
            assert!(router.route(request(STRANGE, command, asker(press as u64))).is_empty(), "it was heard twice");
        }
        let told = router.route(another(95));
        assert!(matches!(&told[..], [Told::Elsewhere { guild: STRANGE, .. }]), "{told:?}");
        let Heard::Channels { mut sightings, .. } = another(96) else { unreachable!() };
        let made = Heard::ChannelMade { guild: STRANGE, sighting: sightings.remove(0) };
        assert!(router.route(made).is_empty() && router.sought.is_empty());
    }

    #[test]
    fn what_is_written_in_another_server_is_answered_but_not_again_and_again() {
        let mut router = Router::new(PANEL);
        router.route(channels(vec![]));
        let mut answers =
            |command, message, second| router.route(request(STRANGE, command, written(message, second))).len();
        assert_eq!(
            [answers(Command::SetUp, 3, 0), answers(Command::Ticket, 4, 59), answers(Command::Close, 5, 60)],
            [1, 0, 1]
        );
    }

    #[test]
    fn a_ticket_in_another_server_can_still_be_closed() {
        let mut router = Router::new(PANEL);
        router.route(channels(vec![]));
        let owner = Owner { guild: STRANGE, ..ALICE };
        assert!(router.place(owner, Some(ChannelId(90))).is_empty());
        let told = router.route(request(STRANGE, Command::Close, asker(1)));
        assert!(matches!(&told[..], [Told::Ticket(found, Event::Close { .. })] if *found == owner), "{told:?}");
        let told = router.route(another(95));
        assert!(matches!(&told[..], [Told::Ticket(found, Event::Missing { .. }), _] if *found == owner), "{told:?}");
    }

    #[test]
    fn nothing_is_done_before_the_own_server_is_known() {
        let mut router = Router::new(PANEL);
        for (guild, press) in [(GUILD, 1), (STRANGE, 2)] {
            let told = router.route(request(guild, Command::Ticket, asker(press)));
            assert!(matches!(&told[..], [Told::FindHome(Some(Intent(waiting)))] if *waiting == press), "{told:?}");
        }
        assert!(matches!(router.route(another(95))[..], [Told::FindHome(None)]));
        let told = router.home_looked_up(Some(GUILD));
        let [
            Told::Ticket(ALICE, Event::Open { .. }),
            Told::TurnDown(asker, Words::AnotherServer),
            Told::Elsewhere { .. },
        ] = &told[..]
        else {
            panic!("{told:?}")
        };
        assert_eq!(asker.intent(), Intent(2));
        assert!(!router.wants_home() && router.give_up(Intent(1)).is_none());
    }

    #[test]
    fn who_waits_too_long_for_the_own_server_is_told_so_and_may_ask_again() {
        let mut router = Router::new(PANEL);
        router.route(request(GUILD, Command::Ticket, asker(1)));
        let told = router.give_up(Intent(1));
        assert!(matches!(&told, Some(Told::TurnDown(_, Words::DiscordDown))), "{told:?}");
        assert!(router.home_looked_up(Some(GUILD)).is_empty());
        assert!(matches!(&router.route(request(GUILD, Command::Ticket, asker(2)))[..], [Told::Ticket(..)]));
    }

    #[test]
    fn the_panel_channel_tells_the_own_server_and_so_does_coming_back_to_it() {
        let mut router = Router::new(PANEL);
        assert!(!is_unseen(&mut router, 1), "a press of the panel needs no look-up");
        let mut router = Router::new(PANEL);
        router.route(another(95));
        assert!(matches!(&router.home_looked_up(None)[..], [Told::Elsewhere { .. }]));
        let told = router.route(request(GUILD, Command::Ticket, asker(2)));
        assert!(matches!(&told[..], [Told::TurnDown(..)]), "the bot is in no server of its own: {told:?}");
        assert!(matches!(router.route(another(95))[..], [Told::FindHome(None)]), "it may have been let in since");
        router.route(channels(vec![]));
        assert!(matches!(&router.route(request(GUILD, Command::Ticket, asker(3)))[..], [Told::Ticket(..)]));
    }
}
