//! The table of the whole bot, row by row: in this state, on that event, what is saved and what is asked of Discord.
//!
//! A ticket is loaded from its row first, as in production, so each case begins after [`Event::Loaded`]. What the
//! restoring itself asks for has cases of its own. Times are milliseconds after Alice's press.

#![expect(clippy::cloned_ref_to_slice_refs, reason = "a list of one call is written like a list of two")]
#![expect(clippy::needless_pass_by_value, reason = "a case is written with values, not with references to them")]

mod access;
mod candidates;
mod close_failure;
mod closing;
mod doubts;
mod durable;
mod ending;
mod limits;
mod menu;
mod numbers;
mod opening;
mod panel;
mod repeats;
mod replies;
mod rivals;
mod saving;
mod tokens;

use std::time::{Duration, SystemTime};

use super::{
    Acknowledgement, ApiError, ChannelCandidate, ChannelName, Closing, Document, Effect, Event, Interaction,
    InteractionKind, JournalEvent, Message, Notice, OpenRequest, Origin, Outcome, Reason, Request, Requester, Rules,
    Source, State, Ticket,
};
use crate::ids::{ApplicationId, ChannelId, GuildId, InteractionId, MessageId, Owner, RequestId, UserId};
use crate::language::Language;

const ALICE: UserId = UserId(11);
const SAM: UserId = UserId(12);
const BOB: UserId = UserId(13);
const GUILD: GuildId = GuildId(1);
const OWNER: Owner = Owner { guild: GUILD, member: ALICE };
const RULES: Rules =
    Rules { close_delay: Duration::from_secs(5), owner_may_close: true, administrators_are_staff: false };

/// When Alice pressed, in milliseconds of Discord's clock.
const PRESSED: u64 = 1_000_000;
/// Alice's press, the second one, and her `!ticket`.
const FIRST: u64 = snowflake(0, 1);
const SECOND: u64 = snowflake(0, 2);
const COMMAND: u64 = snowflake(0, 3);
/// What closes.
const LEAVE: u64 = snowflake(0, 4);
const LEAVE_AGAIN: u64 = snowflake(0, 5);
/// Channels: the ticket, one made for the same press, and one that was there before it.
const C: ChannelId = ChannelId(snowflake(200, 0));
const D: ChannelId = ChannelId(snowflake(300, 0));
const OLD: ChannelId = ChannelId(snowflake(0, 0) - (1 << 22));
const M: MessageId = MessageId(snowflake(400, 0));

/// An id made so many milliseconds after the press.
const fn snowflake(millis: u64, number: u64) -> u64 {
    ((PRESSED + millis) << 22) | number
}

fn at(millis: u64) -> SystemTime {
    InteractionId(snowflake(millis, 0)).made_at()
}

// -- who asks, and how

fn press(number: u64) -> Interaction {
    Interaction {
        interaction: InteractionId(number),
        token: "secret".into(),
        application: ApplicationId(9),
        acknowledged: false,
        language: Language::Russian,
        interaction_kind: InteractionKind::Button,
    }
}

/// The same press, after its first answer was begun.
fn begun(number: u64) -> Interaction {
    Interaction { acknowledged: true, ..press(number) }
}

fn by_press(user: UserId, press: Interaction) -> Requester {
    Requester { user, at: at(0), origin: Origin::Interaction(press), repeated: false }
}

fn by_command(user: UserId, number: u64) -> Requester {
    let language = Language::Russian;
    let origin = Origin::Message { channel: OLD, message: MessageId(number), language };
    Requester { user, at: at(0), origin, repeated: false }
}

// -- documents

const ABSENT: Document = Document { request: None, state: State::Absent, outbox: Vec::new() };

fn request(requester: &Requester) -> OpenRequest {
    OpenRequest { id: requester.request_id(), at: requester.at, name: "alice".into() }
}

/// Nobody has been told anything yet, unless the channel is known.
fn opening(requester: Requester, channel: Option<ChannelId>) -> Document {
    let ensure = if channel.is_some() { Effect::EnsureMessage(Message::Welcome) } else { Effect::EnsureChannel };
    Document {
        request: Some(request(&requester)),
        state: State::Opening { channel },
        outbox: vec![ensure, Effect::Respond { words: channel.map(Notice::Created), requester }],
    }
}

