//! One answer to one asker: in time, once, whatever gets lost.

use super::*;
use crate::lifecycle::reply::{Reply, Role};

/// What becomes of one answer.
struct Talk {
    reply: Reply,
    now: SystemTime,
}

fn owed(role: Role) -> Talk {
    Talk { reply: Reply::owed(by_press(ALICE, press(FIRST)), role), now: at(0) }
}

fn commanded() -> Talk {
    Talk { reply: Reply::owed(by_command(ALICE, COMMAND), Role::Bystander), now: at(0) }
}

impl Talk {
    fn at(mut self, millis: u64) -> Self {
        self.now = at(millis);
        self
    }

    #[track_caller]
    fn tell(mut self, words: Notice, call: Option<Request>) -> Self {
        assert_eq!(self.reply.tell(words, self.now), call);
        self
    }

    #[track_caller]
    fn wake(mut self, millis: u64, call: Option<Request>) -> Self {
        assert_eq!(self.reply.deadline(), Some(at(millis)), "the deadline");
        self.now = at(millis);
        assert_eq!(self.reply.wake(self.now), call);
        self
    }

    #[track_caller]
    fn hear(mut self, call: Request, answer: Outcome, next: Option<Request>) -> Self {
        assert_eq!(self.reply.hear(&call, &answer, self.now), Some(next));
        self
    }

    #[track_caller]
    fn deaf_to(mut self, call: Request, answer: Outcome) -> Self {
        assert_eq!(self.reply.hear(&call, &answer, self.now), None);
        self
    }

    /// It is over, and the asker has been told or not.
    #[track_caller]
    fn over(self, told: bool) {
        assert_eq!(self.reply.outcome(), Some(told));
        assert_eq!(self.reply.deadline(), None);
    }

    /// Nothing is known to say yet, and nothing is due.
    #[track_caller]
    fn waits(self) -> Self {
        assert_eq!((self.reply.outcome(), self.reply.deadline(), self.reply.is_sent()), (None, None, false));
        self
    }
}

const HERE: Notice = Notice::Created(C);

fn told(words: Notice) -> Request {
    tell(press(FIRST), words)
}

fn edited(words: Notice) -> Request {
    edit(begun(FIRST), words)
}

fn deferral() -> Request {
    defer(begun(FIRST))
}

fn too_late() -> Outcome {
    refused(ApiError::InteractionGone)
}

#[test]
fn an_answer_is_given_once() {
    owed(Role::Opener).tell(HERE, Some(told(HERE))).hear(told(HERE), Outcome::Done, None).over(true);
    owed(Role::Bystander).tell(HERE, Some(told(HERE))).deaf_to(create(), Outcome::Indeterminate);
    owed(Role::Bystander).deaf_to(told(HERE), Outcome::Done);
}

#[test]
fn a_press_is_deferred_after_a_second_and_a_half() {
    owed(Role::Opener)
        .wake(1500, Some(deferral()))
        .hear(deferral(), Outcome::Done, None)
        .waits()
        .at(60_000)
        .tell(HERE, Some(edited(HERE)))
        .hear(edited(HERE), Outcome::Done, None)
        .over(true);
    owed(Role::Waiter).wake(1500, Some(told(Notice::StillOpening)));
}

#[test]
fn a_press_is_not_deferred_early() {
    let mut talk = owed(Role::Opener);
    assert_eq!(talk.reply.wake(at(1499)), None);
    talk.wake(1500, Some(deferral()));
}

#[test]
fn a_command_is_never_deferred() {
    commanded().waits().at(60_000).tell(HERE, Some(reply(COMMAND, HERE))).hear(
        reply(COMMAND, HERE),
        Outcome::Sent(M),
        None,
    );
}

#[test]
fn after_three_seconds_the_first_answer_is_an_edit() {
    owed(Role::Bystander).at(2999).tell(HERE, Some(told(HERE)));
    owed(Role::Bystander).at(3000).tell(HERE, Some(edit(press(FIRST), HERE)));
}

#[test]
fn after_a_quarter_of_an_hour_nothing_is_said() {
    let limit = 15 * 60_000;
    owed(Role::Bystander).at(limit - 1).tell(HERE, Some(edit(press(FIRST), HERE)));
    owed(Role::Bystander).at(limit).tell(HERE, None).over(false);
}

#[test]
fn a_lost_answer_is_repeated_with_growing_pauses() {
    owed(Role::Bystander)
        .tell(HERE, Some(told(HERE)))
        .hear(told(HERE), Outcome::Indeterminate, None)
        .wake(100, Some(told(HERE)))
        .hear(told(HERE), Outcome::Indeterminate, None)
        .wake(300, Some(told(HERE)))
        .hear(told(HERE), Outcome::Indeterminate, None)
        .wake(700, Some(told(HERE)))
        .at(2000)
        .hear(told(HERE), Outcome::Indeterminate, None)
        // 2.8 s
        .wake(2800, Some(told(HERE)))
        .hear(told(HERE), Outcome::Indeterminate, None)
        // It may have arrived. If so, the edit says the same words again; if not, it fails.
        .wake(4400, Some(edit(press(FIRST), HERE)))
        .hear(edit(press(FIRST), HERE), too_late(), None)
        .over(false);
}

