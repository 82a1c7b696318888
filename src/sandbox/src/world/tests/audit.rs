//! Cases compared with Discord's documentation one by one; the module that decides each names the page.

use super::*;

/// A call, and the status and the code that answer it.
type Case = (&'static str, String, Value, u16, Option<u64>);

impl Play {
    fn check_all(&mut self, cases: Vec<Case>) {
        for (method, path, body, status, code) in cases {
            self.check(method, path, body, status, code);
        }
    }

    /// All mistakes of a refused form, each as `path CODE`.
    fn field_errors(&mut self, method: &str, path: impl Into<String>, body: Value) -> Vec<String> {
        let refused = self.check(method, path, body, 400, Some(50035));
        let mut found = Vec::new();
        collect("", &refused["errors"], &mut found);
        found
    }
}

fn collect(path: &str, node: &Value, found: &mut Vec<String>) {
    for (step, inner) in node.as_object().into_iter().flatten() {
        if step == "_errors" {
            let codes = inner.as_array().into_iter().flatten().filter_map(|mistake| mistake["code"].as_str());
            found.extend(codes.map(|code| format!("{path} {code}").trim().to_owned()));
        } else {
            collect(format!("{path}.{step}").trim_matches('.'), inner, found);
        }
    }
}

/// *Opcodes and Status Codes*: "JSON Error Codes".
#[test]
fn what_is_not_there_has_a_code_for_each_kind_of_thing() {
    let mut play = play();
    let FixtureIds { guild, lounge, alice, application, .. } = play.ids;
    let stranger = play.world.add_user("stranger", false);
    let token = "aW50ZXJhY3Rpb246bm9uZQ";
    let reply = json!({ "type": 4, "data": { "content": "x" } });
    play.check_all(vec![
        ("GET", "/channels/1".to_owned(), Value::Null, 404, Some(10003)),
        ("PATCH", "/channels/1".to_owned(), json!({ "name": "x" }), 404, Some(10003)),
        ("DELETE", "/channels/1".to_owned(), Value::Null, 404, Some(10003)),
        ("POST", "/channels/1/messages".to_owned(), text("x"), 404, Some(10003)),
        ("GET", "/guilds/1".to_owned(), Value::Null, 404, Some(10004)),
        ("GET", format!("/guilds/{guild}/members/1"), Value::Null, 404, Some(10013)),
        ("GET", format!("/guilds/{guild}/members/{stranger}"), Value::Null, 404, Some(10007)),
        ("GET", format!("/channels/{lounge}/messages/1"), Value::Null, 404, Some(10008)),
        ("GET", "/users/1".to_owned(), Value::Null, 404, Some(10013)),
        ("POST", format!("/interactions/1/{token}/callback"), reply, 404, Some(10062)),
        ("GET", format!("/webhooks/{application}/{token}/messages/@original"), Value::Null, 401, Some(50027)),
        ("DELETE", format!("/applications/{application}/commands/1"), Value::Null, 404, Some(10063)),
        ("GET", "/applications/1/commands".to_owned(), Value::Null, 404, Some(10002)),
    ]);
    play.world.change_role(play.ids.bot_role, |role| role.permissions = Permissions::ALL);
    let path = format!("/channels/{lounge}/permissions");
    play.check_all(vec![
        ("DELETE", format!("/guilds/{guild}/roles/1"), Value::Null, 404, Some(10011)),
        ("PUT", format!("/guilds/{guild}/members/{alice}/roles/1"), Value::Null, 404, Some(10011)),
        ("PUT", format!("{path}/1"), json!({ "type": 1, "allow": "0" }), 404, Some(10009)),
        ("DELETE", format!("{path}/1"), Value::Null, 404, Some(10009)),
    ]);
}

/// *API Reference*: "Error Messages", and what is no route at all.
#[test]
fn paths_and_methods_that_are_none() {
    let mut play = play();
    let token = play.world.application.token.clone();
    let mut outcome = |method: &str, path: &str| {
        let answer = play.world.rest(play.now, &Request::new(method, path).bot(&token));
        let body = answer.body.unwrap_or_default();
        (answer.status, body["code"].as_u64(), body["message"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(outcome("GET", "/nothing"), (404, Some(0), "404: Not Found".to_owned()));
    assert_eq!(outcome("POST", "/channels/1/webhooks"), (404, Some(0), "404: Not Found".to_owned()));
    assert_eq!(outcome("PUT", "/channels/1/messages"), (405, Some(0), "405: Method Not Allowed".to_owned()));
    assert_eq!(outcome("GET", "/channels/lounge"), (400, Some(50035), "Invalid Form Body".to_owned()));
    let unsigned = play.world.rest(play.now, &Request::new("GET", "/users/@me"));
    assert_eq!(unsigned.body, Some(json!({ "message": "401: Unauthorized", "code": 0 })));
}

/// *Message Resource*: "Allowed Mentions Object", with its own examples.
#[test]
fn allowed_mentions_cannot_say_both_all_and_some() {
    let mut play = play();
    let path = messages(play.ids.lounge);
    let said = |allowed: Value| json!({ "content": "hi", "allowed_mentions": allowed });
    let both = said(json!({ "parse": ["users"], "users": [play.ids.alice] }));
    let exclusive = "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE";
    assert_eq!(play.field_errors("POST", path.clone(), both), [format!("allowed_mentions {exclusive}")]);
    let odd = said(json!({ "parse": ["nobody"] }));
    assert_eq!(play.field_errors("POST", path.clone(), odd), ["allowed_mentions.parse.0 BASE_TYPE_CHOICES"]);
    let many: Vec<Snowflake> = (1..=101).map(Snowflake).collect();
    let many = said(json!({ "users": many }));
    assert_eq!(play.field_errors("POST", path.clone(), many), ["allowed_mentions.users BASE_TYPE_MAX_LENGTH"]);
    play.check("POST", path.clone(), said(json!({ "parse": ["users", "roles"], "users": [] })), 200, None);
    play.check("POST", path, said(json!({ "parse": ["everyone"], "users": [play.ids.alice] })), 200, None);
}

/// *Message Resource*: "Get Channel Messages".
#[test]
fn a_page_of_messages_has_bounds() {
    let mut play = play();
    let path = messages(play.ids.lounge);
    let mut error = |name: &str, value: &str| {
        let request = Request::new("GET", path.clone()).query(name, value).bot(TOKEN);
        let answer = play.world.rest(play.now, &request);
        let body = answer.body.unwrap_or_default();
        body["errors"][name]["_errors"][0]["code"].as_str().map(str::to_owned)
    };
    assert_eq!(error("limit", "0").as_deref(), Some("NUMBER_TYPE_MIN"));
    assert_eq!(error("limit", "101").as_deref(), Some("NUMBER_TYPE_MAX"));
    assert_eq!(error("limit", "many").as_deref(), Some("NUMBER_TYPE_COERCE"));
    assert_eq!(error("before", "now").as_deref(), Some("NUMBER_TYPE_COERCE"));
    assert_eq!(error("limit", "100"), None);
}

/// *Message Resource*: "Embed Limits"; *Component Reference*: "Action Row".
#[test]
fn all_mistakes_of_a_message_are_told_at_once() {
    let mut play = play();
    let path = messages(play.ids.lounge);
    let rows = vec![json!({ "type": 1, "components": [{ "type": 2, "style": 1, "label": "a", "custom_id": "a" }] }); 6];
    let long = json!({ "title": "x".repeat(257), "footer": { "text": "x".repeat(2049) } });
    let body = json!({ "content": "x".repeat(4001), "embeds": [long, { "color": 0x0100_0000 }] });
    let told = ["content", "embeds.0.footer.text", "embeds.0.title", "embeds.1.color"];
    let codes = ["BASE_TYPE_MAX_LENGTH", "BASE_TYPE_MAX_LENGTH", "BASE_TYPE_MAX_LENGTH", "NUMBER_TYPE_MAX"];
    let told: Vec<String> = told.iter().zip(codes).map(|(path, code)| format!("{path} {code}")).collect();
    assert_eq!(play.field_errors("POST", path.clone(), body), told);
    let found = play.field_errors("POST", path, json!({ "content": "x", "components": rows }));
    assert!(found.contains(&"components BASE_TYPE_MAX_LENGTH".to_owned()), "{found:?}");
    assert!(found.contains(&"components.1.components.0.custom_id COMPONENT_CUSTOM_ID_DUPLICATED".to_owned()));
}

/// *Receiving and Responding*: "Interaction Callback Type", "Followup Messages".
#[test]
fn each_way_to_answer_leaves_its_own_original() {
    let mut play = play();
    let ids = play.ids;
    let original =
        |press: &(Snowflake, String)| format!("/webhooks/{}/{}/messages/@original", ids.application, press.1);
    // Noted in silence, the original is the message that was pressed, and a followup is one more.
    let noted = play.press();
    play.answer(&noted, json!({ "type": 6 }), 204, None);
    assert_eq!(play.check("GET", original(&noted), Value::Null, 200, None)["content"], "press");
    let more = play.check("POST", format!("/webhooks/{}/{}", ids.application, noted.1), text("more"), 200, None);
    assert_eq!(play.check("GET", original(&noted), Value::Null, 200, None)["content"], "press");
    let followup = format!("/webhooks/{}/{}/messages/{}", ids.application, noted.1, more["id"].as_str().unwrap_or(""));
    play.check("PATCH", followup.clone(), text("less"), 200, None);
    play.check("DELETE", followup.clone(), Value::Null, 204, None);
    play.check("GET", followup, Value::Null, 404, Some(10008));
    // What was deferred in private stays private, whatever the followup says.
    let deferred = play.press();
    play.answer(&deferred, json!({ "type": 5, "data": { "flags": 64 } }), 204, None);
    play.check("POST", format!("/webhooks/{}/{}", ids.application, deferred.1), text("psst"), 200, None);
    assert!(play.world.reply_to(deferred.0).is_some_and(|reply| reply.audience == Some(ids.alice)));
    // A command can be neither noted nor updated.
    let command = json!([{ "name": "ask", "description": "asks" }]);
    play.check("PUT", format!("/applications/{}/commands", ids.application), command, 200, None);
    let used = play.world.at(play.now).command(ids.alice, ids.lounge, "ask", &Value::Null).expect("she may");
    let used = (used, play.world.interactions[&used].token.clone());
    play.answer(&used, json!({ "type": 6 }), 400, Some(50035));
    play.answer(&used, json!({ "type": 7, "data": { "content": "x" } }), 400, Some(50035));
}

/// *Application Commands*: "Registering a Command", "Application Command Option Structure".
#[test]
fn commands_are_refused_with_the_place_of_the_mistake() {
    let mut play = play();
    let path = format!("/applications/{}/guilds/{}/commands", play.ids.application, play.ids.guild);
    let command = |name: &str, options: Value| json!({ "name": name, "description": "d", "options": options });
    let option =
        |name: &str, required: bool| json!({ "type": 3, "name": name, "description": "d", "required": required });
    let fine = || command("fine", json!([option("a", true), option("b", false)]));
    let cases = [
        (json!([fine(), fine()]), "1 APPLICATION_COMMANDS_DUPLICATE_NAME"),
        (json!([fine(), command("Upper", json!([]))]), "1.name APPLICATION_COMMAND_INVALID_NAME"),
        (json!([fine(), command("two words", json!([]))]), "1.name APPLICATION_COMMAND_INVALID_NAME"),
        (
            json!([fine(), command("late", json!([option("a", false), option("b", true)]))]),
            "1.options.1 APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
        ),
        (
            json!([command("twice", json!([option("a", true), option("a", true)]))]),
            "0.options.1 APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS",
        ),
        (json!([{ "name": "mute" }]), "0.description BASE_TYPE_REQUIRED"),
    ];
    for (commands, expected) in cases {
        assert_eq!(play.field_errors("PUT", path.clone(), commands), [expected]);
    }
    play.check("PUT", path.clone(), json!([fine()]), 200, None);
    let hundred: Vec<Value> = (0..100).map(|number| command(&format!("c{number}"), json!([]))).collect();
    play.check("PUT", path.clone(), json!(hundred), 200, None);
    play.check("POST", path.clone(), command("c7", json!([])), 200, None);
    play.check("POST", path, command("one-too-many", json!([])), 400, Some(30032));
}

/// *Guild Resource*: "Create Guild Channel", "Get Guild"; *Channels Resource*: "Modify Channel".
#[test]
fn channels_have_bounds() {
    let mut play = play();
    let ids = play.ids;
    let path = format!("/guilds/{}/channels", ids.guild);
    let make = |field: &str, value: Value| json!({ "name": "x", field: value });
    let cases = [
        (make("topic", json!("x".repeat(1025))), "topic BASE_TYPE_MAX_LENGTH"),
        (make("rate_limit_per_user", json!(21_601)), "rate_limit_per_user NUMBER_TYPE_MAX"),
        (make("type", json!(1)), "type BASE_TYPE_CHOICES"),
        (make("position", json!(-1)), "position NUMBER_TYPE_MIN"),
        (json!({}), "name BASE_TYPE_REQUIRED"),
    ];
    for (body, expected) in cases {
        assert_eq!(play.field_errors("POST", path.clone(), body), [expected]);
    }
    let counted = Request::new("GET", format!("/guilds/{}", ids.guild)).query("with_counts", true).bot(TOKEN);
    let counted = play.world.rest(play.now, &counted).body.unwrap_or_default();
    assert_eq!(counted["approximate_member_count"], 7);
    play.world.change_role(ids.bot_role, |role| role.permissions = Permissions::VIEW_CHANNEL);
    play.check("PATCH", format!("/channels/{}", ids.lounge), json!({ "name": "y" }), 403, Some(50013));
    play.check("DELETE", format!("/channels/{}", ids.lounge), Value::Null, 403, Some(50013));
}
