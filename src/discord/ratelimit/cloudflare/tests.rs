use super::*;

/// A guard with a clock that the test moves.
struct GuardRun {
    guard: CloudflareGuard,
    now: Instant,
}

impl GuardRun {
    fn new() -> Self {
        Self { guard: CloudflareGuard::default(), now: Instant::now() }
    }

    fn advance(&mut self, seconds: f64) {
        self.now += Duration::from_secs_f64(seconds);
    }

    fn capacity(&mut self) -> usize {
        self.guard.capacity(self.now).requests
    }

    fn send(&mut self) -> PhaseNumber {
        assert!(self.capacity() > 0, "nothing may be sent");
        self.guard.record_sent(self.now)
    }

    fn finish(&mut self, phase: PhaseNumber, outcome: SendOutcome) {
        self.guard.record_outcome(phase, outcome, self.now, 0.5);
    }

    fn send_and_finish(&mut self, outcome: SendOutcome) {
        let phase = self.send();
        self.finish(phase, outcome);
    }

    /// Moves the clock to the next check; returns the seconds until then.
    fn wait_for_check(&mut self) -> f64 {
        let next_check = self.guard.capacity(self.now).next_check.expect("a check is due");
        let left = next_check - self.now;
        self.now = next_check;
        left.as_secs_f64()
    }
}

#[test]
fn during_a_block_there_is_one_probe_at_a_time_after_growing_delays() {
    let mut run = GuardRun::new();
    run.send_and_finish(SendOutcome::Blocked(None));
    let mut delays = Vec::new();
    for _ in 0..9 {
        assert_eq!(run.capacity(), 0);
        delays.push(run.wait_for_check().round());
        let probe = run.send();
        assert_eq!(run.capacity(), 0, "there is one probe at a time");
        run.finish(probe, SendOutcome::Blocked(None));
    }
    assert_eq!(delays, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 120.0, 120.0]);
    let events = run.guard.take_events();
    assert_eq!(events.iter().filter(|event| matches!(event, GuardEvent::Blocked { .. })).count(), 1);
    assert_eq!(events.len(), 8, "and a longer delay is reported once: {events:?}");
}

#[test]
fn requests_in_flight_when_the_block_began_do_not_prolong_it() {
    let mut run = GuardRun::new();
    let in_flight: Vec<PhaseNumber> = (0..80).map(|_| run.send()).collect();
    for phase in in_flight {
        run.finish(phase, SendOutcome::Blocked(None));
    }
    assert!(run.wait_for_check() < 1.3);
}

#[test]
fn a_block_lasts_as_long_as_its_retry_after() {
    let mut run = GuardRun::new();
    let late = run.send();
    run.send_and_finish(SendOutcome::Blocked(Some(Duration::from_secs(60))));
    run.finish(late, SendOutcome::Blocked(Some(Duration::from_secs(90))));
    assert!((run.wait_for_check() - 90.0).abs() < 0.01);
    run.send_and_finish(SendOutcome::Blocked(Some(Duration::from_secs(1))));
    assert!(run.wait_for_check() > 1.5, "and no shorter than the delay");
}

#[test]
fn after_a_block_concurrency_grows_step_by_step() {
    let mut run = GuardRun::new();
    run.send_and_finish(SendOutcome::Blocked(None));
    run.wait_for_check();
    run.send_and_finish(SendOutcome::Answered);
    assert_eq!(run.capacity(), 2);
    run.send_and_finish(SendOutcome::Answered);
    run.send_and_finish(SendOutcome::Unknown);
    let (one, _other) = (run.send(), run.send());
    assert_eq!(run.capacity(), 2, "four may be in flight, and two are");
    run.finish(one, SendOutcome::Blocked(None));
    assert_eq!(run.capacity(), 0, "a block that returns stops all");
    assert!(run.wait_for_check() > 1.5, "for longer than before");
    run.send_and_finish(SendOutcome::Answered);
    for _ in 0..6 {
        run.send_and_finish(SendOutcome::Answered);
    }
    assert_eq!(run.capacity(), usize::MAX);
    run.advance(3_600.0);
    run.send_and_finish(SendOutcome::Blocked(None));
    assert!(run.wait_for_check() < 1.3, "long after, a block is a new one");
}

#[test]
fn a_lost_probe_is_repeated() {
    let mut run = GuardRun::new();
    run.send_and_finish(SendOutcome::Blocked(None));
    run.wait_for_check();
    run.send_and_finish(SendOutcome::Unknown);
    assert!(run.wait_for_check() < 1.3);
    assert_eq!(run.capacity(), 1);
}

#[test]
fn forbidden_pages_for_one_request_stop_no_other_and_pages_for_many_stop_all() {
    let mut run = GuardRun::new();
    for _ in 0..10 {
        run.send_and_finish(SendOutcome::ForbiddenPage(1));
        run.send_and_finish(SendOutcome::ForbiddenPage(2));
        run.send_and_finish(SendOutcome::Answered);
    }
    for _ in 0..10 {
        run.send_and_finish(SendOutcome::ForbiddenPage(1));
    }
    assert_eq!(run.capacity(), usize::MAX);
    run.send_and_finish(SendOutcome::ForbiddenPage(2));
    assert_eq!(run.capacity(), 0);
    run.wait_for_check();
    run.send_and_finish(SendOutcome::ForbiddenPage(1));
    assert_eq!(run.capacity(), 0, "a page answers the probe, so the block continues");
}

/// For an hour, as many requests as possible are sent and all of them are invalid; counts the worst ten minutes.
#[test]
fn however_many_requests_are_invalid_the_address_is_never_banned() {
    let mut run = GuardRun::new();
    let start = run.now;
    let mut invalid: VecDeque<Instant> = VecDeque::new();
    let mut worst = 0;
    while run.now < start + Duration::from_secs(3_600) {
        // At most fifty a second.
        for _ in 0..50 {
            if run.capacity() == 0 {
                break;
            }
            run.send_and_finish(SendOutcome::Answered);
            run.guard.record_invalid_request(run.now);
            invalid.push_back(run.now);
        }
        while invalid.pop_front_if(|then| *then + COUNT_WINDOW <= run.now).is_some() {}
        worst = worst.max(invalid.len());
        run.advance(1.0);
    }
    assert!((5_000..10_000).contains(&worst), "{worst}");
    let events = run.guard.take_events();
    assert!(matches!(events[0], GuardEvent::Throttled { invalid_requests: 5_000 }), "{events:?}");
    assert!(events.len() <= 20, "only changes are reported: {}", events.len());
    run.advance(700.0);
    assert_eq!(run.capacity(), usize::MAX, "and it ends");
}

#[test]
fn few_invalid_requests_throttle_nothing() {
    let mut run = GuardRun::new();
    for _ in 0..4_999 {
        run.guard.record_invalid_request(run.now);
    }
    assert_eq!((run.capacity(), run.guard.count_invalid_requests(run.now)), (usize::MAX, 4_999));
    run.guard.record_invalid_request(run.now);
    assert_eq!(run.capacity(), 1);
    run.send();
    let spacing = run.wait_for_check();
    assert!(spacing > 0.1 && spacing < 0.2, "what remains is spread over the window: {spacing}");
}
