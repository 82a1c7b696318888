//! Faults on demand: a rule names calls and what happens to them, before or after they take effect. "After" is the hard
//! case: the call has taken effect, and its caller never learns so.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

use super::pattern::Pattern;
use super::world::limits::too_many;
use super::world::{Answer, Request};

/// Whether a fault comes before or after the effect of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The call has no effect.
    Before,
    /// The call has had its effect.
    After,
}

/// What a fault does to a call.
#[derive(Clone, Debug)]
pub enum FaultEffect {
    /// Delays it.
    Delay(Duration),
    /// Answers it with this instead.
    Answer(Answer),
    /// A proxy or an edge network answers in Discord's place.
    Page(Page),
    /// Resets the connection.
    Reset,
    /// Never answers.
    Hang,
    /// Holds it until a test releases it.
    Hold(Gate),
}

/// The answer of an edge network or a proxy: text or HTML.
#[derive(Clone, Debug)]
pub struct Page {
    pub(super) status: u16,
    pub(super) retry_after: Option<u64>,
    pub(super) text: String,
}

/// A rule: which calls it affects, how many it skips, how many it affects, and how.
#[derive(Clone, Debug)]
pub struct Fault {
    pattern: Pattern,
    when: When,
    effect: FaultEffect,
    skip: usize,
    left: Option<usize>,
}

impl Fault {
    /// A rule for the next matching call.
    pub fn new(pattern: impl Into<Pattern>, when: When, effect: FaultEffect) -> Self {
        Self { pattern: pattern.into(), when, effect, skip: 0, left: Some(1) }
    }

    /// The next matching call is answered with a bare status, such as 500 or 502.
    pub fn status(pattern: impl Into<Pattern>, when: When, status: u16) -> Self {
        let body = json!({ "message": format!("{status}: sandbox fault"), "code": 0 });
        Self::new(pattern, when, FaultEffect::Answer(Answer { status, headers: Vec::new(), body: Some(body) }))
    }

    /// The next matching call is refused with a code of Discord's.
    pub fn code(pattern: impl Into<Pattern>, status: u16, code: u32, message: &str) -> Self {
        let body = json!({ "message": message, "code": code });
        Self::new(pattern, When::Before, FaultEffect::Answer(Answer { status, headers: Vec::new(), body: Some(body) }))
    }

    /// The next matching call is refused for one field, with 50035.
    pub fn field(pattern: impl Into<Pattern>, field: &str, code: &str, message: &str) -> Self {
        let errors = json!({ field: { "_errors": [{ "code": code, "message": message }] } });
        let body = json!({ "message": "Invalid Form Body", "code": 50035, "errors": errors });
        Self::new(
            pattern,
            When::Before,
            FaultEffect::Answer(Answer { status: 400, headers: Vec::new(), body: Some(body) }),
        )
    }

    /// The next matching call gets a 429 of a rate limit.
    pub fn limited(pattern: impl Into<Pattern>, retry_after: f64, global: bool) -> Self {
        Self::new(pattern, When::Before, FaultEffect::Answer(too_many(retry_after, global)))
    }

    /// The next matching call is answered with a page by a proxy between its caller and Discord.
    pub fn page(pattern: impl Into<Pattern>, when: When, status: u16, text: &str) -> Self {
        Self::new(pattern, when, FaultEffect::Page(Page { status, retry_after: None, text: text.to_owned() }))
    }

    /// The next matching call is answered by the edge network, which has banned the address of the caller (error 1015).
    pub fn barred(pattern: impl Into<Pattern>, retry_after: Option<u64>) -> Self {
        let page = Page { status: 429, retry_after, text: "error code: 1015".to_owned() };
        Self::new(pattern, When::Before, FaultEffect::Page(page))
    }

    /// The next matching call takes longer.
    pub fn slow(pattern: impl Into<Pattern>, when: When, by: Duration) -> Self {
        Self::new(pattern, when, FaultEffect::Delay(by))
    }

    /// The connection of the next matching call breaks.
    pub fn reset(pattern: impl Into<Pattern>, when: When) -> Self {
        Self::new(pattern, when, FaultEffect::Reset)
    }

