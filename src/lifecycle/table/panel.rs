//! One panel, in its place, never two.

use super::*;
use crate::lifecycle::panel::{Panel, PanelEvent, PanelNote};

const P: MessageId = MessageId(71);
const OLDER: [MessageId; 2] = [MessageId(61), MessageId(62)];

/// What happens to the panel.
struct Care {
    panel: Panel,
    now: SystemTime,
}

/// The panel as the file knows it.
fn known(message: Option<MessageId>) -> Care {
    Care { panel: Panel::new(message), now: at(0) }
}

fn ensure() -> PanelEvent {
    PanelEvent::Ensure(None)
}

fn ensure_for(number: u64) -> PanelEvent {
    PanelEvent::Ensure(Some(by_command(SAM, number)))
}

impl Care {
    #[track_caller]
    fn on(mut self, event: PanelEvent, calls: &[Request], notes: &[PanelNote], save: Option<MessageId>) -> Self {
        let step = self.panel.handle(event, self.now);
        assert_eq!(sorted(&step.calls), sorted(calls), "the calls");
        assert_eq!(step.notes, notes, "the notes");
        assert_eq!(step.save, save, "what is to be kept");
        self
    }

    #[track_caller]
    fn then(self, event: PanelEvent, calls: &[Request]) -> Self {
        self.on(event, calls, &[], None)
    }

    #[track_caller]
    fn answer(self, call: Request, answer: Outcome, calls: &[Request], notes: &[PanelNote]) -> Self {
        self.on(PanelEvent::Answered { call, answer }, calls, notes, None)
    }

    /// The answer is of no use: all begins anew after a pause.
    #[track_caller]
    fn fail(self, call: Request, answer: Outcome, next: Request) -> Self {
        let note = PanelNote::Retrying { call: call.name(), answer: answer.brief() };
        self.answer(call, answer, &[], &[note]).wake(250, &[next])
    }

    fn at(mut self, millis: u64) -> Self {
        self.now = at(millis);
        self
    }

    #[track_caller]
    fn wake(mut self, millis: u64, calls: &[Request]) -> Self {
        assert_eq!(self.panel.deadline(), Some(at(millis)), "the deadline");
        self.now = at(millis);
        self.then(PanelEvent::Woke, calls)
    }

    #[track_caller]
    fn rests(self) {
        assert_eq!(self.panel.deadline(), None);
        assert!(self.panel.is_still());
    }
}

fn get() -> Request {
    Request::GetPanel { message: P }
}

fn change() -> Request {
    Request::EditPanel { message: P }
}

fn remove(message: MessageId) -> Request {
    Request::DeletePanel { message }
}

/// A new panel, the first one that is known of.
fn send() -> Request {
    Request::SendPanel { nonce: 0 }
}

/// A new panel in the place of one that is gone.
fn send_after(gone: MessageId) -> Request {
    Request::SendPanel { nonce: gone.0 }
}

fn deleted(message: MessageId) -> PanelEvent {
    PanelEvent::Deleted(vec![message])
}

#[test]
fn a_panel_that_is_deleted_is_put_back_at_most_once_a_minute() {
    let again = || PanelEvent::Answered { call: send_after(P), answer: Outcome::Sent(M) };
    known(Some(P))
        .then(ensure(), &[get()])
        .answer(get(), Outcome::Panel { current: true }, &[], &[PanelNote::InPlace(P)])
        // Other messages of its channel.
        .then(deleted(OLDER[0]), &[])
        .on(deleted(P), &[get()], &[PanelNote::Deleted(P)], None)
        .answer(get(), no_message(), &[Request::ListPanels], &[])
        .answer(Request::ListPanels, none(), &[send_after(P)], &[])
        .on(again(), &[], &[PanelNote::Sent(M)], Some(M))
        .on(deleted(M), &[], &[PanelNote::Deleted(M)], None)
        .wake(60_000, &[Request::GetPanel { message: M }])
        // It was told late, and is there.
        .answer(Request::GetPanel { message: M }, Outcome::Panel { current: true }, &[], &[PanelNote::InPlace(M)])
        .rests();
}

