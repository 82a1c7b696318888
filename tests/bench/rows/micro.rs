//! The parts, each by itself: the rules, the router and the store.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use futures_util::future::try_join_all;
use talon::actors::DiscordEvent;
use talon::actors::router::Router;
use talon::ids::{ApplicationId, ChannelId, GuildId, InteractionId, Owner, TicketNumber, UserId};
use talon::language::Language;
use talon::lifecycle::state::Origin;
use talon::lifecycle::{
    Document, Event, Interaction, InteractionKind, JournalEvent, Outcome, Request, Requester, Rules, State, Ticket,
};
use talon::store::Store;

use crate::figure::{Figure, median};
use crate::seed::block_on;

const NOW: SystemTime = SystemTime::UNIX_EPOCH;
const RULES: Rules =
    Rules { close_delay: Duration::from_secs(5), owner_may_close: true, administrators_are_staff: false };
/// How many tickets there are where there are many.
const MANY: u64 = 100_000;
/// How many save at once where several do.
const CROWD: u64 = 500;

pub fn parts(_: &Path) -> Vec<Figure> {
    let folder = tempfile::TempDir::new().expect("a folder for the database");
    let store = Store::open(&folder.path().join("talon.db")).expect("the database can be made");
    vec![
        Figure::new("rules: one opening, from the press to the end", micros(200, 1_000, opening), "µs"),
        Figure::new("router: 100,000 tickets placed", router_filled(), "ms"),
        Figure::new("router: whose channel is this, of 100,000", router_asked(), "µs"),
        Figure::new("store: one save, on the disk", micros(100, 1, || save(&store, 1)) / 1_000.0, "ms"),
        Figure::new("store: 500 saves at once, on the disk", micros(20, 1, || save(&store, CROWD)) / 1_000.0, "ms"),
        Figure::new("store: 100,000 tickets read", restored(&store), "ms"),
    ]
}

/// The median time that a deed takes, in microseconds, of so many runs of so many each.
fn micros(runs: u32, each: u32, mut deed: impl FnMut()) -> f64 {
    let run = |_| {
        let begun = Instant::now();
        (0..each).for_each(|_| deed());
        begun.elapsed().as_secs_f64() * 1e6 / f64::from(each)
    };
    median((0..runs).map(run).collect())
}

fn opening() {
    let mut ticket = Ticket::new(owner(1), RULES, Document::default());
    let number = Some(TicketNumber(1));
    let pressed = Event::Open { requester: requester(1), name: "alice".to_owned(), unseen: false };
    let mut calls = ticket.decide(pressed, NOW).saved(&mut ticket, number).calls;
    while let Some(call) = calls.pop() {
        let answer = match &call {
            Request::CreateChannel { .. } => Outcome::Created(ChannelId(5)),
            _ => Outcome::Done,
        };
        calls.extend(ticket.decide(Event::RequestCompleted { call, answer }, NOW).saved(&mut ticket, number).calls);
    }
    assert_eq!(black_box(ticket).state(), &State::Open { channel: ChannelId(5) });
}

fn router_filled() -> f64 {
    micros(5, 1, || drop(black_box(router()))) / 1_000.0
}

fn router_asked() -> f64 {
    let (mut router, mut number) = (router(), 0);
    micros(20, 10_000, || {
        number = (number + 7_919) % MANY;
        black_box(router.route(DiscordEvent::ChannelGone(ChannelId(number))));
    })
}

fn router() -> Router {
    let mut router = Router::new(ChannelId(u64::MAX));
    (0..MANY).for_each(|number| drop(router.place(owner(number), Some(ChannelId(number)))));
    router
}

fn save(store: &Store, count: u64) {
    let saves = (0..count).map(|number| {
        let state = State::Open { channel: ChannelId(number + 1) };
        let notes = [JournalEvent::Opened { channel: ChannelId(number + 1) }];
        store.save(owner(number), &state.into(), &notes, NOW)
    });
    block_on(try_join_all(saves)).expect("the rows can be saved");
}

fn restored(store: &Store) -> f64 {
    save(store, MANY);
    micros(5, 1, || drop(block_on(store.all()).expect("the rows can be read"))) / 1_000.0
}

fn owner(number: u64) -> Owner {
    Owner { guild: GuildId(1 + number / 500), member: UserId(number) }
}

fn requester(number: u64) -> Requester {
    let press = Interaction {
        interaction: InteractionId(number),
        token: "a token of some length, as they are in life".to_owned(),
        application: ApplicationId(2),
        acknowledged: false,
        language: Language::Russian,
        interaction_kind: InteractionKind::Button,
    };
    Requester { user: UserId(number), at: NOW, origin: Origin::Interaction(press), repeated: false }
}
