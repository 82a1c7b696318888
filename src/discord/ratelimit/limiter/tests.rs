use std::collections::BTreeMap;

use super::*;

const CREATE: &str = "POST /guilds/{}/channels";
const SEND: &str = "POST /channels/{}/messages";
const DELETE: &str = "DELETE /channels/{}";

/// A limiter with a clock that the test moves: requests are added, sent and answered.
struct QueueRun {
    limiter: RateLimiter,
    start: Instant,
    millis: u64,
    keys: BTreeMap<QueuePosition, BucketKey>,
    in_flight: BTreeMap<QueuePosition, (BucketKey, BucketKey)>,
}

impl QueueRun {
    fn new() -> Self {
        Self {
            limiter: RateLimiter::default(),
            start: Instant::now(),
            millis: 0,
            keys: BTreeMap::new(),
            in_flight: BTreeMap::new(),
        }
    }

    /// It is known that the server sends rate limit headers, and nothing else.
    fn limited() -> Self {
        let mut run = Self::new();
        run.limiter.global.presence = LimitPresence::Present;
        run
    }

    fn at(&self, millis: u64) -> Instant {
        self.start + Duration::from_millis(millis)
    }

    fn add(&mut self, priority: Priority, name: &str, major: u64) -> QueuePosition {
        let position = self.limiter.next_position(priority);
        let key = BucketKey { name: name.into(), major };
        self.keys.insert(position, key.clone());
        self.limiter.enqueue(position, key);
        position
    }

    fn add_all(&mut self, priority: Priority, name: &str, majors: impl IntoIterator<Item = u64>) -> Vec<QueuePosition> {
        majors.into_iter().map(|major| self.add(priority, name, major)).collect()
    }

    /// Sends what may be sent now.
    fn send_ready(&mut self) -> Vec<QueuePosition> {
        let (admitted, _) = self.limiter.admit_ready(self.at(self.millis), usize::MAX);
        for (position, bucket) in &admitted {
            self.in_flight.insert(*position, (self.keys[position].clone(), bucket.clone()));
        }
        admitted.into_iter().map(|(position, _)| position).collect()
    }

    /// The next check, in milliseconds from the start, where nothing may be sent now.
    fn next_check(&mut self) -> Option<u64> {
        let (admitted, next_check) = self.limiter.admit_ready(self.at(self.millis), usize::MAX);
        assert_eq!(admitted, []);
        next_check.map(|then| u64::try_from((then - self.start).as_millis()).unwrap())
    }

    fn finish(&mut self, position: QueuePosition) -> BucketKey {
        let (key, bucket) = self.in_flight.remove(&position).unwrap();
        self.limiter.record_finished(&bucket);
        key
    }

    /// A response with rate limit headers.
    fn respond(&mut self, position: QueuePosition, bucket: &str, remaining: u32, limit: u32, reset: u64) {
        let key = self.finish(position);
        let headers = RateLimitHeaders { bucket: bucket.into(), limit, remaining, reset: self.at(reset) };
        self.limiter.apply_headers(&key, Some(headers));
    }

    /// A response without rate limit headers.
    fn respond_without_headers(&mut self, position: QueuePosition) {
        let key = self.finish(position);
        self.limiter.apply_headers(&key, None);
    }

    fn reject(&mut self, position: QueuePosition, until: u64, global: bool) {
        let key = self.finish(position);
        self.limiter.record_rejection(&key, self.at(until), global);
        self.limiter.enqueue(position, key);
    }
}

#[test]
fn the_first_of_a_route_is_sent_alone_and_then_as_many_as_the_limit_allows() {
    let mut run = QueueRun::limited();
    let all = run.add_all(Priority::User, CREATE, [4; 12]);
    assert_eq!(run.send_ready(), all[..1]);
    run.millis = 50;
    run.respond(all[0], "a", 9, 10, 10_000);
    assert_eq!(run.send_ready(), all[1..10]);
    assert_eq!(run.next_check(), Some(10_000));
    for (position, remaining) in all[1..10].iter().zip((0..9).rev()) {
        run.respond(*position, "a", remaining, 10, 10_000);
    }
    run.millis = 10_000;
    assert_eq!(run.send_ready(), all[10..]);
}

#[test]
fn a_new_window_is_as_large_as_the_last_one() {
    let mut run = QueueRun::limited();
    let first = run.add(Priority::User, CREATE, 4);
    run.send_ready();
    run.respond(first, "a", 4, 5, 1_000);
    run.millis = 2_000;
    let all = run.add_all(Priority::User, CREATE, [4; 8]);
    assert_eq!(run.send_ready(), all[..5]);
    assert_eq!(run.next_check(), None, "the end of the new window is unknown before a response");
    run.respond(all[0], "a", 4, 5, 3_000);
    assert_eq!(run.next_check(), Some(3_000));
}

