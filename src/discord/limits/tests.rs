use std::collections::BTreeMap;

use super::*;

const CREATE: &str = "POST /guilds/{}/channels";
const SEND: &str = "POST /channels/{}/messages";
const DELETE: &str = "DELETE /channels/{}";

/// A day at the gate, minute by minute: requests come, go and are answered.
struct Day {
    limits: Limits,
    start: Instant,
    millis: u64,
    asked: BTreeMap<Turn, Lane>,
    flying: BTreeMap<Turn, (Lane, Lane)>,
}

impl Day {
    fn new() -> Self {
        Self {
            limits: Limits::default(),
            start: Instant::now(),
            millis: 0,
            asked: BTreeMap::new(),
            flying: BTreeMap::new(),
        }
    }

    /// A day on which it is known that Discord tells limits, and nothing else.
    fn limited() -> Self {
        let mut day = Self::new();
        day.limits.together.known = Known::Present;
        day
    }

    fn at(&self, millis: u64) -> Instant {
        self.start + Duration::from_millis(millis)
    }

    fn come(&mut self, class: Class, kind: &str, major: u64) -> Turn {
        let turn = self.limits.turn(class);
        let lane = Lane { kind: kind.into(), major };
        self.asked.insert(turn, lane.clone());
        self.limits.enter(turn, lane);
        turn
    }

    fn crowd(&mut self, class: Class, kind: &str, majors: impl IntoIterator<Item = u64>) -> Vec<Turn> {
        majors.into_iter().map(|major| self.come(class, kind, major)).collect()
    }

    /// Who goes now.
    fn go(&mut self) -> Vec<Turn> {
        let (gone, _) = self.limits.advance(self.at(self.millis), usize::MAX);
        for (turn, bucket) in &gone {
            self.flying.insert(*turn, (self.asked[turn].clone(), bucket.clone()));
        }
        gone.into_iter().map(|(turn, _)| turn).collect()
    }

    /// In how many milliseconds from the start to look again.
    fn again(&mut self) -> Option<u64> {
        let (gone, again) = self.limits.advance(self.at(self.millis), usize::MAX);
        assert_eq!(gone, []);
        again.map(|then| u64::try_from((then - self.start).as_millis()).unwrap())
    }

    fn land(&mut self, turn: Turn) -> Lane {
        let (lane, bucket) = self.flying.remove(&turn).unwrap();
        self.limits.landed(&bucket);
        lane
    }

    /// A reply that tells its bucket: so many of `limit` are left until `reset`.
    fn told(&mut self, turn: Turn, bucket: &str, remaining: u32, limit: u32, reset: u64) {
        let lane = self.land(turn);
        let told = Told { bucket: bucket.into(), limit, remaining, reset: self.at(reset) };
        self.limits.learn(&lane, Some(told));
    }

    /// A reply that tells nothing.
    fn silent(&mut self, turn: Turn) {
        let lane = self.land(turn);
        self.limits.learn(&lane, None);
    }

    fn refused(&mut self, turn: Turn, until: u64, everywhere: bool) {
        let lane = self.land(turn);
        self.limits.refused(&lane, self.at(until), everywhere);
        self.limits.enter(turn, lane);
    }
}

#[test]
fn the_first_of_a_route_goes_alone_and_then_as_many_as_there_is_room() {
    let mut day = Day::limited();
    let all = day.crowd(Class::Ticket, CREATE, [4; 12]);
    assert_eq!(day.go(), all[..1]);
    day.millis = 50;
    day.told(all[0], "a", 9, 10, 10_000);
    assert_eq!(day.go(), all[1..10]);
    assert_eq!(day.again(), Some(10_000));
    for (turn, remaining) in all[1..10].iter().zip((0..9).rev()) {
        day.told(*turn, "a", remaining, 10, 10_000);
    }
    day.millis = 10_000;
    assert_eq!(day.go(), all[10..]);
}

#[test]
fn a_new_window_is_as_large_as_the_last_one() {
    let mut day = Day::limited();
    let first = day.come(Class::Ticket, CREATE, 4);
    day.go();
    day.told(first, "a", 4, 5, 1_000);
    day.millis = 2_000;
    let all = day.crowd(Class::Ticket, CREATE, [4; 8]);
    assert_eq!(day.go(), all[..5]);
    assert_eq!(day.again(), None, "the end of the new window is not known before a reply");
    day.told(all[0], "a", 4, 5, 3_000);
    assert_eq!(day.again(), Some(3_000));
}

