//! A ticket that could not be closed: whoever read that it would be closed reads why it is not.

use super::*;
use crate::lifecycle::Right;

/// The end of a time-out that lasts for a day.
const TOMORROW: u64 = 86_400_000;

/// It was announced, and Discord refuses the deletion for as long as it is tried.
fn undeleted(asker: Asker, refusal: &Refusal, words: &Words) -> Story {
    let announced = closing_by(asker.clone(), true);
    let said = say(words.clone(), asker.intent().0);
    let then = failed(asker, words);
    given(announced.clone())
        .wake(5000, announced, &[delete(C)])
        .at(65_000)
        .answer(delete(C), refused(refusal.clone()), then, &[said])
        .notes(&[Note::Reopened { why: Why::Refused(refusal.clone()) }])
}

/// The ticket is open again, and this is still to be said.
fn failed(closer: Asker, words: &Words) -> Document {
    let failure = Message::CloseFailure { words: words.clone(), closer };
    Document { outbox: vec![Effect::EnsureMessage(failure)], ..open(C) }
}

fn failed_for_alice(words: &Words) -> Document {
    failed(by_press(ALICE, press(LEAVE)), words)
}

fn kinds() -> [(Refusal, Words); 3] {
    let rights = vec![Right::ViewChannel];
    [
        (Refusal::Forbidden(rights.clone()), Words::CloseFailed(rights)),
        (Refusal::TimedOut { until: at(TOMORROW) }, Words::CloseTimedOut(at(TOMORROW))),
        (Refusal::Other { status: 400, code: 1 }, Words::CloseRefused),
    ]
}

#[test]
fn each_kind_of_refusal_has_a_sentence_that_is_true() {
    for (refusal, words) in kinds() {
        undeleted(by_press(ALICE, press(LEAVE)), &refusal, &words)
            .answer(say(words, LEAVE), Answer::Sent(M), open(C), &[])
            .rests();
    }
}

#[test]
fn a_reason_that_lasts_is_told_at_once() {
    let lasting = [
        (Refusal::CommunityChannel, Words::CommunityChannel),
        (Refusal::TimedOut { until: at(TOMORROW) }, Words::CloseTimedOut(at(TOMORROW))),
    ];
    for (refusal, words) in lasting {
        let said = say(words.clone(), LEAVE);
        given(announced())
            .wake(5000, announced(), &[delete(C)])
            .answer(delete(C), refused(refusal), failed_for_alice(&words), &[said.clone()])
            .answer(said, Answer::Sent(M), open(C), &[])
            .rests();
    }
    // A time-out that ends soon is waited for.
    given(announced())
        .wake(5000, announced(), &[delete(C)])
        .answer(delete(C), refused(Refusal::TimedOut { until: at(20_000) }), announced(), &[])
        .wake(5250, announced(), &[delete(C)])
        .answer(delete(C), Answer::Done, ABSENT, &[])
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
        corrects().answer(corrected.clone(), Answer::Done, open(C), &[]).rests();
        // An edit may be repeated; one that Discord does not take any more is for the log.
        corrects().answer(corrected.clone(), Answer::Unknown, failed_for_alice(&words), &[]).wake(
            65_100,
            failed_for_alice(&words),
            &[corrected.clone()],
        );
        corrects()
            .answer(corrected.clone(), refused(Refusal::InteractionGone), open(C), &[])
            .notes(&[Note::NotTold])
            .rests();
    }
}

#[test]
fn what_nobody_can_be_told_is_for_the_log() {
    let (refusal, words) = kinds()[0].clone();
    let gave_up = Note::GaveUp { call: "say".into(), why: Why::Refused(refusal.clone()) };
    // A written command has no answer that could be edited.
    undeleted(by_command(ALICE, COMMAND), &refusal, &words)
        .answer(say(words.clone(), COMMAND), refused(refusal.clone()), open(C), &[])
        .notes(&[gave_up.clone()])
        .rests();
    // Discord takes an edit for fifteen minutes.
    undeleted(by_press(ALICE, press(LEAVE)), &refusal, &words)
        .at(900_000)
        .answer(say(words, LEAVE), refused(refusal.clone()), open(C), &[])
        .notes(&[gave_up, Note::NotTold])
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
    let said = say(Words::CloseLater(until), LEAVE);
    let corrected = edit(begun(LEAVE), Words::CloseLater(until));
    given(announced())
        .wake(5000, announced(), &[delete(C)])
        .answer(delete(C), Answer::Limited { wait }, kept.clone(), &[said.clone()])
        .answer(said, forbidden(), kept.clone(), &[corrected.clone()])
        .answer(corrected, Answer::Done, kept.clone(), &[])
        .wake(605_000, kept, &[delete(C)]);
}

#[test]
fn a_deferred_closer_whose_close_cannot_be_announced_is_told_why() {
    let until = at(TOMORROW);
    let deferred = by_press(ALICE, begun(LEAVE));
    let waiting = closing_by(deferred.clone(), false);
    let told = edit(begun(LEAVE), Words::CloseTimedOut(until));
    given(open(C))
        .on(leaves(C, deferred, false), waiting.clone(), &[read_after(LEAVE)])
        .answer(read_after(LEAVE), heard(false), waiting, &[say_closing(LEAVE)])
        .answer(say_closing(LEAVE), refused(Refusal::TimedOut { until }), open(C), &[told.clone()])
        .answer(told, Answer::Done, open(C), &[])
        .rests();
}

#[test]
fn what_was_not_yet_said_when_the_bot_died_is_said_by_the_next_life() {
    let refusal = Refusal::TimedOut { until: at(TOMORROW) };
    let words = Words::CloseTimedOut(at(TOMORROW));
    let (said, corrected) = (say(words.clone(), LEAVE), edit(begun(LEAVE), words.clone()));
    let failed = failed_for_alice(&words);
    // People may have read that it will not be deleted, so it is not.
    restored(6000, failed.clone(), &[said.clone()])
        .answer(said, refused(refusal), failed, &[corrected.clone()])
        .answer(corrected, Answer::Done, open(C), &[])
        .rests();
}

#[test]
fn who_closes_it_once_more_reads_of_that_closing_only() {
    let words = Words::CloseTimedOut(at(TOMORROW));
    let said = say(words.clone(), LEAVE);
    let again = Asker { at: at(6000), ..by_press(SAM, press(LEAVE_AGAIN)) };
    let closing = |announced| closing_until(at(11_000), again.clone(), announced);
    restored(6000, failed_for_alice(&words), &[said.clone()])
        .on(leaves(C, again.clone(), true), closing(false), &[announce(press(LEAVE_AGAIN))])
        .answer(said, Answer::Unknown, closing(false), &[])
        .answer(announce(press(LEAVE_AGAIN)), Answer::Done, closing(true), &[])
        .wake(11_000, closing(true), &[delete(C)]);
}
