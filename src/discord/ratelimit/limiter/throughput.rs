//! The limiter against a simulated server, in virtual time: a paced request is never rejected, and a rejected one is not
//! lost.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::prelude::*;

use super::*;

/// A server with a limit for the route and one for all routes: requests in a window, and its length in milliseconds.
struct Server {
    route: (u32, u64),
    global: (u32, u64),
    /// Whether its responses have rate limit headers.
    sends_headers: bool,
    windows: HashMap<BucketKey, (u64, u32)>,
}

/// The server's response to a request.
enum Transition {
    Done { remaining: u32, reset: u64 },
    Rejected { until: u64, global: bool },
}

impl Server {
    fn handle(&mut self, key: &BucketKey, now: u64) -> Transition {
        let everything = BucketKey { name: "global".into(), major: 0 };
        for (key, (limit, length)) in [(everything, self.global), (key.clone(), self.route)] {
            let window = self.windows.entry(key.clone()).or_insert((now, 0));
            if window.0 + length <= now {
                *window = (now, 0);
            }
            if window.1 == limit {
                return Transition::Rejected { until: window.0 + length, global: &*key.name == "global" };
            }
        }
        for key in [&BucketKey { name: "global".into(), major: 0 }, key] {
            self.windows.get_mut(key).unwrap().1 += 1;
        }
        let (start, used) = self.windows[key];
        Transition::Done { remaining: self.route.0 - used, reset: start + self.route.1 }
    }
}

/// The result of a simulation.
struct Summary {
    /// The numbers of the requests in the order of their responses, and the times.
    done: Vec<(u64, u64)>,
    rejected: usize,
}

/// All requests are added at once; each takes `latency` milliseconds in each direction, and up to `jitter` more.
fn simulate(mut server: Server, requests: &[BucketKey], latency: u64, jitter: u64) -> Summary {
    let (start, mut limiter) = (Instant::now(), RateLimiter::default());
    let at = |millis: u64| start + Duration::from_millis(millis);
    let mut keys = HashMap::new();
    for key in requests {
        let position = limiter.next_position(Priority::User);
        limiter.enqueue(position, key.clone());
        keys.insert(position, key.clone());
    }
    // By time: arrivals of requests at the server, and of responses at the client.
    let (mut arrivals, mut responses) = (BTreeSet::new(), BTreeMap::new());
    let (mut now, mut result) = (0, Summary { done: Vec::new(), rejected: 0 });
    loop {
        let (admitted, next_check) = limiter.admit_ready(at(now), usize::MAX);
        for (position, bucket) in admitted {
            arrivals.insert((now + latency + position.number * 7 % (jitter + 1), position, bucket.name.clone()));
        }
        let next_check = next_check.map(|then| u64::try_from((then - start).as_millis()).unwrap());
        let arrival = arrivals.first().map(|(time, ..)| *time);
        let response = responses.first_key_value().map(|((time, _), _)| *time);
        let Some(next) = [next_check, arrival, response].into_iter().flatten().min() else {
            return result;
        };
        now = next;
        while arrivals.first().is_some_and(|(time, ..)| *time <= now) {
            let (_, position, name) = arrivals.pop_first().unwrap();
            let decision = server.handle(&keys[&position], now);
            responses.insert((now + latency + position.number * 5 % (jitter + 1), position), (name, decision));
        }
        while responses.first_key_value().is_some_and(|((time, _), _)| *time <= now) {
            let ((_, position), (name, decision)) = responses.pop_first().unwrap();
            let key = keys[&position].clone();
            limiter.record_finished(&BucketKey { name, ..key });
            match decision {
                Transition::Done { remaining, reset } => {
                    // The header counts from when the response was sent.
                    let headers = RateLimitHeaders {
                        bucket: "b".into(),
                        limit: server.route.0,
                        remaining,
                        reset: at(reset + latency),
                    };
                    limiter.apply_headers(&key, server.sends_headers.then_some(headers));
                    result.done.push((position.number, now));
                }
                Transition::Rejected { until, global } => {
                    limiter.apply_headers(&key, None);
                    limiter.record_rejection(&key, at(until + latency), global);
                    limiter.enqueue(position, key);
                    result.rejected += 1;
                }
            }
        }
    }
}

fn creates(count: usize) -> Vec<BucketKey> {
    vec![BucketKey { name: "POST /guilds/{}/channels".into(), major: 4 }; count]
}

fn sends(count: u64) -> Vec<BucketKey> {
    (1..=count).map(|major| BucketKey { name: "POST /channels/{}/messages".into(), major }).collect()
}

fn server(route: (u32, u64), global: (u32, u64), sends_headers: bool) -> Server {
    Server { route, global, sends_headers, windows: HashMap::new() }
}

#[test]
fn a_hundred_channels_are_made_at_the_pace_of_the_limit() {
    let result = simulate(server((10, 10_000), (50, 1_000), true), &creates(100), 25, 20);
    assert_eq!(result.rejected, 0);
    let last = result.done.last().unwrap().1;
    assert!(last < 92_000, "{last}");
    let result = simulate(server((10, 10_000), (50, 1_000), true), &creates(100), 25, 0);
    assert!(result.done.is_sorted(), "in the order of arrival");
}

#[test]
fn five_hundred_messages_are_sent_at_fifty_in_a_second() {
    let result = simulate(server((5, 5_000), (50, 1_000), true), &sends(500), 25, 15);
    assert!(result.rejected <= 5, "{}", result.rejected);
    let last = result.done.last().unwrap().1;
    assert!(last < 9_500, "{last}");
}

#[test]
fn many_requests_are_sent_at_once_where_nothing_is_limited() {
    let result = simulate(server((u32::MAX, 1), (u32::MAX, 1), false), &creates(250), 25, 0);
    assert_eq!(result.done.last().unwrap().1, 100, "one round trip to learn it, and one for all the others");
}

proptest! {
    #[test]
    fn whatever_the_limits_each_request_is_done_once(
        route in (1_u32..20, 100_u64..20_000),
        global in (1_u32..60, 500_u64..2_000),
        sends_headers: bool,
        count in 1_usize..60,
        latency in 0_u64..800,
        jitter in 0_u64..200,
    ) {
        let result = simulate(server(route, global, sends_headers), &creates(count), latency, jitter);
        let done: BTreeSet<u64> = result.done.iter().map(|(number, _)| *number).collect();
        prop_assert_eq!((done.len(), result.done.len()), (count, count));
    }
}