#[test]
fn replies_that_overtake_each_other_make_no_room() {
    let mut day = Day::limited();
    let first = day.come(Class::Ticket, CREATE, 4);
    day.go();
    day.told(first, "a", 3, 4, 1_000);
    let three = day.crowd(Class::Ticket, CREATE, [4; 3]);
    assert_eq!(day.go(), three);
    day.come(Class::Ticket, CREATE, 4);
    for (turn, remaining) in three.into_iter().rev().zip(0..) {
        day.told(turn, "a", remaining, 4, 1_000);
        assert_eq!(day.again(), Some(1_000));
    }
}

#[test]
fn a_stuck_request_takes_one_place_and_not_the_line() {
    let mut day = Day::limited();
    let all = day.crowd(Class::Ticket, CREATE, [4; 3]);
    assert_eq!(day.go(), all[..1]);
    assert_eq!(day.again(), Some(500));
    day.millis = 500;
    assert_eq!(day.go(), all[1..2]);
    day.told(all[1], "a", 8, 10, 10_000);
    assert_eq!(day.go(), all[2..]);
}

#[test]
fn a_lost_request_frees_its_place() {
    let mut day = Day::limited();
    let first = day.come(Class::Ticket, CREATE, 4);
    day.go();
    day.told(first, "a", 0, 1, 10);
    day.millis = 20;
    let all = day.crowd(Class::Ticket, CREATE, [4; 2]);
    assert_eq!(day.go(), all[..1]);
    assert_eq!(day.again(), None);
    day.land(all[0]);
    assert_eq!(day.go(), all[1..]);
}

#[test]
fn routes_of_one_bucket_share_it_and_channels_do_not() {
    let mut day = Day::limited();
    let send = day.come(Class::Ticket, SEND, 1);
    let read = day.come(Class::Ticket, "GET /channels/{}/messages", 1);
    assert_eq!(day.go(), [send, read]);
    day.told(send, "m", 1, 2, 1_000);
    day.told(read, "m", 0, 2, 1_000);
    day.come(Class::Ticket, SEND, 1);
    let elsewhere = day.crowd(Class::Ticket, SEND, [2, 2, 2, 3]);
    assert_eq!(day.go(), [elsewhere[0], elsewhere[1], elsewhere[3]]);
}

#[test]
fn who_was_refused_keeps_their_place() {
    let mut day = Day::limited();
    let first = day.come(Class::Ticket, CREATE, 4);
    day.go();
    day.told(first, "a", 9, 10, 10_000);
    let all = day.crowd(Class::Ticket, CREATE, [4; 2]);
    assert_eq!(day.go(), all);
    let late = day.come(Class::Ticket, CREATE, 4);
    day.refused(all[1], 3_000, false);
    day.refused(all[0], 2_000, false);
    assert_eq!(day.again(), Some(3_000));
    day.millis = 3_000;
    assert_eq!(day.go(), [all[0], all[1], late]);
}

#[test]
fn a_limit_everywhere_holds_everybody() {
    let mut day = Day::new();
    let create = day.come(Class::Ticket, CREATE, 4);
    day.go();
    day.refused(create, 700, true);
    day.come(Class::Ticket, SEND, 1);
    assert_eq!(day.again(), Some(700));
    day.millis = 700;
    assert_eq!(day.go().len(), 2);
}

#[test]
fn fifty_go_in_a_second_the_urgent_first() {
    let mut day = Day::limited();
    let deletions = day.crowd(Class::Upkeep, DELETE, 1_000..1_060);
    let sends = day.crowd(Class::Ticket, SEND, 1..=30);
    let gone = day.go();
    assert_eq!(gone[..30], sends);
    assert_eq!(gone[30..], deletions[..20]);
    assert_eq!(day.again(), Some(1_020));
    day.millis = 1_020;
    assert_eq!(day.go(), deletions[20..]);
}

#[test]
fn where_no_limits_are_told_there_are_none() {
    let mut day = Day::new();
    let first = day.come(Class::Ticket, SEND, 1);
    let others = day.crowd(Class::Ticket, DELETE, 1_000..1_100);
    assert_eq!(day.go().len(), 50, "until something is known");
    day.silent(first);
    assert_eq!(day.go().len(), 51);
    day.silent(others[0]);
    let same = day.crowd(Class::Ticket, DELETE, [1; 100]);
    assert_eq!(day.go(), same);
}