#[test]
fn a_panel_whose_embeds_were_hidden_shows_them_again_and_no_process_is_blamed() {
    known(Some(P))
        .then(ensure(), &[get()])
        .answer(get(), Outcome::Panel { current: true }, &[], &[PanelNote::InPlace(P)])
        // Another message of its channel.
        .then(PanelEvent::Hidden(OLDER[0]), &[])
        .then(PanelEvent::Hidden(P), &[get()])
        // While it is looked at, once more.
        .then(PanelEvent::Hidden(P), &[])
        .answer(get(), Outcome::PanelHidden, &[change()], &[])
        .answer(change(), Outcome::Done, &[get()], &[PanelNote::Edited(P)])
        .answer(get(), Outcome::Panel { current: true }, &[], &[PanelNote::InPlace(P)])
        .rests();
}

fn none() -> Outcome {
    Outcome::Panels(Vec::new())
}

fn no_message() -> Outcome {
    refused(ApiError::MessageGone)
}

#[test]
fn one_that_shows_what_it_should_is_left_as_it_is() {
    known(Some(P))
        .then(ensure(), &[get()])
        .answer(get(), Outcome::Panel { current: true }, &[], &[PanelNote::InPlace(P)])
        .rests();
}

#[test]
fn an_outdated_one_is_edited() {
    known(Some(P))
        .then(ensure(), &[get()])
        .answer(get(), Outcome::Panel { current: false }, &[change()], &[])
        .answer(change(), Outcome::Done, &[], &[PanelNote::Edited(P)])
        .rests();
}

#[test]
fn a_lost_one_is_sent_anew_and_kept() {
    let sent = PanelEvent::Answered { call: send_after(P), answer: Outcome::Sent(M) };
    known(Some(P))
        .then(ensure(), &[get()])
        .answer(get(), no_message(), &[Request::ListPanels], &[])
        .answer(Request::ListPanels, none(), &[send_after(P)], &[])
        .on(sent, &[], &[PanelNote::Sent(M)], Some(M))
        .then(ensure(), &[Request::GetPanel { message: M }]);
    known(Some(P)).then(ensure(), &[get()]).answer(get(), Outcome::Panel { current: false }, &[change()], &[]).answer(
        change(),
        no_message(),
        &[Request::ListPanels],
        &[],
    );
}

#[test]
fn old_ones_are_removed_as_soon_as_a_new_one_is_there() {
    let [first, second] = OLDER;
    let sent = PanelEvent::Answered { call: send_after(second), answer: Outcome::Sent(M) };
    let removed = PanelEvent::Answered { call: remove(second), answer: no_message() };
    known(None)
        .then(ensure(), &[Request::ListPanels])
        .answer(Request::ListPanels, Outcome::Panels(vec![second, first]), &[send_after(second)], &[])
        .on(sent, &[remove(first), remove(second)], &[PanelNote::Sent(M)], None)
        .answer(remove(first), Outcome::Done, &[], &[PanelNote::Removed(first)])
        .fail(remove(second), forbidden(), remove(second))
        .on(removed, &[], &[PanelNote::Removed(second)], Some(M))
        .rests();
    // None of them goes as long as there is no other.
    known(None)
        .then(ensure(), &[Request::ListPanels])
        .answer(Request::ListPanels, Outcome::Panels(vec![second, first]), &[send_after(second)], &[])
        .fail(send_after(second), Outcome::Indeterminate, Request::ListPanels)
        .answer(Request::ListPanels, Outcome::Panels(vec![second, first]), &[send_after(second)], &[]);
}

/// A panel that is newer than [`M`].
const NEWER: MessageId = MessageId(M.0 + 1);

fn look_at(message: MessageId) -> Request {
    Request::GetPanel { message }
}

/// A panel in its place, and the one that another process has just sent.
fn another_appears() -> Care {
    known(Some(M))
        .then(ensure(), &[look_at(M)])
        .answer(look_at(M), Outcome::Panel { current: true }, &[], &[PanelNote::InPlace(M)])
        .on(PanelEvent::Seen(NEWER), &[look_at(NEWER)], &[PanelNote::AnotherProcess(NEWER)], None)
}

#[test]
fn a_newer_one_of_another_process_is_adopted_and_not_edited() {
    let removed = [PanelNote::Removed(M)];
    for (current, note) in [(true, PanelNote::InPlace(NEWER)), (false, PanelNote::Differs(NEWER))] {
        let looked = PanelEvent::Answered { call: look_at(NEWER), answer: Outcome::Panel { current } };
        another_appears()
            .on(looked, &[remove(M)], &[PanelNote::Adopted(NEWER), note], Some(NEWER))
            .answer(remove(M), no_message(), &[], &removed)
            .rests();
    }
    // It is gone again: nothing is removed for it.
    another_appears().answer(look_at(NEWER), no_message(), &[], &[]).rests();
}

