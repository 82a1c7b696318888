//! A ticket that could not be closed: whoever read that it would be closed reads why it is not.

use super::*;
use crate::lifecycle::Permission;

/// The end of a time-out that lasts for a day.
const TOMORROW: u64 = 86_400_000;

/// It was announced, and Discord refuses the deletion for as long as it is tried.
fn undeleted(requester: Requester, refusal: &ApiError, words: &Notice) -> Story {
    let announced = closing_by(requester.clone(), true);
    let said = say(words.clone(), requester.request_id().0);
    let then = failed(requester, words);
    given(announced.clone())
        .wake(5000, announced, &[delete(C)])
        .at(65_000)
        .answer(delete(C), refused(refusal.clone()), then, &[said])
        .notes(&[JournalEvent::Reopened { why: Reason::Refused(refusal.clone()) }])
}

/// The ticket is open again, and this is still to be said.
fn failed(closer: Requester, words: &Notice) -> Document {
    let failure = Message::CloseFailure { words: words.clone(), closer };
    Document { outbox: vec![Effect::EnsureMessage(failure)], ..open(C) }
}

fn failed_for_alice(words: &Notice) -> Document {
    failed(by_press(ALICE, press(LEAVE)), words)
}

fn kinds() -> [(ApiError, Notice); 3] {
    let rights = vec![Permission::ViewChannel];
    [
        (ApiError::Forbidden(rights.clone()), Notice::CloseFailed(rights)),
        (ApiError::TimedOut { until: at(TOMORROW) }, Notice::CloseTimedOut(at(TOMORROW))),
        (ApiError::Other { status: 400, code: 1 }, Notice::CloseRefused),
    ]
}

#[test]
fn each_kind_of_refusal_has_a_sentence_that_is_true() {
    for (refusal, words) in kinds() {
        undeleted(by_press(ALICE, press(LEAVE)), &refusal, &words)
            .answer(say(words, LEAVE), Outcome::Sent(M), open(C), &[])
            .rests();
    }
}

#[test]
fn a_reason_that_lasts_is_told_at_once() {
    let lasting = [
        (ApiError::CommunityChannel, Notice::CommunityChannel),
        (ApiError::TimedOut { until: at(TOMORROW) }, Notice::CloseTimedOut(at(TOMORROW))),
    ];
    for (refusal, words) in lasting {
        let said = say(words.clone(), LEAVE);
        given(announced())
            .wake(5000, announced(), &[delete(C)])
            .answer(delete(C), refused(refusal), failed_for_alice(&words), &[said.clone()])
            .answer(said, Outcome::Sent(M), open(C), &[])
            .rests();
    }
    // A time-out that ends soon is waited for.
    given(announced())
        .wake(5000, announced(), &[delete(C)])
        .answer(delete(C), refused(ApiError::TimedOut { until: at(20_000) }), announced(), &[])
        .wake(5250, announced(), &[delete(C)])
        .answer(delete(C), Outcome::Done, ABSENT, &[])
        .rests();
}

#[test]
fn a_channel_that_takes_no_sentence_has_the_announcement_corrected() {
    for (refusal, words) in kinds() {
        let corrected = edit(begun(LEAVE), words.clone());
        let corrects = || {
            undeleted(by_press(ALICE, press(LEAVE)), &refusal, &words).answer(
                say(words.clone(), LEAVE),
                refused(refusal.clone()),
                failed_for_alice(&words),
                &[corrected.clone()],
            )
        };
        corrects().answer(corrected.clone(), Outcome::Done, open(C), &[]).rests();
        // An edit may be repeated; one that Discord does not take any more is for the log.
        corrects().answer(corrected.clone(), Outcome::Indeterminate, failed_for_alice(&words), &[]).wake(
            65_100,
            failed_for_alice(&words),
            &[corrected.clone()],
        );
        corrects()
            .answer(corrected.clone(), refused(ApiError::InteractionGone), open(C), &[])
            .notes(&[JournalEvent::NotTold])
            .rests();
    }
}

#[test]
fn what_nobody_can_be_told_is_for_the_log() {
    let (refusal, words) = kinds()[0].clone();
    let gave_up = JournalEvent::GaveUp { call: "say".into(), why: Reason::Refused(refusal.clone()) };
    // A written command has no answer that could be edited.
    undeleted(by_command(ALICE, COMMAND), &refusal, &words)
        .answer(say(words.clone(), COMMAND), refused(refusal.clone()), open(C), &[])
        .notes(&[gave_up.clone()])
        .rests();
    // Discord takes an edit for fifteen minutes.
    undeleted(by_press(ALICE, press(LEAVE)), &refusal, &words)
        .at(900_000)
        .answer(say(words, LEAVE), refused(refusal.clone()), open(C), &[])
        .notes(&[gave_up, JournalEvent::NotTold])
        .rests();
}