fn asked() -> Document {
    opening(by_press(ALICE, press(FIRST)), None)
}

fn deferred() -> Document {
    opening(by_press(ALICE, begun(FIRST)), None)
}

fn bound() -> Document {
    opening(by_press(ALICE, press(FIRST)), Some(C))
}

/// Alice's press came to nothing, and she is to be told why.
fn refusing(words: Notice) -> Document {
    refusing_to(by_press(ALICE, press(FIRST)), words)
}

fn refusing_to(requester: Requester, words: Notice) -> Document {
    Document {
        request: Some(request(&requester)),
        state: State::Absent,
        outbox: vec![Effect::Respond { requester, words: Some(words) }],
    }
}

fn open(channel: ChannelId) -> Document {
    State::Open { channel }.into()
}

fn closing_until(due: SystemTime, requester: Requester, announced: bool) -> Document {
    let announcement = (!announced).then_some(Effect::EnsureMessage(Message::Announcement));
    let state = State::Closing(Closing { channel: C, due, delay: RULES.close_delay, requester });
    Document { outbox: announcement.into_iter().collect(), ..state.into() }
}

fn closing_by(requester: Requester, announced: bool) -> Document {
    closing_until(at(5000), requester, announced)
}

/// It came before [`bound`] was over.
fn too_early(closing: Document) -> Document {
    let Document { request, outbox, .. } = bound();
    Document { request, outbox: [outbox, closing.outbox].concat(), ..closing }
}

/// The same row, when the tokens of its presses have expired.
fn spent(mut row: Document) -> Document {
    row.forget_tokens(at(15 * 60_000));
    row
}

/// Announced so late that the channel stays longer than was meant.
fn announced_late(millis: u64) -> Document {
    closing_until(at(millis + 5000), by_press(ALICE, press(LEAVE)), true)
}

fn silent() -> Document {
    closing_by(by_press(ALICE, press(LEAVE)), false)
}

fn announced() -> Document {
    closing_by(by_press(ALICE, press(LEAVE)), true)
}

// -- events

fn wants(requester: Requester) -> Event {
    Event::Open { requester, name: "alice".into(), unseen: false }
}

/// Alice presses the panel's button.
fn pressed(number: u64) -> Event {
    wants(by_press(ALICE, press(number)))
}

fn leaves(channel: ChannelId, requester: Requester, support: bool) -> Event {
    Event::Close { channel, requester, support, administrator: false }
}

/// A member without the support role presses the ticket's button.
fn closed_by(user: UserId) -> Event {
    leaves(C, by_press(user, press(LEAVE)), false)
}

fn closed_by_support() -> Event {
    leaves(C, by_press(SAM, press(LEAVE)), true)
}

fn gone(channel: ChannelId) -> Event {
    Event::ChannelDeleted { channel }
}

fn missing(channel: ChannelId) -> Event {
    Event::ChannelUnlisted { channel }
}

/// A channel with Alice's mark in its topic, made for this press.
fn marked(channel: ChannelId, request_id: u64) -> ChannelCandidate {
    ChannelCandidate {
        channel,
        members: vec![ALICE],
        mark: Some((ALICE, RequestId(request_id))),
        attempt: 0,
        number: None,
        owned: false,
    }
}

/// The same, by a later attempt.
fn attempted(channel: ChannelId, attempt: u32) -> ChannelCandidate {
    ChannelCandidate { attempt, ..marked(channel, FIRST) }
}

/// A channel such as the Python bot made.
fn unmarked(channel: ChannelId) -> ChannelCandidate {
    ChannelCandidate { channel, members: vec![ALICE], mark: None, attempt: 0, number: None, owned: false }
}

// -- calls

fn create() -> Request {
    Request::CreateChannel {
        owner: OWNER,
        name: ChannelName::Member("alice".into()),
        request_id: RequestId(FIRST),
        attempt: 0,
        number: None,
    }
}