#[test]
fn an_older_one_of_another_process_is_removed() {
    known(Some(M))
        .on(PanelEvent::Seen(P), &[remove(P)], &[PanelNote::AnotherProcess(P)], None)
        .answer(remove(P), Outcome::Done, &[], &[PanelNote::Removed(P)])
        .rests();
}

#[test]
fn ours_is_removed_by_another_process_before_theirs_was_looked_at() {
    let looked = || PanelEvent::Answered { call: look_at(NEWER), answer: Outcome::Panel { current: true } };
    let adopted = [PanelNote::Adopted(NEWER), PanelNote::InPlace(NEWER)];
    another_appears()
        .then(ensure(), &[])
        .on(looked(), &[remove(M)], &adopted, Some(NEWER))
        .answer(remove(M), no_message(), &[], &[PanelNote::Removed(M)])
        .rests();
    // It is not replaced by a third one.
    known(Some(M))
        .then(ensure(), &[look_at(M)])
        .on(PanelEvent::Seen(NEWER), &[look_at(NEWER)], &[PanelNote::AnotherProcess(NEWER)], None)
        .answer(look_at(M), no_message(), &[Request::ListPanels], &[])
        .answer(Request::ListPanels, Outcome::Panels(vec![NEWER]), &[], &[])
        .on(looked(), &[], &adopted, Some(NEWER))
        .rests();
}

#[test]
fn a_newer_one_that_is_listed_for_somebody_shows_what_it_should() {
    known(Some(M))
        .then(ensure_for(COMMAND), &[look_at(M)])
        .answer(
            look_at(M),
            Outcome::Panel { current: true },
            &[reply(COMMAND, Notice::PanelInPlace), Request::ListPanels],
            &[PanelNote::InPlace(M)],
        )
        .answer(Request::ListPanels, Outcome::Panels(vec![M, NEWER]), &[look_at(NEWER)], &[])
        .on(
            PanelEvent::Answered { call: look_at(NEWER), answer: Outcome::Panel { current: false } },
            &[Request::EditPanel { message: NEWER }, remove(M)],
            &[PanelNote::Adopted(NEWER)],
            Some(NEWER),
        );
}

#[test]
fn two_processes_do_not_edit_one_panel_for_ever() {
    let looked = || Outcome::Panel { current: false };
    let mut care = known(Some(P)).then(ensure(), &[get()]).answer(get(), looked(), &[change()], &[]);
    for _ in 0..2 {
        care = care.answer(change(), Outcome::Done, &[], &[PanelNote::Edited(P)]).then(ensure(), &[get()]).answer(
            get(),
            looked(),
            &[change()],
            &[PanelNote::AnotherProcess(P)],
        );
    }
    let contested = [PanelNote::AnotherProcess(P), PanelNote::Contested(P)];
    care.answer(change(), Outcome::Done, &[], &[PanelNote::Edited(P)])
        .then(ensure(), &[get()])
        .answer(get(), looked(), &[], &contested)
        // Whoever asks for it gets it.
        .then(ensure_for(COMMAND), &[get()])
        .answer(get(), looked(), &[change()], &[])
        .answer(
            change(),
            Outcome::Done,
            &[reply(COMMAND, Notice::PanelInPlace), Request::ListPanels],
            &[PanelNote::Edited(P)],
        )
        .answer(Request::ListPanels, Outcome::Panels(vec![P]), &[], &[])
        .at(10 * 60_000)
        .then(ensure(), &[get()])
        .answer(get(), looked(), &[change()], &[PanelNote::AnotherProcess(P)]);
}

#[test]
fn no_failure_leads_to_a_second_panel() {
    let gone = || refused(ApiError::ChannelGone);
    for answer in [Outcome::Indeterminate, forbidden(), gone(), refused(ApiError::Other { status: 404, code: 0 })] {
        known(Some(P)).then(ensure(), &[get()]).fail(get(), answer.clone(), get());
        known(Some(P))
            .then(ensure(), &[get()])
            .answer(get(), Outcome::Panel { current: false }, &[change()], &[])
            .fail(change(), answer.clone(), get());
        known(None).then(ensure(), &[Request::ListPanels]).fail(
            Request::ListPanels,
            answer.clone(),
            Request::ListPanels,
        );
    }
}