#[test]
fn one_limit_told_means_that_there_are_limits() {
    let mut day = Day::new();
    let all = day.crowd(Class::Ticket, SEND, 1..=2);
    day.go();
    day.silent(all[0]);
    day.told(all[1], "m", 4, 5, 1_000);
    day.crowd(Class::Upkeep, DELETE, 1_000..1_100);
    assert_eq!(day.go().len(), 48);
}

#[test]
fn what_is_over_is_forgotten() {
    let mut day = Day::limited();
    for channel in 0..10_000 {
        let turn = day.come(Class::Ticket, SEND, channel);
        assert_eq!(day.go(), [turn]);
        day.told(turn, "m", 4, 5, day.millis + 1_000);
        day.millis += 50;
    }
    assert!(day.limits.buckets.len() < 200, "{}", day.limits.buckets.len());
}

#[test]
fn a_limit_that_is_met_untold_is_approached_one_by_one() {
    let mut day = Day::new();
    let first = day.come(Class::Ticket, CREATE, 4);
    day.go();
    day.silent(first);
    let all = day.crowd(Class::Ticket, CREATE, [4; 20]);
    assert_eq!(day.go(), all);
    for turn in &all[10..] {
        day.refused(*turn, 1_000, false);
    }
    for turn in &all[..10] {
        day.silent(*turn);
    }
    day.millis = 1_000;
    for turn in &all[10..] {
        assert_eq!(day.go(), [*turn]);
        day.silent(*turn);
    }
}

#[test]
fn no_more_go_side_by_side_than_there_are_sockets() {
    let mut day = Day::new();
    let first = day.come(Class::Upkeep, DELETE, 1);
    day.go();
    day.silent(first);
    let all = day.crowd(Class::Upkeep, DELETE, 1_000..1_300);
    assert_eq!(day.go(), all[..256]);
    assert_eq!(day.again(), None);
    day.silent(all[7]);
    assert_eq!(day.go(), all[256..257]);
}

#[test]
fn a_staggered_load_gets_room_only_as_each_request_leaves_the_second() {
    let mut day = Day::limited();
    let early = day.crowd(Class::Ticket, SEND, 1..=30);
    assert_eq!(day.go(), early);
    day.millis = 600;
    let late = day.crowd(Class::Ticket, SEND, 101..=140);
    assert_eq!(day.go(), late[..20], "fifty within the last second");
    assert_eq!(day.again(), Some(1_020));
    day.millis = 1_020;
    assert_eq!(day.go(), late[20..]);
    let more = day.crowd(Class::Ticket, SEND, 201..=240);
    assert_eq!(day.go(), more[..10], "the twenty of 600 ms count still");
    assert_eq!(day.again(), Some(1_620));
    day.millis = 1_620;
    assert_eq!(day.go(), more[10..30]);
    assert_eq!(day.again(), Some(2_040));
}

#[test]
fn a_reply_without_limits_takes_back_none_that_was_told() {
    let mut day = Day::new();
    let all = day.crowd(Class::Ticket, SEND, 1..=2);
    day.go();
    day.told(all[0], "m", 4, 5, 1_000);
    day.silent(all[1]);
    day.crowd(Class::Upkeep, DELETE, 1_000..1_100);
    assert_eq!(day.go().len(), 48);
}

#[test]
fn no_request_is_held_up_for_longer_than_the_last_limit_lasts() {
    let mut day = Day::limited();
    let now = |day: &Day| day.at(day.millis);
    assert_eq!(day.limits.latest(now(&day)), None);
    let [create, send] = [day.come(Class::Ticket, CREATE, 4), day.come(Class::Ticket, SEND, 1)];
    day.go();
    day.refused(create, 20_000, false);
    day.told(send, "m", 0, 5, 4_000);
    assert_eq!(day.limits.held_until(create, now(&day)), Some(day.at(20_000)));
    assert_eq!(day.limits.latest(now(&day)), Some(day.at(20_000)));
    let other = day.come(Class::Upkeep, DELETE, 7);
    day.limits.refused(&Lane { kind: SEND.into(), major: 2 }, day.at(30_000), true);
    assert_eq!(day.limits.held_until(other, now(&day)), Some(day.at(30_000)), "all wait for a limit on everything");
    assert_eq!(day.limits.latest(now(&day)), Some(day.at(30_000)));
    day.millis = 30_000;
    assert_eq!(day.limits.latest(now(&day)), None);
}
