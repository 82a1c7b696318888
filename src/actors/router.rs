//! Who is told what was heard.
//!
//! It knows where every ticket is, the quiet ones too, and what was heard lately. It spawns nobody and sends nothing: what
//! the supervisor delivers in production, the simulator delivers in the tests.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::actors::home::{Held, Home, Replies, Where};
use crate::actors::journal::Question;
use crate::actors::recent::Recent;
use crate::actors::repeats::{Repeats, Request};
use crate::actors::{DiscordEvent, Rank};
use crate::ids::{ChannelId, Command, GuildId, MessageId, Owner, RequestId};
use crate::lifecycle::{ChannelCandidate, Event, Notice, Origin, Requester};

/// Whom it concerns, and what it means to them.
#[derive(Debug)]
pub enum Route {
    /// A ticket.
    Ticket(Owner, Event),
    /// The panel: somebody wants it looked after.
    Panel {
        /// Where.
        guild: GuildId,
        /// Who.
        requester: Requester,
        /// Whether they may.
        rank: Rank,
    },
    /// The journal actor: somebody wants to know a story.
    JournalActor(Question),
    /// The panel: the bot is in its server.
    Home(GuildId),
    /// The panel: this is all that the asker gets.
    TurnDown(Requester, Notice),
    /// The panel: the bot is in a server that is not its own.
    Elsewhere {
        /// Which.
        guild: GuildId,
        /// What people call it.
        name: String,
    },
    /// The panel: which server is the bot's own has to be looked up. The request with this intent waits for it.
    FindHome(Option<RequestId>),
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
    sought: BTreeMap<ChannelId, (Owner, ChannelCandidate)>,
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
    pub fn place(&mut self, owner: Owner, channel: Option<ChannelId>) -> Vec<Route> {
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
                let left =
                    ChannelCandidate { channel: former, members, mark: None, attempt: 0, number: None, owned: false };
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
    pub fn remind(&self, owner: Owner) -> Vec<Route> {
        let theirs = self.sought.values().filter(|(seeker, _)| *seeker == owner);
        theirs.map(|(_, candidate)| Route::Ticket(owner, Event::CandidateFound(candidate.clone()))).collect()
    }

    /// Who is to be told what, in this order. In a server that is not the bot's own, nothing is done.
    pub fn route(&mut self, heard: DiscordEvent) -> Vec<Route> {
        let mut told = self.learn_home(&heard);
        // The bot may have been let into its own server since that was looked for.
        let anew = self.home == Home::Nowhere && matches!(heard, DiscordEvent::Channels { .. });
        let place = if anew { Where::Unknown } else { self.place_of(&heard) };
        told.extend(self.route_from(place, heard));
        told
    }

    fn route_from(&mut self, place: Where, heard: DiscordEvent) -> Vec<Route> {
        match place {
            Where::Here => self.route_here(heard),
            Where::Elsewhere => self.route_elsewhere(heard),
            Where::Unknown => self.hold(heard),
        }
    }

    /// Discord was asked which server is the bot's own: this one, or none that the bot is in. What waited for it is routed.
    pub fn home_looked_up(&mut self, found: Option<GuildId>) -> Vec<Route> {
        // What the gateway has told since is newer.
        if self.home != Home::Unknown {
            return Vec::new();
        }
        self.settle_home(found.map_or(Home::Nowhere, Home::In))
    }

    /// The request with this intent has waited for long enough; it can be made again.
    pub fn give_up(&mut self, request_id: RequestId) -> Option<Route> {
        let heard = self.held.take(request_id)?;
        self.turn_down(&heard, Notice::DiscordDown)
    }

    /// Something waits for the own server to be known.
    #[must_use]
    pub const fn wants_home(&self) -> bool {
        !self.held.is_empty()
    }

    /// The channel of the panel tells which server is the bot's own; all the channels of one tell it, too.
    fn learn_home(&mut self, heard: &DiscordEvent) -> Vec<Route> {
        let in_panel_channel = heard.request().is_some_and(|(channel, _)| channel == self.panel);
        let home = in_panel_channel || matches!(heard, DiscordEvent::Channels { home: true, .. });
        match heard.guild() {
            Some(guild) if home && self.home != Home::In(guild) => self.settle_home(Home::In(guild)),
            _ => Vec::new(),
        }
    }

    fn settle_home(&mut self, home: Home) -> Vec<Route> {
        self.home = home;
        let held = self.held.take_all();
        held.into_iter().flat_map(|heard| self.route_from(self.place_of(&heard), heard)).collect()
    }

    /// A ticket that the bot has in another server can still be closed.
    fn place_of(&self, heard: &DiscordEvent) -> Where {
        let Some(guild) = heard.guild() else { return Where::Here };
        match heard {
            DiscordEvent::Close { channel, .. } if self.owner(*channel).is_some_and(|owner| owner.guild == guild) => {
                Where::Here
            }
            _ => self.home.place(guild),
        }
    }

    fn hold(&mut self, heard: DiscordEvent) -> Vec<Route> {
        // Once more, should it have been looked up before.
        self.home = Home::Unknown;
        let request_id = heard.request().map(|(_, requester)| requester.request_id());
        match self.held.keep(heard) {
            None => vec![Route::FindHome(request_id)],
            Some(heard) => self.turn_down(&heard, Notice::DiscordDown).into_iter().collect(),
        }
    }

    fn route_elsewhere(&mut self, heard: DiscordEvent) -> Vec<Route> {
        match heard {
            DiscordEvent::Channels { guild, name, all, .. } => {
                let mut told = self.compare(guild, &all, Vec::new());
                told.push(Route::Elsewhere { guild, name });
                told
            }
            heard => match heard.request() {
                Some((channel, requester)) if self.replies.wants(channel, requester) => {
                    self.turn_down(&heard, Notice::AnotherServer).into_iter().collect()
                }
                _ => Vec::new(),
            },
        }
    }

    fn turn_down(&mut self, heard: &DiscordEvent, words: Notice) -> Option<Route> {
        let (_, requester) = heard.request()?;
        self.recent.is_new(requester.request_id()).then(|| Route::TurnDown(requester.clone(), words))
    }

    fn route_here(&mut self, heard: DiscordEvent) -> Vec<Route> {
        match heard {
            DiscordEvent::Open { guild, requester, name, .. } if self.recent.is_new(requester.request_id()) => {
                let requester = self.mark_repeat(guild, Command::Ticket, requester);
                let owner = Owner { guild, member: requester.user };
                let unseen = self.unseen.contains(&guild);
                vec![Route::Ticket(owner, Event::Open { requester, name, unseen })]
            }
            DiscordEvent::Close { guild, channel, requester, support, administrator }
                if self.recent.is_new(requester.request_id()) =>
            {
                let requester = self.mark_repeat(guild, Command::Close, requester);
                // In a channel that is nobody's ticket, it is the asker's own ticket that answers: it says so.
                let own = Owner { guild, member: requester.user };
                let seeker = || self.sought.get(&channel).map(|(seeker, _)| *seeker);
                let owner = self.owner(channel).or_else(seeker).unwrap_or(own);
                vec![Route::Ticket(owner, Event::Close { channel, requester, support, administrator })]
            }
            DiscordEvent::SetUp { guild, requester, rank, .. } if self.recent.is_new(requester.request_id()) => {
                let requester = self.mark_repeat(guild, Command::SetUp, requester);
                vec![Route::Panel { guild, requester, rank }]
            }
            DiscordEvent::Explain { guild, channel, requester, rank } if self.recent.is_new(requester.request_id()) => {
                let requester = self.mark_repeat(guild, Command::Explain, requester);
                let ticket = self.owner(channel).map(|_| channel);
                vec![Route::JournalActor(Question { guild, ticket, requester, rank })]
            }
            DiscordEvent::Private(requester) if self.recent.is_new(requester.request_id()) => {
                vec![Route::TurnDown(requester, Notice::PrivateMessage)]
            }
            DiscordEvent::Unknown(requester) if self.recent.is_new(requester.request_id()) => {
                vec![Route::TurnDown(requester, Notice::UnknownControl)]
            }
            DiscordEvent::Open { requester, .. }
            | DiscordEvent::Private(requester)
            | DiscordEvent::Unknown(requester)
            | DiscordEvent::Close { requester, .. }
            | DiscordEvent::SetUp { requester, .. }
            | DiscordEvent::Explain { requester, .. } => {
                tracing::debug!(request_id = %requester.request_id(), user = %requester.user, "heard twice, handled once");
                Vec::new()
            }
            DiscordEvent::PanelMade(message) => vec![Route::PanelMade(message)],
            DiscordEvent::PanelDeleted(messages) => vec![Route::PanelDeleted(messages)],
            DiscordEvent::PanelHidden(message) => vec![Route::PanelHidden(message)],
            DiscordEvent::Left(guild) if self.home == Home::In(guild) => vec![Route::Left],
            DiscordEvent::Left(_) => Vec::new(),
            DiscordEvent::ChannelGone(channel) => {
                let seeker = self.sought.remove(&channel).map(|(seeker, _)| seeker);
                let owner = self.owner(channel).or(seeker);
                owner.into_iter().map(|owner| Route::Ticket(owner, Event::ChannelDeleted { channel })).collect()
            }
            DiscordEvent::ChannelMade { guild, candidate } => self.see(guild, candidate).into_iter().collect(),
            DiscordEvent::Ready { guilds } => {
                self.unseen.extend(guilds);
                Vec::new()
            }
            DiscordEvent::Channels { guild, all, candidates, home, .. } => {
                self.unseen.remove(&guild);
                let home = (home || self.home == Home::In(guild)).then_some(Route::Home(guild));
                home.into_iter().chain(self.compare(guild, &all, candidates)).collect()
            }
        }
    }

    /// Takes down that they asked for this, and says whether they did so a moment ago.
    fn mark_repeat(&mut self, guild: GuildId, command: Command, requester: Requester) -> Requester {
        let written_in = match requester.origin {
            Origin::Interaction(_) => None,
            Origin::Message { channel, .. } => Some(channel),
        };
        let repeated =
            self.repeats.is_repeated(Request { guild, user: requester.user, command, written_in }, requester.at);
        if repeated {
            tracing::debug!(request_id = %requester.request_id(), user = %requester.user, ?command, "asked for the same a moment ago");
        }
        Requester { repeated, ..requester }
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
    fn compare(&mut self, guild: GuildId, all: &HashSet<ChannelId>, candidates: Vec<ChannelCandidate>) -> Vec<Route> {
        let here = self.places.iter().filter(|(owner, _)| owner.guild == guild);
        let missing = here.filter(|(_, channel)| !all.contains(channel));
        let missing =
            missing.map(|(owner, channel)| Route::Ticket(*owner, Event::ChannelUnlisted { channel: *channel }));
        let mut told: Vec<Route> = missing.collect();
        // Nobody told of the end of those that ended while we were away. One may have become a ticket just now, by an answer
        // that was given before.
        self.sought.retain(|&channel, (owner, _)| {
            let ended = owner.guild == guild && !all.contains(&channel);
            if ended {
                told.push(Route::Ticket(*owner, Event::ChannelUnlisted { channel }));
            }
            !ended
        });
        told.extend(candidates.into_iter().filter_map(|candidate| self.see(guild, candidate)));
        told
    }

    /// A channel that may be a ticket. One that is known to be, is nothing new.
    fn see(&mut self, guild: GuildId, candidate: ChannelCandidate) -> Option<Route> {
        let member = match (&candidate.mark, &*candidate.members) {
            (Some((member, _)), _) => *member,
            (None, [member]) => *member,
            (None, _) => return None,
        };
        if self.owner(candidate.channel).is_some() {
            return None;
        }
        let owner = Owner { guild, member };
        self.sought.insert(candidate.channel, (owner, candidate.clone()));
        Some(Route::Ticket(owner, Event::CandidateFound(candidate)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Command, InteractionId, RequestId, UserId};
    use crate::language::Language;
    use crate::lifecycle::{Interaction, InteractionKind, Origin};

    const GUILD: GuildId = GuildId(1);
    const PANEL: ChannelId = ChannelId(40);
    const ALICE: Owner = Owner { guild: GUILD, member: UserId(10) };

    fn requester(press: u64) -> Requester {
        let press = Interaction {
            interaction: InteractionId(press),
            token: "secret".into(),
            application: crate::ids::ApplicationId(9),
            acknowledged: false,
            language: Language::Russian,
            interaction_kind: InteractionKind::Button,
        };
        Requester {
            user: ALICE.member,
            at: std::time::SystemTime::UNIX_EPOCH,
            origin: Origin::Interaction(press),
            repeated: false,
        }
    }

    fn is_unseen(router: &mut Router, press: u64) -> bool {
        let (guild, channel) = (GUILD, PANEL);
        let told =
            router.route(DiscordEvent::Open { guild, channel, requester: requester(press), name: "alice".into() });
        match &told[..] {
            [Route::Ticket(ALICE, Event::Open { unseen, .. })] => *unseen,
            other => panic!("{other:?}"),
        }
    }

    fn channels(candidates: Vec<ChannelCandidate>) -> DiscordEvent {
        let all = HashSet::from([PANEL, ChannelId(50), ChannelId(51)]);
        DiscordEvent::Channels { guild: GUILD, name: "talon".into(), all, candidates, home: true }
    }

    #[test]
    fn a_press_knows_whether_the_channels_were_told_before_it() {
        let mut router = Router::new(PANEL);
        // What stands in for Discord may never tell them.
        assert!(!is_unseen(&mut router, 1));
        router.route(DiscordEvent::Ready { guilds: vec![GUILD] });
        assert!(is_unseen(&mut router, 2));
        router.route(channels(vec![]));
        assert!(!is_unseen(&mut router, 3));
    }

    #[test]
    fn a_channel_left_aside_comes_up_again_when_the_ticket_is_over() {
        let candidate = |channel| ChannelCandidate {
            channel: ChannelId(channel),
            members: vec![ALICE.member],
            mark: Some((ALICE.member, RequestId(5))),
            attempt: 0,
            number: None,
            owned: false,
        };
        let mut router = Router::new(PANEL);
        router.route(channels(vec![candidate(50), candidate(51)]));
        assert!(router.place(ALICE, Some(ChannelId(50))).is_empty());
        let told = router.place(ALICE, None);
        assert!(
            matches!(&told[..], [Route::Ticket(ALICE, Event::CandidateFound(seen))] if *seen == candidate(51)),
            "{told:?}"
        );
        router.route(DiscordEvent::ChannelGone(ChannelId(51)));
        assert!(router.place(ALICE, None).is_empty());
    }

    #[test]
    fn a_channel_that_nobody_took_is_forgotten_with_its_end() {
        let guild = GUILD;
        let candidate = |channel| ChannelCandidate {
            channel: ChannelId(channel),
            members: vec![UserId(7)],
            mark: Some((UserId(7), RequestId(3))),
            attempt: 0,
            number: None,
            owned: false,
        };
        let mut router = Router::new(PANEL);
        router.route(channels(vec![]));
        for channel in [10, 11, 12] {
            router.route(DiscordEvent::ChannelMade { guild, candidate: candidate(channel) });
        }
        router.route(DiscordEvent::ChannelGone(ChannelId(10)));
        let all = HashSet::from([ChannelId(12)]);
        let told = router.route(DiscordEvent::Channels {
            guild,
            all,
            candidates: Vec::new(),
            home: false,
            name: String::new(),
        });
        let missing =
            |told: &Route| matches!(told, Route::Ticket(_, Event::ChannelUnlisted { channel: ChannelId(11) }));
        assert!(told.iter().any(missing), "it may have become a ticket just now: {told:?}");
        let left: Vec<_> = router.sought.into_keys().collect();
        assert_eq!(left, [ChannelId(12)]);
    }

    const STRANGE: GuildId = GuildId(2);

    fn written(message: u64, second: u64) -> Requester {
        let at = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(second);
        let (channel, message) = (ChannelId(90), crate::ids::MessageId(message));
        let origin = Origin::Message { channel, message, language: Language::Russian };
        Requester { user: ALICE.member, at, origin, repeated: false }
    }

    fn request(guild: GuildId, command: Command, requester: Requester) -> DiscordEvent {
        let channel = ChannelId(90);
        match command {
            Command::Ticket => DiscordEvent::Open { guild, channel, requester, name: "alice".into() },
            Command::Close => DiscordEvent::Close { guild, channel, requester, support: true, administrator: false },
            Command::SetUp => {
                DiscordEvent::SetUp { guild, channel, requester, rank: Rank::Known { administrator: true } }
            }
            Command::Explain => DiscordEvent::Explain { guild, channel, requester, rank: Rank::Roles(vec![]) },
        }
    }

    fn another(channel: u64) -> DiscordEvent {
        let mark = Some((ALICE.member, RequestId(5)));
        let candidate = ChannelCandidate {
            channel: ChannelId(channel),
            members: vec![ALICE.member],
            mark,
            attempt: 0,
            number: None,
            owned: false,
        };
        let all = HashSet::from([ChannelId(channel)]);
        DiscordEvent::Channels { guild: STRANGE, name: "another".into(), all, candidates: vec![candidate], home: false }
    }

    #[test]
    fn in_another_server_everything_pressed_is_turned_down_and_nothing_is_done() {
        let mut router = Router::new(PANEL);
        router.route(channels(vec![]));
        for (press, command) in Command::SLASH.into_iter().enumerate() {
            let told = router.route(request(STRANGE, command, requester(press as u64)));
            assert!(matches!(&told[..], [Route::TurnDown(_, Notice::AnotherServer)]), "{command:?}: {told:?}");
            assert!(router.route(request(STRANGE, command, requester(press as u64))).is_empty(), "it was heard twice");
        }
        let told = router.route(another(95));
        assert!(matches!(&told[..], [Route::Elsewhere { guild: STRANGE, .. }]), "{told:?}");
        let DiscordEvent::Channels { mut candidates, .. } = another(96) else { unreachable!() };
        let made = DiscordEvent::ChannelMade { guild: STRANGE, candidate: candidates.remove(0) };
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
        let told = router.route(request(STRANGE, Command::Close, requester(1)));
        assert!(matches!(&told[..], [Route::Ticket(found, Event::Close { .. })] if *found == owner), "{told:?}");
        let told = router.route(another(95));
        assert!(
            matches!(&told[..], [Route::Ticket(found, Event::ChannelUnlisted { .. }), _] if *found == owner),
            "{told:?}"
        );
    }

    #[test]
    fn nothing_is_done_before_the_own_server_is_known() {
        let mut router = Router::new(PANEL);
        for (guild, press) in [(GUILD, 1), (STRANGE, 2)] {
            let told = router.route(request(guild, Command::Ticket, requester(press)));
            assert!(matches!(&told[..], [Route::FindHome(Some(RequestId(waiting)))] if *waiting == press), "{told:?}");
        }
        assert!(matches!(router.route(another(95))[..], [Route::FindHome(None)]));
        let told = router.home_looked_up(Some(GUILD));
        let [
            Route::Ticket(ALICE, Event::Open { .. }),
            Route::TurnDown(requester, Notice::AnotherServer),
            Route::Elsewhere { .. },
        ] = &told[..]
        else {
            panic!("{told:?}")
        };
        assert_eq!(requester.request_id(), RequestId(2));
        assert!(!router.wants_home() && router.give_up(RequestId(1)).is_none());
    }

    #[test]
    fn who_waits_too_long_for_the_own_server_is_told_so_and_may_ask_again() {
        let mut router = Router::new(PANEL);
        router.route(request(GUILD, Command::Ticket, requester(1)));
        let told = router.give_up(RequestId(1));
        assert!(matches!(&told, Some(Route::TurnDown(_, Notice::DiscordDown))), "{told:?}");
        assert!(router.home_looked_up(Some(GUILD)).is_empty());
        assert!(matches!(&router.route(request(GUILD, Command::Ticket, requester(2)))[..], [Route::Ticket(..)]));
    }

    #[test]
    fn the_panel_channel_tells_the_own_server_and_so_does_coming_back_to_it() {
        let mut router = Router::new(PANEL);
        assert!(!is_unseen(&mut router, 1), "a press of the panel needs no look-up");
        let mut router = Router::new(PANEL);
        router.route(another(95));
        assert!(matches!(&router.home_looked_up(None)[..], [Route::Elsewhere { .. }]));
        let told = router.route(request(GUILD, Command::Ticket, requester(2)));
        assert!(matches!(&told[..], [Route::TurnDown(..)]), "the bot is in no server of its own: {told:?}");
        assert!(matches!(router.route(another(95))[..], [Route::FindHome(None)]), "it may have been let in since");
        router.route(channels(vec![]));
        assert!(matches!(&router.route(request(GUILD, Command::Ticket, requester(3)))[..], [Route::Ticket(..)]));
    }
}