#[test]
fn responses_out_of_order_free_no_slot() {
    let mut run = QueueRun::limited();
    let first = run.add(Priority::User, CREATE, 4);
    run.send_ready();
    run.respond(first, "a", 3, 4, 1_000);
    let three = run.add_all(Priority::User, CREATE, [4; 3]);
    assert_eq!(run.send_ready(), three);
    run.add(Priority::User, CREATE, 4);
    for (position, remaining) in three.into_iter().rev().zip(0..) {
        run.respond(position, "a", remaining, 4, 1_000);
        assert_eq!(run.next_check(), Some(1_000));
    }
}

#[test]
fn a_stuck_request_takes_one_slot_and_does_not_block_the_queue() {
    let mut run = QueueRun::limited();
    let all = run.add_all(Priority::User, CREATE, [4; 3]);
    assert_eq!(run.send_ready(), all[..1]);
    assert_eq!(run.next_check(), Some(500));
    run.millis = 500;
    assert_eq!(run.send_ready(), all[1..2]);
    run.respond(all[1], "a", 8, 10, 10_000);
    assert_eq!(run.send_ready(), all[2..]);
}

#[test]
fn a_lost_request_frees_its_slot() {
    let mut run = QueueRun::limited();
    let first = run.add(Priority::User, CREATE, 4);
    run.send_ready();
    run.respond(first, "a", 0, 1, 10);
    run.millis = 20;
    let all = run.add_all(Priority::User, CREATE, [4; 2]);
    assert_eq!(run.send_ready(), all[..1]);
    assert_eq!(run.next_check(), None);
    run.finish(all[0]);
    assert_eq!(run.send_ready(), all[1..]);
}

#[test]
fn routes_of_one_bucket_share_it_and_channels_do_not() {
    let mut run = QueueRun::limited();
    let send = run.add(Priority::User, SEND, 1);
    let read = run.add(Priority::User, "GET /channels/{}/messages", 1);
    assert_eq!(run.send_ready(), [send, read]);
    run.respond(send, "m", 1, 2, 1_000);
    run.respond(read, "m", 0, 2, 1_000);
    run.add(Priority::User, SEND, 1);
    let elsewhere = run.add_all(Priority::User, SEND, [2, 2, 2, 3]);
    assert_eq!(run.send_ready(), [elsewhere[0], elsewhere[1], elsewhere[3]]);
}

#[test]
fn a_rejected_request_keeps_its_position() {
    let mut run = QueueRun::limited();
    let first = run.add(Priority::User, CREATE, 4);
    run.send_ready();
    run.respond(first, "a", 9, 10, 10_000);
    let all = run.add_all(Priority::User, CREATE, [4; 2]);
    assert_eq!(run.send_ready(), all);
    let late = run.add(Priority::User, CREATE, 4);
    run.reject(all[1], 3_000, false);
    run.reject(all[0], 2_000, false);
    assert_eq!(run.next_check(), Some(3_000));
    run.millis = 3_000;
    assert_eq!(run.send_ready(), [all[0], all[1], late]);
}

#[test]
fn a_global_limit_blocks_all_requests() {
    let mut run = QueueRun::new();
    let create = run.add(Priority::User, CREATE, 4);
    run.send_ready();
    run.reject(create, 700, true);
    run.add(Priority::User, SEND, 1);
    assert_eq!(run.next_check(), Some(700));
    run.millis = 700;
    assert_eq!(run.send_ready().len(), 2);
}

#[test]
fn fifty_are_sent_in_a_second_by_priority() {
    let mut run = QueueRun::limited();
    let deletions = run.add_all(Priority::Background, DELETE, 1_000..1_060);
    let sends = run.add_all(Priority::User, SEND, 1..=30);
    let admitted = run.send_ready();
    assert_eq!(admitted[..30], sends);
    assert_eq!(admitted[30..], deletions[..20]);
    assert_eq!(run.next_check(), Some(1_020));
    run.millis = 1_020;
    assert_eq!(run.send_ready(), deletions[20..]);
}

#[test]
fn without_rate_limit_headers_there_are_no_limits() {
    let mut run = QueueRun::new();
    let first = run.add(Priority::User, SEND, 1);
    let others = run.add_all(Priority::User, DELETE, 1_000..1_100);
    assert_eq!(run.send_ready().len(), 50, "until something is known");
    run.respond_without_headers(first);
    assert_eq!(run.send_ready().len(), 51);
    run.respond_without_headers(others[0]);
    let same = run.add_all(Priority::User, DELETE, [1; 100]);
    assert_eq!(run.send_ready(), same);
}

