//! Calls that go wrong on demand, and what is kept of them.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use talon_sandbox::world::{Limits, MessageView};
use talon_sandbox::*;

const SEND: &str = "POST /channels/*/messages";

/// A caller of the interface, with nothing of a library in between.
struct Caller {
    sandbox: Sandbox,
    http: reqwest::Client,
}

fn caller() -> Caller {
    let sandbox = Sandbox::start(Setup::default()).expect("loopback is free");
    let http = reqwest::Client::builder().no_proxy().user_agent("DiscordBot (test, 1)").build().expect("a client");
    Caller { sandbox, http }
}

impl Caller {
    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}/api/v10{path}", self.sandbox.base_url());
        self.http.request(method, url).header("authorization", format!("Bot {}", self.sandbox.token()))
    }

    /// Sends a message and gives what came back; nothing where the connection broke.
    async fn send(&self, text: &str) -> Option<(u16, Value)> {
        let path = format!("/channels/{}/messages", self.sandbox.ids().lounge);
        let body = json!({ "content": text }).to_string();
        let answer = self.request(Method::POST, &path).header("content-type", "application/json").body(body).send();
        let answer = answer.await.ok()?;
        let status = answer.status().as_u16();
        Some((status, serde_json::from_str(&answer.text().await.ok()?).unwrap_or_default()))
    }

    async fn status(&self, text: &str) -> Option<u16> {
        self.send(text).await.map(|(status, _)| status)
    }

    /// What was really said.
    fn said(&self) -> Vec<String> {
        let ids = self.sandbox.ids();
        let text = |message: MessageView| message.content;
        self.sandbox.messages(ids.alice, ids.lounge).into_iter().map(text).collect()
    }
}

#[tokio::test]
async fn faults_strike_before_or_after_the_effect() {
    let caller = caller();
    caller.sandbox.fault(Fault::status(SEND, When::Before, 502));
    assert_eq!((caller.status("a").await, caller.said().len()), (Some(502), 0));
    caller.sandbox.fault(Fault::status(SEND, When::After, 500));
    assert_eq!((caller.status("b").await, caller.said().len()), (Some(500), 1));
    caller.sandbox.fault(Fault::reset(SEND, When::Before));
    assert_eq!((caller.status("c").await, caller.said().len()), (None, 1));
    caller.sandbox.fault(Fault::reset(SEND, When::After));
    assert_eq!((caller.status("d").await, caller.said().len()), (None, 2));
    assert_eq!(caller.status("e").await, Some(200));
    let endings: Vec<Ending> = caller.sandbox.calls_matching(SEND).into_iter().map(|call| call.ending).collect();
    let expected = [Ending::Answered(502), Ending::Answered(500), Ending::Reset, Ending::Reset, Ending::Answered(200)];
    assert_eq!(endings, expected);
}

#[tokio::test]
async fn faults_can_wait_for_their_turn_and_last() {
    let caller = caller();
    caller.sandbox.fault(Fault::field(SEND, "content", "NO", "no").skip(1).times(2));
    let mut statuses = Vec::new();
    for text in ["a", "b", "c", "d"] {
        statuses.push(caller.status(text).await);
    }
    assert_eq!(statuses, [Some(200), Some(400), Some(400), Some(200)]);
    caller.sandbox.fault(Fault::limited(SEND, 1.5, true).always());
    let (status, body) = caller.send("e").await.expect("an answer");
    assert_eq!((status, &body["retry_after"], &body["global"]), (429, &json!(1.5), &json!(true)));
    caller.sandbox.clear_faults();
    assert_eq!(caller.status("f").await, Some(200));
}

#[tokio::test]
async fn a_call_is_carried_out_though_its_caller_has_died() {
    let caller = caller();
    let mut hold = caller.sandbox.hold(SEND, When::Before);
    let waiting = tokio::time::timeout(Duration::from_secs(5), caller.status("orphan"));
    tokio::select! {
        _ = waiting => panic!("the call is held"),
        () = hold.reached() => {}
    }
    assert!(caller.said().is_empty());
    hold.release();
    caller.sandbox.until_called(SEND, 1).await;
    assert_eq!(caller.said(), ["orphan"]);
}

#[tokio::test]
async fn a_discarded_call_has_never_been() {
    let caller = caller();
    let mut hold = caller.sandbox.hold(SEND, When::Before);
    tokio::select! {
        _ = caller.status("never") => panic!("the call is held"),
        () = hold.reached() => {}
    }
    hold.discard();
    assert_eq!(caller.status("next").await, Some(200));
    assert_eq!(caller.said(), ["next"]);
}

#[tokio::test]
async fn bodies_must_be_json_and_say_so() {
    let caller = caller();
    let path = format!("/channels/{}/messages", caller.sandbox.ids().lounge);
    let undeclared = caller.request(Method::POST, &path).body("{}").send().await.expect("an answer");
    assert!(undeclared.text().await.expect("a text").contains("CONTENT_TYPE_INVALID"));
    let broken = caller.request(Method::POST, &path).header("content-type", "application/json").body("{").send();
    assert!(broken.await.expect("an answer").text().await.expect("a text").contains("50109"));
}

#[tokio::test]
async fn answers_have_come_through_a_proxy_as_discords_have() {
    let caller = caller();
    caller.sandbox.fault(Fault::limited("GET /users/@me", 1.0, false));
    for status in [429, 200] {
        let answer = caller.request(Method::GET, "/users/@me").send().await.expect("an answer");
        assert_eq!((answer.status().as_u16(), answer.headers().contains_key("via")), (status, true));
    }
}

#[tokio::test]
async fn what_is_not_known_is_shown_as_unknown() {
    let caller = caller();
    let answer = caller.request(Method::GET, "/guilds/1/welcome-screen").send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 404);
    assert!(!caller.sandbox.calls()[0].known);
}

#[tokio::test]
async fn real_limits_are_told_in_headers() {
    let caller = caller();
    caller.sandbox.set_limits(Some(Limits::default()));
    for _ in 0..5 {
        assert_eq!(caller.status("x").await, Some(200));
    }
    let (status, body) = caller.send("x").await.expect("an answer");
    assert_eq!((status, &body["global"]), (429, &json!(false)));
    assert_eq!(caller.said().len(), 5);
}