    /// The next matching call is never answered.
    pub fn hang(pattern: impl Into<Pattern>, when: When) -> Self {
        Self::new(pattern, when, FaultEffect::Hang)
    }

    /// Lets this many matching calls pass first.
    #[must_use]
    pub fn skip(mut self, calls: usize) -> Self {
        self.skip = calls;
        self
    }

    /// Affects this many calls.
    #[must_use]
    pub fn times(mut self, calls: usize) -> Self {
        self.left = Some(calls);
        self
    }

    /// Affects every matching call until the faults are cleared.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.left = None;
        self
    }

    /// The form in which `/sandbox/faults` lists and takes it.
    fn json(&self) -> Value {
        let mut json =
            json!({ "calls": self.pattern.to_string(), "after": self.when == When::After, "times": self.left });
        match &self.effect {
            FaultEffect::Delay(by) => json["delay"] = by.as_secs_f64().into(),
            FaultEffect::Answer(answer) => json["status"] = answer.status.into(),
            FaultEffect::Page(page) => json["page"] = page.status.into(),
            FaultEffect::Reset => json["reset"] = true.into(),
            FaultEffect::Hang => json["hang"] = true.into(),
            FaultEffect::Hold(_) => json["hold"] = true.into(),
        }
        json
    }

    fn strikes(&mut self, request: &Request) -> bool {
        if self.left == Some(0) || !self.pattern.matches(&request.method, &request.path) {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.left = self.left.map(|left| left - 1);
        true
    }
}

/// The rules in force.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The rules, to be shown.
    pub(super) fn list(&self) -> Vec<Value> {
        self.0.iter().map(Fault::json).collect()
    }

    /// The effects of all faults that match this call, oldest fault first.
    pub(super) fn strike(&mut self, request: &Request) -> Vec<(When, FaultEffect)> {
        let struck =
            self.0.iter_mut().filter_map(|fault| fault.strikes(request).then(|| (fault.when, fault.effect.clone())));
        let struck = struck.collect();
        self.0.retain(|fault| fault.left != Some(0));
        struck
    }
}

/// A gate in a call's way, between a test and the server.
#[derive(Clone, Debug)]
pub struct Gate {
    arrived: Arc<watch::Sender<bool>>,
    verdict: watch::Receiver<Verdict>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Wait,
    Go,
    Discard,
}

impl Gate {
    /// Waits at the gate; false means that the call shall go no further.
    pub(super) async fn pass(&mut self) -> bool {
        self.arrived.send_replace(true);
        match self.verdict.wait_for(|verdict| *verdict != Verdict::Wait).await {
            Ok(verdict) => *verdict == Verdict::Go,
            Err(_) => true,
        }
    }
}

/// A held call. Dropping this releases it.
#[derive(Debug)]
pub struct Hold {
    arrived: watch::Receiver<bool>,
    verdict: watch::Sender<Verdict>,
    name: String,
}

impl Hold {
    pub(super) fn new(name: &str) -> (Self, Gate) {
        let (arrived, seen) = watch::channel(false);
        let (verdict, awaited) = watch::channel(Verdict::Wait);
        let gate = Gate { arrived: Arc::new(arrived), verdict: awaited };
        (Self { arrived: seen, verdict, name: name.to_owned() }, gate)
    }

    /// Waits until the call is here: arrived (before its effect), or done but unanswered (after it).
    ///
    /// # Panics
    /// When no such call comes within ten seconds.
    pub async fn reached(&mut self) {
        let arrived = self.arrived.wait_for(|arrived| *arrived);
        let waited = tokio::time::timeout(Duration::from_secs(10), arrived).await;
        assert!(matches!(waited, Ok(Ok(_))), "no call came to the hold at {}", self.name);
    }

    /// Lets the call go on, whether or not its caller is still alive.
    pub fn release(self) {
        self.verdict.send_replace(Verdict::Go);
    }

    /// Makes the call vanish: it takes no further effect and is never answered.
    pub fn discard(self) {
        self.verdict.send_replace(Verdict::Discard);
    }
}