#[test]
fn one_response_with_headers_means_that_there_are_limits() {
    let mut run = QueueRun::new();
    let all = run.add_all(Priority::User, SEND, 1..=2);
    run.send_ready();
    run.respond_without_headers(all[0]);
    run.respond(all[1], "m", 4, 5, 1_000);
    run.add_all(Priority::Background, DELETE, 1_000..1_100);
    assert_eq!(run.send_ready().len(), 48);
}

#[test]
fn inactive_buckets_are_removed() {
    let mut run = QueueRun::limited();
    for channel in 0..10_000 {
        let position = run.add(Priority::User, SEND, channel);
        assert_eq!(run.send_ready(), [position]);
        run.respond(position, "m", 4, 5, run.millis + 1_000);
        run.millis += 50;
    }
    assert!(run.limiter.buckets.len() < 200, "{}", run.limiter.buckets.len());
}

#[test]
fn after_a_limit_that_headers_did_not_reveal_requests_are_sent_one_by_one() {
    let mut run = QueueRun::new();
    let first = run.add(Priority::User, CREATE, 4);
    run.send_ready();
    run.respond_without_headers(first);
    let all = run.add_all(Priority::User, CREATE, [4; 20]);
    assert_eq!(run.send_ready(), all);
    for position in &all[10..] {
        run.reject(*position, 1_000, false);
    }
    for position in &all[..10] {
        run.respond_without_headers(*position);
    }
    run.millis = 1_000;
    for position in &all[10..] {
        assert_eq!(run.send_ready(), [*position]);
        run.respond_without_headers(*position);
    }
}

#[test]
fn no_more_requests_are_in_flight_than_there_are_sockets() {
    let mut run = QueueRun::new();
    let first = run.add(Priority::Background, DELETE, 1);
    run.send_ready();
    run.respond_without_headers(first);
    let all = run.add_all(Priority::Background, DELETE, 1_000..1_300);
    assert_eq!(run.send_ready(), all[..256]);
    assert_eq!(run.next_check(), None);
    run.respond_without_headers(all[7]);
    assert_eq!(run.send_ready(), all[256..257]);
}

#[test]
fn a_staggered_load_is_sent_only_as_each_request_leaves_the_window() {
    let mut run = QueueRun::limited();
    let early = run.add_all(Priority::User, SEND, 1..=30);
    assert_eq!(run.send_ready(), early);
    run.millis = 600;
    let late = run.add_all(Priority::User, SEND, 101..=140);
    assert_eq!(run.send_ready(), late[..20], "fifty within the last second");
    assert_eq!(run.next_check(), Some(1_020));
    run.millis = 1_020;
    assert_eq!(run.send_ready(), late[20..]);
    let more = run.add_all(Priority::User, SEND, 201..=240);
    assert_eq!(run.send_ready(), more[..10], "the twenty sent at 600 ms still count");
    assert_eq!(run.next_check(), Some(1_620));
    run.millis = 1_620;
    assert_eq!(run.send_ready(), more[10..30]);
    assert_eq!(run.next_check(), Some(2_040));
}

#[test]
fn a_response_without_headers_revokes_no_known_limit() {
    let mut run = QueueRun::new();
    let all = run.add_all(Priority::User, SEND, 1..=2);
    run.send_ready();
    run.respond(all[0], "m", 4, 5, 1_000);
    run.respond_without_headers(all[1]);
    run.add_all(Priority::Background, DELETE, 1_000..1_100);
    assert_eq!(run.send_ready().len(), 48);
}

#[test]
fn no_request_is_blocked_for_longer_than_the_last_limit_lasts() {
    let mut run = QueueRun::limited();
    let now = |run: &QueueRun| run.at(run.millis);
    assert_eq!(run.limiter.last_end(now(&run)), None);
    let [create, send] = [run.add(Priority::User, CREATE, 4), run.add(Priority::User, SEND, 1)];
    run.send_ready();
    run.reject(create, 20_000, false);
    run.respond(send, "m", 0, 5, 4_000);
    assert_eq!(run.limiter.blocked_until(create, now(&run)), Some(run.at(20_000)));
    assert_eq!(run.limiter.last_end(now(&run)), Some(run.at(20_000)));
    let other = run.add(Priority::Background, DELETE, 7);
    run.limiter.record_rejection(&BucketKey { name: SEND.into(), major: 2 }, run.at(30_000), true);
    assert_eq!(run.limiter.blocked_until(other, now(&run)), Some(run.at(30_000)), "a global limit blocks all of them");
    assert_eq!(run.limiter.last_end(now(&run)), Some(run.at(30_000)));
    run.millis = 30_000;
    assert_eq!(run.limiter.last_end(now(&run)), None);
}