#[test]
fn a_limit_that_cannot_be_told_in_the_channel_corrects_the_announcement() {
    let wait = Duration::from_secs(600);
    let until = at(605_000);
    let mut kept = announced();
    if let State::Closing(closing) = &mut kept.state {
        closing.due = until;
    }
    let said = say(Notice::CloseLater(until), LEAVE);
    let corrected = edit(begun(LEAVE), Notice::CloseLater(until));
    given(announced())
        .wake(5000, announced(), &[delete(C)])
        .answer(delete(C), Outcome::Limited { wait }, kept.clone(), &[said.clone()])
        .answer(said, forbidden(), kept.clone(), &[corrected.clone()])
        .answer(corrected, Outcome::Done, kept.clone(), &[])
        .wake(605_000, kept, &[delete(C)]);
}

#[test]
fn a_deferred_closer_whose_close_cannot_be_announced_is_told_why() {
    let until = at(TOMORROW);
    let deferred = by_press(ALICE, begun(LEAVE));
    let waiting = closing_by(deferred.clone(), false);
    let told = edit(begun(LEAVE), Notice::CloseTimedOut(until));
    given(open(C))
        .on(leaves(C, deferred, false), waiting.clone(), &[read_after(LEAVE)])
        .answer(read_after(LEAVE), heard(false), waiting, &[say_closing(LEAVE)])
        .answer(say_closing(LEAVE), refused(ApiError::TimedOut { until }), open(C), &[told.clone()])
        .answer(told, Outcome::Done, open(C), &[])
        .rests();
}

#[test]
fn what_was_not_yet_said_when_the_bot_died_is_said_by_the_next_life() {
    let refusal = ApiError::TimedOut { until: at(TOMORROW) };
    let words = Notice::CloseTimedOut(at(TOMORROW));
    let (said, corrected) = (say(words.clone(), LEAVE), edit(begun(LEAVE), words.clone()));
    let failed = failed_for_alice(&words);
    // People may have read that it will not be deleted, so it is not.
    restored(6000, failed.clone(), &[said.clone()])
        .answer(said, refused(refusal), failed, &[corrected.clone()])
        .answer(corrected, Outcome::Done, open(C), &[])
        .rests();
}

#[test]
fn who_closes_it_once_more_reads_of_that_closing_only() {
    let words = Notice::CloseTimedOut(at(TOMORROW));
    let said = say(words.clone(), LEAVE);
    let again = Requester { at: at(6000), ..by_press(SAM, press(LEAVE_AGAIN)) };
    let closing = |announced| closing_until(at(11_000), again.clone(), announced);
    restored(6000, failed_for_alice(&words), &[said.clone()])
        .on(leaves(C, again.clone(), true), closing(false), &[announce(press(LEAVE_AGAIN))])
        .answer(said, Outcome::Indeterminate, closing(false), &[])
        .answer(announce(press(LEAVE_AGAIN)), Outcome::Done, closing(true), &[])
        .wake(11_000, closing(true), &[delete(C)]);
}

#[test]
fn a_late_sentence_about_a_limit_does_not_settle_what_is_owed_since() {
    let (wait, until) = (Duration::from_secs(600), at(605_000));
    let later = say(Notice::CloseLater(until), LEAVE);
    let mut kept = announced();
    if let State::Closing(closing) = &mut kept.state {
        closing.due = until;
    }
    let failed = || failed_for_alice(&Notice::CommunityChannel);
    let refusal = refused(ApiError::CommunityChannel);
    given(announced())
        .wake(5000, announced(), &[delete(C)])
        .answer(delete(C), Outcome::Limited { wait }, kept.clone(), &[later.clone()])
        .wake(605_000, kept, &[delete(C)])
        .answer(delete(C), refusal, failed(), &[say(Notice::CommunityChannel, LEAVE)])
        .answer(later, Outcome::Sent(M), failed(), &[])
        .answer(say(Notice::CommunityChannel, LEAVE), Outcome::Sent(M), open(C), &[])
        .rests();
}