/// A later attempt, so many milliseconds after the press.
fn create_again(attempt: u32) -> Request {
    Request::CreateChannel {
        owner: OWNER,
        name: ChannelName::Member("alice".into()),
        request_id: RequestId(FIRST),
        attempt,
        number: None,
    }
}

fn create_neutral() -> Request {
    Request::CreateChannel {
        owner: OWNER,
        name: ChannelName::Neutral,
        request_id: RequestId(FIRST),
        attempt: 0,
        number: None,
    }
}

fn list() -> Request {
    Request::ListChannels { guild: GUILD }
}

fn get(channel: ChannelId) -> Request {
    Request::GetChannel { channel }
}

fn restore_access(channel: ChannelId) -> Request {
    Request::RestoreAccess { owner: OWNER, channel }
}

fn find(channel: ChannelId) -> Request {
    Request::FindChannel { guild: GUILD, channel }
}

fn read(channel: ChannelId) -> Request {
    Request::ReadChannel { channel, after: None }
}

fn read_after(request_id: u64) -> Request {
    Request::ReadChannel { channel: C, after: Some(RequestId(request_id)) }
}

/// Looks for the reply to a command.
fn look_for_reply(number: u64) -> Request {
    Request::ReadChannel { channel: OLD, after: Some(RequestId(number)) }
}

fn welcome(channel: ChannelId) -> Request {
    Request::Welcome { owner: OWNER, channel }
}

fn tell(press: Interaction, words: Notice) -> Request {
    Request::Acknowledge { press, with: Acknowledgement::Private(words) }
}

fn edit(press: Interaction, words: Notice) -> Request {
    Request::EditReply { press, words }
}

fn defer(press: Interaction) -> Request {
    Request::Acknowledge { press, with: Acknowledgement::Deferral }
}

/// The announcement as the answer to a press.
fn announce(press: Interaction) -> Request {
    Request::Acknowledge { press, with: Acknowledgement::Public(Notice::Closing(RULES.close_delay)) }
}

/// The announcement as a message.
fn say_closing(request_id: u64) -> Request {
    say(Notice::Closing(RULES.close_delay), request_id)
}

fn say(words: Notice, request_id: u64) -> Request {
    Request::Say { channel: C, words, reply_to: None, request_id: RequestId(request_id) }
}

/// A reply to a command.
fn reply(number: u64, words: Notice) -> Request {
    let reply_to = Some((MessageId(number), Language::Russian));
    Request::Say { channel: OLD, words, reply_to, request_id: RequestId(number) }
}

fn delete(channel: ChannelId) -> Request {
    Request::DeleteChannel { channel }
}

// -- answers

fn refused(refusal: ApiError) -> Outcome {
    Outcome::Refused(refusal)
}

/// 404 with the code 10003.
fn no_channel() -> Outcome {
    refused(ApiError::ChannelGone)
}

fn forbidden() -> Outcome {
    refused(ApiError::Forbidden(Vec::new()))
}

fn seen(welcome: bool, others: bool) -> Outcome {
    Outcome::Read { welcome, announcement: None, replied: false, others }
}

/// What was said after a close was asked for: the announcement, just when it was asked for, or something else.
fn heard(announcement: bool) -> Outcome {
    Outcome::Read { welcome: false, announcement: announcement.then(|| at(0)), replied: false, others: true }
}

/// What follows a command: was it answered before?
fn answered_before(replied: bool) -> Outcome {
    Outcome::Read { welcome: false, announcement: None, replied, others: true }
}

/// What happens to one ticket.
struct Story {
    ticket: Ticket,
    now: SystemTime,
    notes: Vec<JournalEvent>,
}

/// A ticket that has just been loaded from its row.
fn given(row: Document) -> Story {
    given_at(0, row)
}

fn given_at(millis: u64, row: Document) -> Story {
    let mut story = Story { ticket: Ticket::new(OWNER, RULES, row), now: at(millis), notes: Vec::new() };
    story.ticket.handle(Event::Loaded, story.now);
    story
}

