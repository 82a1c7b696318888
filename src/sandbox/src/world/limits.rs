//! Rate limits: a bucket for each route and place, and one for all calls together
//! (Discord documentation, *Rate Limits*). Discord does not publish the sizes of its buckets, on purpose; the sizes here
//! are of the order that bots observe. What counts is that a client reads the headers instead of knowing the numbers.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::rest::{Answer, Route};
use super::snowflake::Snowflake;

/// How many calls within how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub calls: u32,
    pub per: Duration,
}

impl Rate {
    #[must_use]
    pub const fn new(calls: u32, per: Duration) -> Self {
        Self { calls, per }
    }
}

/// The sizes of the buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// "All bots can make up to 50 requests per second."
    pub global: Rate,
    pub create_channel: Rate,
    pub change_channel: Rate,
    pub write: Rate,
    pub delete_message: Rate,
    pub reaction: Rate,
    pub interaction: Rate,
    /// Sessions that may be started: one at a time (`max_concurrency`), and so many a day.
    pub identify: Rate,
    pub sessions: Rate,
    /// Whatever has no size of its own.
    pub other: Rate,
}

impl Default for Limits {
    fn default() -> Self {
        let per_second = |calls, seconds| Rate::new(calls, Duration::from_secs(seconds));
        Self {
            global: per_second(50, 1),
            create_channel: per_second(10, 10),
            change_channel: per_second(5, 5),
            write: per_second(5, 5),
            delete_message: per_second(5, 1),
            reaction: Rate::new(1, Duration::from_millis(250)),
            interaction: per_second(5, 2),
            identify: per_second(1, 5),
            sessions: per_second(1000, 24 * 60 * 60),
            other: per_second(10, 5),
        }
    }
}