#[test]
fn one_that_was_sent_in_spite_of_a_lost_answer_is_found_and_kept() {
    let lost = || {
        known(None).then(ensure(), &[Request::ListPanels]).answer(Request::ListPanels, none(), &[send()], &[]).fail(
            send(),
            Outcome::Indeterminate,
            Request::ListPanels,
        )
    };
    let found = |panels: &[MessageId]| PanelEvent::Answered {
        call: Request::ListPanels,
        answer: Outcome::Panels(panels.to_vec()),
    };
    lost().on(found(&[P]), &[], &[PanelNote::Sent(P)], Some(P)).rests();
    // It may also take effect later: it is the same message then.
    lost().then(found(&[]), &[send()]);
    lost().on(found(&[OLDER[0], P]), &[remove(OLDER[0])], &[PanelNote::Sent(P)], None);
}

#[test]
fn one_that_a_dead_process_had_sent_is_taken_for_this_one_if_it_is_still_there() {
    let answered = || {
        known(None).then(ensure(), &[Request::ListPanels]).answer(Request::ListPanels, none(), &[send()], &[]).on(
            PanelEvent::Answered { call: send(), answer: Outcome::Sent(P) },
            &[get()],
            &[],
            Some(P),
        )
    };
    answered().answer(get(), Outcome::Panel { current: true }, &[], &[PanelNote::InPlace(P)]).rests();
    answered().answer(get(), no_message(), &[Request::ListPanels], &[]).answer(
        Request::ListPanels,
        none(),
        &[send_after(P)],
        &[],
    );
}

#[test]
fn one_that_appears_late_is_removed() {
    let sent = || PanelEvent::Answered { call: send(), answer: Outcome::Sent(M) };
    let sending =
        || known(None).then(ensure(), &[Request::ListPanels]).answer(Request::ListPanels, none(), &[send()], &[]);
    let removed = [PanelNote::Removed(P)];
    let another = || PanelNote::AnotherProcess(P);
    // What appears while one is being sent is that one, or not.
    sending().then(PanelEvent::Seen(M), &[]).on(sent(), &[], &[PanelNote::Sent(M)], Some(M)).rests();
    sending()
        .then(PanelEvent::Seen(P), &[])
        .on(sent(), &[remove(P)], &[PanelNote::Sent(M), another()], None)
        .on(PanelEvent::Answered { call: remove(P), answer: Outcome::Done }, &[], &removed, Some(M))
        .rests();
    known(Some(M)).then(PanelEvent::Seen(M), &[]).rests();
    known(Some(M))
        .on(PanelEvent::Seen(P), &[remove(P)], &[another()], None)
        .fail(remove(P), Outcome::Indeterminate, remove(P))
        .answer(remove(P), no_message(), &[], &removed)
        .rests();
    // Whoever asks meanwhile is not forgotten.
    known(Some(M)).on(PanelEvent::Seen(P), &[remove(P)], &[another()], None).then(ensure_for(COMMAND), &[]).answer(
        remove(P),
        Outcome::Done,
        &[Request::GetPanel { message: M }],
        &removed,
    );
}

#[test]
fn who_asked_is_told_when_it_is_in_place() {
    let told = reply(COMMAND, Notice::PanelInPlace);
    let asked = || {
        known(Some(P))
            .then(ensure_for(COMMAND), &[get()])
            .answer(
                get(),
                Outcome::Panel { current: true },
                &[told.clone(), Request::ListPanels],
                &[PanelNote::InPlace(P)],
            )
            .answer(told.clone(), Outcome::Sent(M), &[], &[])
    };
    asked().answer(Request::ListPanels, Outcome::Panels(vec![P]), &[], &[]).rests();
    // Whoever asks may be looking at two.
    let [first, second] = OLDER;
    asked()
        .answer(Request::ListPanels, Outcome::Panels(vec![second, P, first]), &[remove(first), remove(second)], &[])
        .answer(remove(first), Outcome::Done, &[], &[PanelNote::Removed(first)])
        .answer(remove(second), no_message(), &[], &[PanelNote::Removed(second)])
        .rests();
    // Whoever asks meanwhile is not forgotten.
    let second = ensure_for(SECOND);
    asked().then(second, &[]).answer(Request::ListPanels, Outcome::Panels(vec![P]), &[get()], &[]).answer(
        get(),
        Outcome::Panel { current: true },
        &[reply(SECOND, Notice::PanelInPlace)],
        &[PanelNote::InPlace(P)],
    );
    asked().fail(Request::ListPanels, Outcome::Indeterminate, get()).answer(
        get(),
        Outcome::Panel { current: true },
        &[Request::ListPanels],
        &[PanelNote::InPlace(P)],
    );
}

