//! Discord's side of the limits, in virtual time: who keeps its pace is never refused, and who is refused loses nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::prelude::*;

use super::*;

/// A server that lets so many requests through in a window of so many milliseconds: of a route, and of all together.
struct Server {
    route: (u32, u64),
    together: (u32, u64),
    /// It tells its limits before they are met.
    tells: bool,
    windows: HashMap<Lane, (u64, u32)>,
}

/// What comes of a request when it arrives.
enum Outcome {
    Done { remaining: u32, reset: u64 },
    Refused { until: u64, everywhere: bool },
}

impl Server {
    fn takes(&mut self, lane: &Lane, now: u64) -> Outcome {
        let everywhere = Lane { kind: "together".into(), major: 0 };
        for (lane, (limit, length)) in [(everywhere, self.together), (lane.clone(), self.route)] {
            let window = self.windows.entry(lane.clone()).or_insert((now, 0));
            if window.0 + length <= now {
                *window = (now, 0);
            }
            if window.1 == limit {
                return Outcome::Refused { until: window.0 + length, everywhere: &*lane.kind == "together" };
            }
        }
        for lane in [&Lane { kind: "together".into(), major: 0 }, lane] {
            self.windows.get_mut(lane).unwrap().1 += 1;
        }
        let (start, used) = self.windows[lane];
        Outcome::Done { remaining: self.route.0 - used, reset: start + self.route.1 }
    }
}

/// What came of a crowd.
struct Played {
    /// In which order they were done, and when.
    done: Vec<(u64, u64)>,
    refused: usize,
}

/// Everybody comes at once; a way takes `way` milliseconds and now and then up to `jitter` more.
fn play(mut server: Server, lanes: &[Lane], way: u64, jitter: u64) -> Played {
    let (start, mut limits) = (Instant::now(), Limits::default());
    let at = |millis: u64| start + Duration::from_millis(millis);
    let mut asked = HashMap::new();
    for lane in lanes {
        let turn = limits.turn(Class::Ticket);
        limits.enter(turn, lane.clone());
        asked.insert(turn, lane.clone());
    }
    // When, whose, and in which bucket: a request arrives, or (with an outcome) its reply does.
    let (mut arrivals, mut replies) = (BTreeSet::new(), BTreeMap::new());
    let (mut now, mut result) = (0, Played { done: Vec::new(), refused: 0 });
    loop {
        let (gone, again) = limits.advance(at(now), usize::MAX);
        for (turn, bucket) in gone {
            arrivals.insert((now + way + turn.number * 7 % (jitter + 1), turn, bucket.kind.clone()));
        }
        let again = again.map(|then| u64::try_from((then - start).as_millis()).unwrap());
        let arrival = arrivals.first().map(|(time, ..)| *time);
        let reply = replies.first_key_value().map(|((time, _), _)| *time);
        let Some(next) = [again, arrival, reply].into_iter().flatten().min() else {
            return result;
        };
        now = next;
        while arrivals.first().is_some_and(|(time, ..)| *time <= now) {
            let (_, turn, kind) = arrivals.pop_first().unwrap();
            let outcome = server.takes(&asked[&turn], now);
            replies.insert((now + way + turn.number * 5 % (jitter + 1), turn), (kind, outcome));
        }
        while replies.first_key_value().is_some_and(|((time, _), _)| *time <= now) {
            let ((_, turn), (kind, outcome)) = replies.pop_first().unwrap();
            let lane = asked[&turn].clone();
            limits.landed(&Lane { kind, ..lane });
            match outcome {
                Outcome::Done { remaining, reset } => {
                    // The reply tells how long from when it was written, and was under way since.
                    let told = Told { bucket: "b".into(), limit: server.route.0, remaining, reset: at(reset + way) };
                    limits.learn(&lane, server.tells.then_some(told));
                    result.done.push((turn.number, now));
                }
                Outcome::Refused { until, everywhere } => {
                    limits.learn(&lane, None);
                    limits.refused(&lane, at(until + way), everywhere);
                    limits.enter(turn, lane);
                    result.refused += 1;
                }
            }
        }
    }
}

fn creates(count: usize) -> Vec<Lane> {
    vec![Lane { kind: "POST /guilds/{}/channels".into(), major: 4 }; count]
}

fn sends(count: u64) -> Vec<Lane> {
    (1..=count).map(|major| Lane { kind: "POST /channels/{}/messages".into(), major }).collect()
}

fn server(route: (u32, u64), together: (u32, u64), tells: bool) -> Server {
    Server { route, together, tells, windows: HashMap::new() }
}

#[test]
fn a_hundred_channels_are_made_at_the_pace_of_the_limit() {
    let result = play(server((10, 10_000), (50, 1_000), true), &creates(100), 25, 20);
    assert_eq!(result.refused, 0);
    let last = result.done.last().unwrap().1;
    assert!(last < 92_000, "{last}");
    let result = play(server((10, 10_000), (50, 1_000), true), &creates(100), 25, 0);
    assert!(result.done.is_sorted(), "in the order of pressing");
}

#[test]
fn five_hundred_messages_are_sent_at_fifty_in_a_second() {
    let result = play(server((5, 5_000), (50, 1_000), true), &sends(500), 25, 15);
    assert!(result.refused <= 5, "{}", result.refused);
    let last = result.done.last().unwrap().1;
    assert!(last < 9_500, "{last}");
}

#[test]
fn a_crowd_is_served_at_once_where_nothing_is_limited() {
    let result = play(server((u32::MAX, 1), (u32::MAX, 1), false), &creates(250), 25, 0);
    assert_eq!(result.done.last().unwrap().1, 100, "one way there and back to learn it, and one for all the others");
}

proptest! {
    #[test]
    fn whatever_the_limits_everybody_is_served_once(
        route in (1_u32..20, 100_u64..20_000),
        together in (1_u32..60, 500_u64..2_000),
        tells: bool,
        count in 1_usize..60,
        way in 0_u64..800,
        jitter in 0_u64..200,
    ) {
        let result = play(server(route, together, tells), &creates(count), way, jitter);
        let served: BTreeSet<u64> = result.done.iter().map(|(number, _)| *number).collect();
        prop_assert_eq!((served.len(), result.done.len()), (count, count));
    }
}