/// A bucket: the kind of call, and the place that it concerns ("top-level resource").
type Key = (&'static str, String);

/// The windows that are open.
#[derive(Clone, Debug, Default)]
pub(super) struct Buckets {
    windows: BTreeMap<Key, Window>,
    global: Window,
    identify: Window,
    sessions: Window,
}

/// Past this many windows the closed ones are swept away.
const MOST_WINDOWS: usize = 1000;

impl Buckets {
    /// Counts a call: it may pass, with these headers on its answer, or it is turned away.
    pub(super) fn count(
        &mut self,
        now: SystemTime,
        limits: &Limits,
        route: &Route,
    ) -> Result<Vec<(String, String)>, Answer> {
        let (name, place, rate) = bucket(limits, route);
        // "Interaction endpoints are not bound to the bot's Global Rate Limit."
        let global = (name != "interaction").then(|| self.global.open(now, limits.global));
        if let Some(global) = global.as_ref().filter(|global| global.used >= limits.global.calls) {
            return Err(too_many(seconds(now, global.ends), true));
        }
        if self.windows.len() > MOST_WINDOWS {
            self.windows.retain(|_, window| window.ends > now);
        }
        let window = self.windows.entry((name, place)).or_default().open(now, rate);
        if window.used >= rate.calls {
            let mut answer = too_many(seconds(now, window.ends), false);
            answer.headers.extend(headers(name, rate, *window, now));
            return Err(answer);
        }
        window.used += 1;
        if let Some(global) = global {
            global.used += 1;
        }
        Ok(headers(name, rate, *window, now))
    }
}

/// Starting a session of the gateway (*Gateway*, "Identifying", "Session Start Limit Object").
impl Buckets {
    /// Whether a session may start now.
    pub(super) fn start_session(&mut self, now: SystemTime, limits: &Limits) -> bool {
        let identify = self.identify.open(now, limits.identify);
        let sessions = self.sessions.open(now, limits.sessions);
        let free = identify.used < limits.identify.calls && sessions.used < limits.sessions.calls;
        identify.used += u32::from(free);
        sessions.used += u32::from(free);
        free
    }

    /// The `session_start_limit` that clients get.
    pub(super) fn session_limit(&self, now: SystemTime, limits: &Limits) -> Value {
        let current = if self.sessions.ends > now { self.sessions } else { Window::default() };
        let reset = current.ends.duration_since(now).unwrap_or_default().as_millis();
        json!({
            "total": limits.sessions.calls, "remaining": limits.sessions.calls.saturating_sub(current.used),
            "reset_after": u64::try_from(reset).unwrap_or(0), "max_concurrency": limits.identify.calls,
        })
    }
}

#[derive(Clone, Copy, Debug)]
struct Window {
    ends: SystemTime,
    used: u32,
}

impl Default for Window {
    fn default() -> Self {
        Self { ends: UNIX_EPOCH, used: 0 }
    }
}

impl Window {
    /// The window as it is now; a call that finds it over begins a new one.
    fn open(&mut self, now: SystemTime, rate: Rate) -> &mut Self {
        if self.ends <= now {
            *self = Self { ends: now + rate.per, used: 0 };
        }
        self
    }
}

fn bucket(limits: &Limits, route: &Route) -> (&'static str, String, Rate) {
    let at = |place: &Snowflake| place.to_string();
    match route {
        Route::CreateChannel(guild) => ("create-channel", at(guild), limits.create_channel),
        Route::EditChannel(channel) | Route::DeleteChannel(channel) => {
            ("change-channel", at(channel), limits.change_channel)
        }
        Route::CreateMessage(channel) => ("create-message", at(channel), limits.write),
        Route::EditMessage(channel, _) => ("edit-message", at(channel), limits.write),
        Route::DeleteMessage(channel, _) => ("delete-message", at(channel), limits.delete_message),
        // Observed: one in a quarter of a second.
        Route::PutReaction(channel, ..) | Route::DeleteReaction(channel, ..) | Route::ClearReactions(channel, ..) => {
            ("reactions", at(channel), limits.reaction)
        }
        Route::Reactions(channel, ..) => ("read-reactions", at(channel), limits.other),
        Route::BulkDelete(channel) => ("bulk-delete", at(channel), limits.delete_message),
        Route::Messages(channel) | Route::Message(channel, _) => ("read-messages", at(channel), limits.other),
        Route::Channel(channel) | Route::Typing(channel) => ("channel", at(channel), limits.other),
        Route::PutOverwrite(channel, _) | Route::DeleteOverwrite(channel, _) => {
            ("overwrites", at(channel), limits.other)
        }
        Route::Callback(interaction, _) => ("interaction", at(interaction), limits.interaction),
        Route::Followup(_, token)
        | Route::Reply(_, token, _)
        | Route::EditReply(_, token, _)
        | Route::DeleteReply(_, token, _) => ("interaction", token.clone(), limits.interaction),
        Route::Guild(guild) => ("guild", at(guild), limits.other),
        Route::Channels(guild) => ("channels", at(guild), limits.other),
        Route::Roles(guild)
        | Route::RoleMemberCounts(guild)
        | Route::CreateRole(guild)
        | Route::DeleteRole(guild, _) => ("roles", at(guild), limits.other),
        Route::Members(guild)
        | Route::Member(guild, _)
        | Route::AddMemberRole(guild, ..)
        | Route::RemoveMemberRole(guild, ..) => ("members", at(guild), limits.other),
        Route::Gateway | Route::GatewayBot => ("gateway", String::new(), limits.other),
        Route::OpenPrivate => ("private", String::new(), limits.other),
        Route::Me | Route::MyGuilds | Route::MyApplication | Route::User(_) => ("me", String::new(), limits.other),
        Route::Commands(_) | Route::CreateCommand(_) | Route::ReplaceCommands(_) | Route::DeleteCommand(..) => {
            ("commands", String::new(), limits.other)
        }
    }
}

fn headers(name: &str, rate: Rate, window: Window, now: SystemTime) -> Vec<(String, String)> {
    let pairs = [
        ("x-ratelimit-limit", rate.calls.to_string()),
        ("x-ratelimit-remaining", rate.calls.saturating_sub(window.used).to_string()),
        ("x-ratelimit-reset", format!("{:.3}", whole_millis(seconds(UNIX_EPOCH, window.ends)))),
        ("x-ratelimit-reset-after", format!("{:.3}", whole_millis(seconds(now, window.ends)))),
        ("x-ratelimit-bucket", fingerprint(name)),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}

/// Discord names a bucket by a hash that says nothing of its route; the place is not part of it.
fn fingerprint(name: &str) -> String {
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    format!("{hash:016x}{:016x}", hash.rotate_left(32))
}

fn seconds(now: SystemTime, then: SystemTime) -> f64 {
    then.duration_since(now).unwrap_or_default().as_secs_f64()
}

/// The next whole millisecond: a client that waits exactly `retry_after` is never too early.
fn whole_millis(seconds: f64) -> f64 {
    (seconds * 1000.0).ceil() / 1000.0
}

/// The answer of an exceeded limit: whole seconds in the header, exact ones in the body.
#[must_use]
pub fn too_many(retry_after: f64, global: bool) -> Answer {
    let exact = whole_millis(retry_after);
    let body = json!({ "message": "You are being rate limited.", "retry_after": exact, "global": global });
    let scope = if global { "global" } else { "user" };
    let mut headers = vec![
        ("retry-after".to_owned(), retry_after.ceil().to_string()),
        ("x-ratelimit-scope".to_owned(), scope.to_owned()),
    ];
    if global {
        headers.push(("x-ratelimit-global".to_owned(), "true".to_owned()));
    }
    Answer { status: 429, headers, body: Some(body) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: SystemTime = UNIX_EPOCH;

    fn after(millis: u64) -> SystemTime {
        NOW + Duration::from_millis(millis)
    }

    fn header(headers: &[(String, String)], name: &str) -> Option<String> {
        headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let (mut buckets, limits) = (Buckets::default(), Limits::default());
        let here = Route::CreateMessage(Snowflake(1));
        let mut write = |now, route: &Route| buckets.count(now, &limits, route);
        for remaining in (0..5).rev() {
            let headers = write(NOW, &here).expect("there is room");
            assert_eq!(header(&headers, "x-ratelimit-remaining"), Some(remaining.to_string()));
        }
        let refused = write(after(1500), &here).expect_err("it is full");
        assert_eq!(refused.body.as_ref().map(|body| &body["retry_after"]), Some(&json!(3.5)));
        assert_eq!(header(&refused.headers, "retry-after").as_deref(), Some("4"));
        assert_eq!(header(&refused.headers, "x-ratelimit-scope").as_deref(), Some("user"));
        assert!(write(after(1500), &Route::CreateMessage(Snowflake(2))).is_ok());
        assert!(write(after(5000), &here).is_ok());
    }

    #[test]
    fn who_waits_as_long_as_told_is_never_too_early() {
        let limits = Limits { write: Rate::new(1, Duration::from_secs(1)), ..Limits::default() };
        for micros in [1, 499, 500, 501, 999, 123_456] {
            let (mut buckets, here) = (Buckets::default(), Route::CreateMessage(Snowflake(1)));
            buckets.count(NOW, &limits, &here).expect("there is room");
            let asked = NOW + Duration::from_micros(micros);
            let refused = buckets.count(asked, &limits, &here).expect_err("it is full");
            let told = header(&refused.headers, "x-ratelimit-reset-after").and_then(|text| text.parse().ok());
            let back = asked + Duration::from_secs_f64(told.expect("a number"));
            assert!(buckets.count(back, &limits, &here).is_ok(), "{micros} µs into the window");
        }
    }

    #[test]
    fn fifty_calls_a_second_is_all_there_is_but_for_interactions() {
        let (mut buckets, limits) = (Buckets::default(), Limits::default());
        for channel in 0..50 {
            assert!(buckets.count(NOW, &limits, &Route::CreateMessage(Snowflake(channel))).is_ok());
        }
        let refused = buckets.count(after(250), &limits, &Route::Me).expect_err("it is full");
        assert_eq!(header(&refused.headers, "x-ratelimit-global").as_deref(), Some("true"));
        assert!(buckets.count(after(250), &limits, &Route::Callback(Snowflake(1), String::new())).is_ok());
        assert!(buckets.count(after(1000), &limits, &Route::Me).is_ok());
    }
}