#[test]
fn two_who_ask_at_once_are_told_of_the_one_panel() {
    let in_place = [reply(COMMAND, Notice::PanelInPlace), reply(SECOND, Notice::PanelInPlace), Request::ListPanels];
    known(Some(P)).then(ensure(), &[get()]).then(ensure_for(COMMAND), &[]).then(ensure_for(SECOND), &[]).answer(
        get(),
        Outcome::Panel { current: true },
        &in_place,
        &[PanelNote::InPlace(P)],
    );
}

#[test]
fn who_asked_is_told_when_it_does_not_work() {
    let note = || PanelNote::Retrying { call: "get panel", answer: "no answer".into() };
    let failed = [reply(COMMAND, Notice::PanelFailed)];
    known(Some(P))
        .then(ensure_for(COMMAND), &[get()])
        .answer(get(), Outcome::Indeterminate, &[], &[note()])
        .wake(250, &[get()])
        .answer(get(), Outcome::Indeterminate, &[], &[note()])
        .wake(750, &[get()])
        .answer(get(), Outcome::Indeterminate, &[], &[note()])
        .wake(1750, &[get()])
        .answer(get(), Outcome::Indeterminate, &failed, &[note()])
        .answer(failed[0].clone(), Outcome::Sent(M), &[], &[])
        .wake(3750, &[get()])
        .answer(get(), Outcome::Panel { current: true }, &[Request::ListPanels], &[PanelNote::InPlace(P)]);
}

#[test]
fn who_asks_during_a_pause_does_not_wait_for_its_end() {
    let note = PanelNote::Retrying { call: "get panel", answer: "forbidden: look at the bot's rights there".into() };
    known(Some(P))
        .then(ensure(), &[get()])
        .answer(get(), forbidden(), &[], &[note])
        .at(100)
        .then(ensure_for(COMMAND), &[get()])
        .answer(
            get(),
            Outcome::Panel { current: true },
            &[reply(COMMAND, Notice::PanelInPlace), Request::ListPanels],
            &[PanelNote::InPlace(P)],
        );
}

#[test]
fn who_asks_in_vain_is_told_why_and_nothing_is_done() {
    for words in [Notice::AdministratorsOnly, Notice::DiscordDown] {
        let requester = by_command(BOB, COMMAND);
        known(Some(P)).then(PanelEvent::TurnDown(requester, words.clone()), &[reply(COMMAND, words)]);
    }
}

#[test]
fn it_is_looked_after_again_whenever_asked() {
    known(Some(P))
        .then(ensure(), &[get()])
        .answer(get(), Outcome::Panel { current: true }, &[], &[PanelNote::InPlace(P)])
        .at(60_000)
        .then(ensure(), &[get()]);
}

#[test]
fn whoever_asked_is_told_until_when_a_limit_holds_it_up_and_it_is_put_in_place_then() {
    let limited = || Outcome::Limited { wait: Duration::from_secs(960) };
    let later = Notice::PanelLater(at(960_000));
    let note = PanelNote::Retrying { call: "get panel", answer: limited().brief() };
    let told = |number| reply(number, later.clone());
    known(Some(P))
        .then(ensure_for(COMMAND), &[get()])
        .answer(get(), limited(), &[told(COMMAND)], std::slice::from_ref(&note))
        .answer(told(COMMAND), Outcome::Sent(M), &[], &[])
        // Whoever asks again is told the same.
        .then(ensure_for(FIRST), &[get()])
        .answer(get(), limited(), &[told(FIRST)], &[note])
        .answer(told(FIRST), Outcome::Sent(M), &[], &[])
        .wake(960_000, &[get()])
        .answer(get(), Outcome::Panel { current: false }, &[change()], &[])
        .answer(change(), Outcome::Done, &[Request::ListPanels], &[PanelNote::Edited(P)])
        .answer(Request::ListPanels, Outcome::Panels(vec![P]), &[], &[])
        .rests();
}