#[test]
fn an_answer_that_had_arrived_is_only_confirmed() {
    owed(Role::Bystander)
        .tell(HERE, Some(told(HERE)))
        .hear(told(HERE), Outcome::Indeterminate, None)
        .wake(100, Some(told(HERE)))
        .hear(told(HERE), refused(ApiError::AlreadyAcknowledged), Some(edited(HERE)))
        .hear(edited(HERE), Outcome::Done, None)
        .over(true);
}

#[test]
fn an_answer_that_discord_does_not_take_is_over() {
    for refusal in [ApiError::InteractionGone, ApiError::Other { status: 400, code: 0 }] {
        owed(Role::Bystander).tell(HERE, Some(told(HERE))).hear(told(HERE), refused(refusal), None).over(false);
    }
    owed(Role::Opener).wake(1500, Some(deferral())).hear(deferral(), too_late(), None).over(false);
}

#[test]
fn words_that_change_while_they_are_on_their_way_are_corrected() {
    let other = Notice::ChannelGone;
    owed(Role::Opener)
        .tell(HERE, Some(told(HERE)))
        .tell(other.clone(), None)
        .hear(told(HERE), Outcome::Done, Some(edited(other.clone())))
        .hear(edited(other), Outcome::Done, None)
        .over(true);
    owed(Role::Opener).at(4000).tell(HERE, Some(edit(press(FIRST), HERE))).tell(Notice::ChannelGone, None).hear(
        edit(press(FIRST), HERE),
        Outcome::Done,
        Some(edit(press(FIRST), Notice::ChannelGone)),
    );
}

#[test]
fn a_reply_to_a_command_keeps_its_words() {
    let said = reply(COMMAND, HERE);
    commanded()
        .tell(HERE, Some(said.clone()))
        .tell(Notice::ChannelGone, None)
        .hear(said.clone(), Outcome::Indeterminate, None)
        .tell(Notice::ChannelGone, None)
        .wake(100, Some(said));
}

#[test]
fn what_is_known_while_the_deferral_is_on_its_way_is_said_after_it() {
    let deferring = || owed(Role::Opener).wake(1500, Some(deferral())).tell(HERE, None);
    for answer in [Outcome::Done, Outcome::Indeterminate] {
        deferring().hear(deferral(), answer, Some(edited(HERE)));
    }
    // Another process answers this press: which channel it is told of is decided anew.
    deferring().hear(deferral(), refused(ApiError::AlreadyAcknowledged), None).waits();
}

#[test]
fn a_deferral_that_never_arrived_is_replaced_by_the_answer_itself() {
    let lost = || owed(Role::Opener).wake(1500, Some(deferral())).tell(HERE, None);
    lost()
        .at(2000)
        .hear(deferral(), Outcome::Indeterminate, Some(edited(HERE)))
        .hear(edited(HERE), too_late(), None)
        .wake(2100, Some(told(HERE)))
        .hear(told(HERE), Outcome::Done, None)
        .over(true);
    lost()
        .at(3000)
        .hear(deferral(), Outcome::Indeterminate, Some(edited(HERE)))
        .hear(edited(HERE), refused(ApiError::MessageGone), None)
        .over(false);
}

#[test]
fn a_lost_deferral_is_repeated_while_the_press_takes_it() {
    let lost = || {
        owed(Role::Opener)
            .wake(1500, Some(deferral()))
            .hear(deferral(), Outcome::Indeterminate, None)
            .wake(1600, Some(deferral()))
    };
    lost().hear(deferral(), refused(ApiError::AlreadyAcknowledged), None).waits();
    lost()
        .at(2950)
        .hear(deferral(), Outcome::Indeterminate, None)
        .wake(3150, None)
        .waits()
        .tell(HERE, Some(edited(HERE)));
    // The channel is made in the meantime: its deferral is edited, if it arrived.
    lost().hear(deferral(), Outcome::Indeterminate, None).tell(HERE, Some(edited(HERE)));
    // So late after a restart, it would not be taken.
    let mut late = owed(Role::Opener).at(4000);
    assert_eq!(late.reply.wake(late.now), None);
    late.waits();
}

#[test]
fn a_lost_edit_is_repeated() {
    owed(Role::Opener)
        .wake(1500, Some(deferral()))
        .hear(deferral(), Outcome::Done, None)
        .tell(HERE, Some(edited(HERE)))
        .hear(edited(HERE), Outcome::Indeterminate, None)
        .wake(1600, Some(edited(HERE)))
        .hear(edited(HERE), Outcome::Done, None)
        .over(true);
}

#[test]
fn an_announcement_is_public_or_a_matter_of_the_channel() {
    let words = Notice::Closing(RULES.close_delay);
    owed(Role::Closer)
        .tell(words.clone(), Some(announce(press(FIRST))))
        .hear(announce(press(FIRST)), Outcome::Done, None)
        .over(true);
    owed(Role::Closer).at(3000).tell(words, None).over(false);
}

#[test]
fn a_reply_to_a_command_is_repeated_for_two_minutes() {
    let said = || commanded().tell(HERE, Some(reply(COMMAND, HERE)));
    said().hear(reply(COMMAND, HERE), Outcome::Indeterminate, None).wake(100, Some(reply(COMMAND, HERE)));
    said().at(120_000).hear(reply(COMMAND, HERE), Outcome::Indeterminate, None).over(false);
    said().hear(reply(COMMAND, HERE), forbidden(), None).over(false);
    said().hear(reply(COMMAND, HERE), Outcome::Sent(M), None).over(true);
}
