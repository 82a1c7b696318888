//! Whoever has the token of a press can answer in the bot's name, and what is debugged ends up in logs: no value that
//! holds a press shows its token.

use std::fmt::Debug;
use std::time::{Duration, SystemTime};

use crate::actors::clerk::{ClerkMsg, Question};
use crate::actors::panel::PanelMsg;
use crate::actors::router::{Router, Told};
use crate::actors::supervisor::SupervisorMsg;
use crate::actors::ticket::TicketMsg;
use crate::actors::{Heard, Rank};
use crate::discord::{Place, build_request};
use crate::ids::{ChannelId, GuildId, InteractionId, Owner, RoleId, TicketNumber, UserId};
use crate::language::{Language, Locale};
use crate::lifecycle::panel::{Panel, PanelEvent};
use crate::lifecycle::reply::{Reply, Role};
use crate::lifecycle::{
    Acknowledgement, Answer, Asker, Call, Closing, Document, DurableTicket, Effect, Entrance, Event, Gesture, Message,
    Press, Rules, State, Ticket, Words,
};

const TOKEN: &str = "aW50ZXJhY3Rpb24";
const GUILD: GuildId = GuildId(1);
const OWNER: Owner = Owner { guild: GUILD, member: UserId(10) };
const RULES: Rules = Rules { close_delay: Duration::from_secs(5) };
const NOW: SystemTime = SystemTime::UNIX_EPOCH;
const PLACE: Place = Place { locale: Locale::Auto, ..Place::EXAMPLE };

fn press(acknowledged: bool) -> Press {
    Press {
        interaction: InteractionId(60 << 22),
        token: TOKEN.to_owned(),
        application: PLACE.application,
        acknowledged,
        language: Language::Russian,
        gesture: Gesture::Button,
    }
}

fn asker() -> Asker {
    Asker { user: OWNER.member, at: NOW, entrance: Entrance::Press(press(false)), repeated: false }
}

fn documents() -> [Document; 3] {
    let respond = |words| Effect::Respond { asker: asker(), words };
    let opening = Document {
        request: None,
        state: State::Opening { channel: None },
        outbox: vec![Effect::EnsureChannel, respond(None)],
    };
    let refused = Document { request: None, state: State::Absent, outbox: vec![respond(Some(Words::TryAgain))] };
    let failure = Message::CloseFailure { words: Words::TryAgain, closer: asker() };
    let closing = Document {
        request: None,
        state: State::Closing(Closing { channel: ChannelId(50), due: NOW, asker: asker() }),
        outbox: vec![Effect::EnsureMessage(failure)],
    };
    [opening, refused, closing]
}

fn calls() -> [Call; 3] {
    [
        Call::Acknowledge { press: press(true), with: Acknowledgement::Deferral },
        Call::Acknowledge { press: press(false), with: Acknowledgement::Private(Words::TryAgain) },
        Call::EditReply { press: press(true), words: Words::TryAgain },
    ]
}

fn events() -> Vec<Event> {
    let channel = ChannelId(50);
    let answered = calls().map(|call| Event::Answered { call, answer: Answer::Unknown });
    let mut events = vec![
        Event::Open { asker: asker(), name: "alice".to_owned(), unseen: true },
        Event::Close { channel, asker: asker(), support: true },
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
    check(&asker());
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
    let mut reply = Reply::owed(asker(), Role::Opener);
    check(&reply.tell(Words::TryAgain, NOW));
    check(&reply);
}

#[test]
fn no_message_between_actors_shows_it() {
    let (channel, roles) = (ChannelId(50), vec![RoleId(3)]);
    let heard = || {
        [
            Heard::Open { guild: GUILD, channel, asker: asker(), name: "alice".to_owned() },
            Heard::Close { guild: GUILD, channel, asker: asker(), support: false },
            Heard::SetUp { guild: GUILD, channel, asker: asker(), rank: Rank::Told { administrator: true } },
            Heard::Explain { guild: GUILD, channel, asker: asker(), rank: Rank::Roles(roles.clone()) },
        ]
    };
    for heard in heard() {
        check(&heard);
        // The panel is there, so the server is the bot's own.
        let mut router = Router::new(channel);
        let told: Vec<Told> = router.route(heard);
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
        check(&TicketMsg::Answered(call.clone(), Answer::Unknown));
        check(&PanelMsg::Hear(PanelEvent::Answered { call, answer: Answer::Unknown }));
    }
    let rank = Rank::Roles(roles.clone());
    check(&PanelMsg::SetUp { guild: GUILD, asker: asker(), rank });
    let mut panel = Panel::new(None);
    let ensure = PanelEvent::Ensure(Some(asker()));
    check(&ensure);
    check(&panel.handle(ensure, NOW));
    check(&panel);
    check(&panel.handle(PanelEvent::TurnDown(asker(), Words::AdministratorsOnly), NOW));
    check(&panel);
    check(&ClerkMsg::Explain(Question { guild: GUILD, ticket: None, asker: asker(), rank: Rank::Roles(roles) }));
}
