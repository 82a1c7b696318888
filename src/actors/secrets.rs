//! Whoever has the token of a press can answer in the bot's name, and what is debugged ends up in logs: no value that
//! holds a press shows its token.

use std::fmt::Debug;
use std::time::{Duration, SystemTime};

use crate::actors::journal::{JournalMsg, Question};
use crate::actors::panel::PanelMsg;
use crate::actors::router::{Route, Router};
use crate::actors::supervisor::SupervisorMsg;
use crate::actors::ticket::TicketMsg;
use crate::actors::{DiscordEvent, Rank};
use crate::discord::{Place, build_request};
use crate::ids::{ChannelId, GuildId, InteractionId, Owner, RoleId, TicketNumber, UserId};
use crate::language::{Language, Locale};
use crate::lifecycle::panel::{Panel, PanelEvent};
use crate::lifecycle::reply::{Reply, Role};
use crate::lifecycle::{
    Acknowledgement, Closing, Document, DurableTicket, Effect, Event, Interaction, InteractionKind, Message, Notice,
    Origin, Outcome, Request, Requester, Rules, State, Ticket,
};

const TOKEN: &str = "aW50ZXJhY3Rpb24";
const GUILD: GuildId = GuildId(1);
const OWNER: Owner = Owner { guild: GUILD, member: UserId(10) };
const RULES: Rules =
    Rules { close_delay: Duration::from_secs(5), owner_may_close: true, administrators_are_staff: false };
const NOW: SystemTime = SystemTime::UNIX_EPOCH;
const PLACE: Place = Place { locale: Locale::Auto, ..Place::EXAMPLE };

fn press(acknowledged: bool) -> Interaction {
    Interaction {
        interaction: InteractionId(60 << 22),
        token: TOKEN.to_owned(),
        application: PLACE.application,
        acknowledged,
        language: Language::Russian,
        interaction_kind: InteractionKind::Button,
    }
}

fn requester() -> Requester {
    Requester { user: OWNER.member, at: NOW, origin: Origin::Interaction(press(false)), repeated: false }
}

fn documents() -> [Document; 3] {
    let respond = |words| Effect::Respond { requester: requester(), words };
    let opening = Document {
        request: None,
        state: State::Opening { channel: None },
        outbox: vec![Effect::EnsureChannel, respond(None)],
    };
    let refused = Document { request: None, state: State::Absent, outbox: vec![respond(Some(Notice::TryAgain))] };
    let failure = Message::CloseFailure { words: Notice::TryAgain, closer: requester() };
    let closing = Document {
        request: None,
        state: State::Closing(Closing {
            channel: ChannelId(50),
            due: NOW,
            delay: RULES.close_delay,
            requester: requester(),
        }),
        outbox: vec![Effect::EnsureMessage(failure)],
    };
    [opening, refused, closing]
}

fn calls() -> [Request; 3] {
    [
        Request::Acknowledge { press: press(true), with: Acknowledgement::Deferral },
        Request::Acknowledge { press: press(false), with: Acknowledgement::Private(Notice::TryAgain) },
        Request::EditReply { press: press(true), words: Notice::TryAgain },
    ]
}

fn events() -> Vec<Event> {
    let channel = ChannelId(50);
    let answered = calls().map(|call| Event::RequestCompleted { call, answer: Outcome::Indeterminate });
    let mut events = vec![
        Event::Open { requester: requester(), name: "alice".to_owned(), unseen: true },
        Event::Close { channel, requester: requester(), support: true, administrator: false },
    ];
    events.extend(answered);
    events
}

#[track_caller]
fn check(value: &impl Debug) {
    for shown in [format!("{value:?}"), format!("{value:#?}")] {
        assert!(!shown.contains(TOKEN), "{shown}");
    }
}

#[test]
fn no_state_call_or_event_shows_the_token_of_a_press() {
    check(&press(true));
    check(&requester());
    for state in documents() {
        check(&state);
        check(&Ticket::new(OWNER, RULES, state));
    }
    for call in calls() {
        check(&call);
        check(&build_request(&call, &PLACE));
    }
    for event in events() {
        check(&event);
    }
}

#[test]
fn no_ticket_and_no_answer_shows_it_whatever_is_under_way() {
    for event in events() {
        let mut ticket = Ticket::new(OWNER, RULES, Document::default());
        let decision = ticket.decide(event.clone(), NOW);
        check(&decision);
        check(&ticket);
        check(&decision.saved(&mut ticket, Some(TicketNumber(1))));

        let mut loading = DurableTicket::new(OWNER, RULES);
        check(&loading.hear(event.clone(), NOW));
        check(&loading);
        check(&loading.loaded(Some((Document::default(), None)), NOW));
        check(&loading);
        check(&loading.saved(&Err(()), NOW + Duration::from_secs(2)));
        check(&loading);
    }
    let mut reply = Reply::owed(requester(), Role::Opener);
    check(&reply.tell(Notice::TryAgain, NOW));
    check(&reply);
}

#[test]
fn no_message_between_actors_shows_it() {
    let (channel, roles) = (ChannelId(50), vec![RoleId(3)]);
    let heard = || {
        [
            DiscordEvent::Open { guild: GUILD, channel, requester: requester(), name: "alice".to_owned() },
            DiscordEvent::Close { guild: GUILD, channel, requester: requester(), support: false, administrator: false },
            DiscordEvent::SetUp {
                guild: GUILD,
                channel,
                requester: requester(),
                rank: Rank::Known { administrator: true },
            },
            DiscordEvent::Explain { guild: GUILD, channel, requester: requester(), rank: Rank::Roles(roles.clone()) },
        ]
    };
    for heard in heard() {
        check(&heard);
        // The panel is there, so the server is the bot's own.
        let mut router = Router::new(channel);
        let told: Vec<Route> = router.route(heard);
        assert_eq!(told.len(), 1);
        check(&told);
        check(&router);
    }
    for heard in heard() {
        check(&SupervisorMsg::Hear(heard));
    }
    for event in events() {
        check(&TicketMsg::Hear(event));
    }
    for call in calls() {
        check(&TicketMsg::Answered(call.clone(), Outcome::Indeterminate));
        check(&PanelMsg::Hear(PanelEvent::Answered { call, answer: Outcome::Indeterminate }));
    }
    let rank = Rank::Roles(roles.clone());
    check(&PanelMsg::SetUp { guild: GUILD, requester: requester(), rank });
    let mut panel = Panel::new(None);
    let ensure = PanelEvent::Ensure(Some(requester()));
    check(&ensure);
    check(&panel.handle(ensure, NOW));
    check(&panel);
    check(&panel.handle(PanelEvent::TurnDown(requester(), Notice::AdministratorsOnly), NOW));
    check(&panel);
    check(&JournalMsg::Explain(Question {
        guild: GUILD,
        ticket: None,
        requester: requester(),
        rank: Rank::Roles(roles),
    }));
}