#[test]
fn what_another_process_did_before_the_session_is_found_out() {
    let sent = || PanelEvent::Answered { call: send(), answer: Outcome::Sent(M) };
    let sending =
        || known(None).then(ensure(), &[Request::ListPanels]).answer(Request::ListPanels, none(), &[send()], &[]);
    let looked = PanelEvent::Answered { call: look_at(NEWER), answer: Outcome::Panel { current: true } };
    sending()
        .on(sent(), &[], &[PanelNote::Sent(M)], Some(M))
        .then(PanelEvent::Connected, &[look_at(M)])
        .answer(look_at(M), no_message(), &[Request::ListPanels], &[])
        .answer(
            Request::ListPanels,
            Outcome::Panels(vec![NEWER]),
            &[look_at(NEWER)],
            &[PanelNote::AnotherProcess(NEWER)],
        )
        .on(looked, &[], &[PanelNote::Adopted(NEWER), PanelNote::InPlace(NEWER)], Some(NEWER))
        .rests();
    // One that was found in its place is not looked at twice at the start, but in every later session.
    known(Some(P))
        .then(ensure(), &[get()])
        .answer(get(), Outcome::Panel { current: true }, &[], &[PanelNote::InPlace(P)])
        .then(PanelEvent::Connected, &[])
        .then(PanelEvent::Connected, &[get()]);
}

#[test]
fn one_that_another_process_sent_before_the_session_is_found_beside_ours_and_adopted() {
    let sent = || PanelEvent::Answered { call: send(), answer: Outcome::Sent(M) };
    let looked = |message, current| PanelEvent::Answered { call: look_at(message), answer: Outcome::Panel { current } };
    let sending =
        || known(None).then(ensure(), &[Request::ListPanels]).answer(Request::ListPanels, none(), &[send()], &[]);
    let adopted = [PanelNote::Adopted(NEWER), PanelNote::Differs(NEWER)];
    sending()
        .on(sent(), &[], &[PanelNote::Sent(M)], Some(M))
        .then(PanelEvent::Connected, &[look_at(M)])
        .on(looked(M, true), &[Request::ListPanels], &[PanelNote::InPlace(M)], None)
        .answer(Request::ListPanels, Outcome::Panels(vec![M, NEWER]), &[look_at(NEWER)], &[])
        .on(looked(NEWER, false), &[remove(M)], &adopted, Some(NEWER))
        .answer(remove(M), Outcome::Done, &[], &[PanelNote::Removed(M)])
        .rests();
    // The session begins while ours is being sent: by the time that it is told, it may be gone.
    sending()
        .then(PanelEvent::Connected, &[])
        .on(sent(), &[look_at(M)], &[PanelNote::Sent(M)], Some(M))
        .answer(look_at(M), no_message(), &[Request::ListPanels], &[])
        .answer(
            Request::ListPanels,
            Outcome::Panels(vec![NEWER]),
            &[look_at(NEWER)],
            &[PanelNote::AnotherProcess(NEWER)],
        )
        .on(looked(NEWER, false), &[], &adopted, Some(NEWER))
        .rests();
    // Or while it is not known yet that there is none.
    known(None)
        .then(ensure(), &[Request::ListPanels])
        .then(PanelEvent::Connected, &[])
        .answer(Request::ListPanels, none(), &[send()], &[])
        .on(sent(), &[look_at(M)], &[PanelNote::Sent(M)], Some(M))
        .on(looked(M, true), &[Request::ListPanels], &[PanelNote::InPlace(M)], None)
        .answer(Request::ListPanels, Outcome::Panels(vec![M]), &[], &[])
        .rests();
}

#[test]
fn one_that_another_process_replaced_is_not_put_back() {
    let looked = PanelEvent::Answered { call: look_at(NEWER), answer: Outcome::Panel { current: true } };
    let adopted = [PanelNote::Adopted(NEWER), PanelNote::InPlace(NEWER)];
    known(Some(M))
        .then(ensure(), &[look_at(M)])
        .answer(look_at(M), Outcome::Panel { current: true }, &[], &[PanelNote::InPlace(M)])
        .on(PanelEvent::Seen(NEWER), &[look_at(NEWER)], &[PanelNote::AnotherProcess(NEWER)], None)
        .on(PanelEvent::Deleted(vec![M]), &[], &[PanelNote::Deleted(M)], None)
        .on(looked, &[remove(M)], &adopted, Some(NEWER))
        .answer(remove(M), no_message(), &[], &[PanelNote::Removed(M)])
        .rests();
}