/// A row that is loaded at this time: what it asks for.
#[track_caller]
fn restored(millis: u64, row: Document, calls: &[Request]) -> Story {
    let ticket = Ticket::new(OWNER, RULES, row.clone());
    Story { ticket, now: at(millis), notes: Vec::new() }.on(Event::Loaded, row, calls)
}

/// In this state, on this event: the state then, and the calls.
#[track_caller]
fn check(state: Document, event: Event, then: Document, calls: &[Request]) {
    given(state).on(event, then, calls);
}

/// In this state, this event changes nothing and asks for nothing.
#[track_caller]
fn unmoved(state: Document, event: Event) {
    check(state.clone(), event, state, &[]);
}

impl Story {
    /// The next event: the state after it, and the calls it asks for, in whatever order.
    #[track_caller]
    fn on(mut self, event: Event, then: Document, calls: &[Request]) -> Self {
        let before = self.ticket.document().clone();
        let step = self.ticket.handle(event, self.now);
        let now = self.ticket.document().clone();
        assert_eq!(undelivered(&now), undelivered(&then), "the document");
        assert_eq!(sorted(&step.calls), sorted(calls), "the calls");
        assert_eq!(step.save, now.must_be_saved_after(&before).then_some(now), "what is to be saved");
        self.notes = step.notes;
        self
    }

    /// The answer to a call.
    #[track_caller]
    fn answer(self, call: Request, answer: Outcome, then: Document, calls: &[Request]) -> Self {
        self.on(Event::RequestCompleted { call, answer }, then, calls)
    }

    /// A call about the ticket's channel was answered with 404, and so it is looked for, in the list and by its id.
    #[track_caller]
    fn lost(self, call: Request) -> Self {
        let state = self.ticket.document().clone();
        self.answer(call, no_channel(), state.clone(), &[find(C)]).answer(find(C), Outcome::Unlisted, state, &[get(C)])
    }

    /// It is not there, and not three seconds later either, when all other calls that wait are made again, too: the list
    /// leaves it out once more, and it is asked for by its id.
    #[track_caller]
    fn still_lost(mut self, others: &[Request]) -> Self {
        let state = self.ticket.document().clone();
        self = self.answer(get(C), no_channel(), state.clone(), &[]);
        self.now += Duration::from_secs(3);
        let calls = [&[find(C)], others].concat();
        self.on(Event::TimerFired, state.clone(), &calls).answer(find(C), Outcome::Unlisted, state, &[get(C)])
    }

    /// From now on it is so late.
    fn at(mut self, millis: u64) -> Self {
        self.now = at(millis);
        self
    }

    /// The ticket wants to be woken exactly then, and is.
    #[track_caller]
    fn wake(mut self, millis: u64, then: Document, calls: &[Request]) -> Self {
        assert_eq!(self.ticket.deadline(), Some(at(millis)), "the deadline");
        self.now = at(millis);
        self.on(Event::TimerFired, then, calls)
    }

    /// What the last event left in the journal.
    #[track_caller]
    fn notes(self, notes: &[JournalEvent]) -> Self {
        assert_eq!(self.notes, notes, "the notes");
        self
    }

    /// There is nothing left to do.
    #[track_caller]
    fn rests(mut self) {
        if self.ticket.checked.is_some() || self.ticket.failures.is_some() || self.ticket.orphaned.is_some() {
            // What was looked up, came to nothing or was deleted is forgotten after a while.
            let step = self.ticket.handle(Event::TimerFired, self.now + Duration::from_secs(60));
            assert_eq!(sorted(&step.calls), [""; 0]);
        }
        assert_eq!(self.ticket.deadline(), None, "the deadline");
        assert!(self.ticket.is_still() && self.ticket.is_idle(self.now), "{:#?}", self.ticket);
    }
}

/// What a case says of a document: a welcome and an answer may have been delivered without that being said.
fn undelivered(document: &Document) -> Document {
    let mut document = document.clone();
    document.request = None;
    document.outbox.retain(|effect| !effect.is_repeatable() || document.state == State::Absent);
    document
}

fn sorted(calls: &[Request]) -> Vec<String> {
    let mut calls: Vec<String> = calls.iter().map(|call| format!("{call:?}")).collect();
    calls.sort();
    calls
}
