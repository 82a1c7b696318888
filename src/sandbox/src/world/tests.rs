//! The rules by example: a request, the status and code that Discord answers, and what is then heard on the gateway.

mod audit;
mod dm;
mod files;
mod forms;
mod hidden;
mod reactions;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::*;

const TOKEN: &str = "token";
const START: SystemTime = UNIX_EPOCH;

/// A world at a time of its own.
struct Play {
    world: World,
    ids: FixtureIds,
    now: SystemTime,
}

fn play() -> Play {
    play_with(&Start::default())
}

fn play_with(start: &Start) -> Play {
    let now = START + Duration::from_secs(1_700_000_000);
    let (world, ids) = World::new(now, start, TOKEN, "ws://sandbox");
    Play { world, ids, now }
}

impl Play {
    fn call(&mut self, method: &str, path: impl Into<String>, body: Value) -> Answer {
        let body = (!body.is_null()).then_some(body);
        let request = Request { body, ..Request::new(method, path).bot(TOKEN) };
        self.world.rest(self.now, &request)
    }

    /// Calls, and checks the status and the code that Discord's error body would carry.
    fn check(&mut self, method: &str, path: impl Into<String>, body: Value, status: u16, code: Option<u64>) -> Value {
        let path = path.into();
        let answer = self.call(method, path.clone(), body);
        assert_eq!(openapi::check_answer(method, &path, &answer), Vec::<String>::new(), "{method} {path}");
        assert_eq!((answer.status, answer.code()), (status, code), "{method} {path}: {:?}", answer.body);
        answer.body.unwrap_or_default()
    }

    /// The code of the first mistake at a field of a refused form.
    fn mistake(&mut self, method: &str, path: impl Into<String>, body: Value, field: &str) -> String {
        let body = self.check(method, path, body, 400, Some(50035));
        body["errors"][field]["_errors"][0]["code"].as_str().unwrap_or_default().to_owned()
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.world.at(self.now);
    }

    fn heard(&mut self) -> Vec<&'static str> {
        self.world.take_dispatches().iter().map(|event| event.name).collect()
    }

    /// A message of the bot's with a button, and a press of it by Alice.
    fn press(&mut self) -> (Snowflake, String) {
        let button = json!({ "type": 2, "style": 1, "label": "go", "custom_id": "go" });
        let body = json!({ "content": "press", "components": [{ "type": 1, "components": [button] }] });
        let path = messages(self.ids.panel);
        self.check("POST", path, body, 200, None);
        let id = self.world.at(self.now).press(self.ids.alice, self.ids.panel, None, "go").expect("there is a button");
        (id, self.world.interactions[&id].token.clone())
    }

    fn answer(&mut self, press: &(Snowflake, String), body: Value, status: u16, code: Option<u64>) {
        self.check("POST", format!("/interactions/{}/{}/callback", press.0, press.1), body, status, code);
    }
}

fn messages(channel: Snowflake) -> String {
    format!("/channels/{channel}/messages")
}

fn text(content: &str) -> Value {
    json!({ "content": content })
}

#[test]
fn strangers_are_turned_away() {
    let mut play = play();
    let answer = play.world.rest(play.now, &Request::new("GET", "/users/@me").bot("wrong"));
    assert_eq!((answer.status, answer.code()), (401, Some(0)));
}

#[test]
fn a_channel_is_made_under_its_category() {
    let mut play = play();
    let ids = play.ids;
    let overwrites = json!([
        { "id": ids.guild, "type": 0, "deny": "1024" },
        { "id": ids.alice, "type": 1, "allow": "1024" },
        { "id": ids.bot, "type": 1, "allow": "1040" },
    ]);
    let body = json!({ "name": "Ticket Alice", "parent_id": ids.category, "permission_overwrites": overwrites });
    let made = play.check("POST", format!("/guilds/{}/channels", ids.guild), body, 201, None);
    assert_eq!(made["name"], "ticket-alice");
    assert_eq!(play.heard(), ["CHANNEL_CREATE"]);
    let channel = made["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let sees = |user| play.world.permissions(user, channel).has(Permissions::VIEW_CHANNEL);
    assert_eq!([sees(ids.alice), sees(ids.bob), sees(ids.adam), sees(ids.bot)], [true, false, true, true]);
}

#[test]
fn a_bot_grants_only_what_it_holds() {
    let mut play = play();
    let ids = play.ids;
    let path = format!("/guilds/{}/channels", ids.guild);
    let grant = |allow: Permissions, deny: Permissions| {
        let overwrite = json!({ "id": ids.alice, "type": 1, "allow": allow, "deny": deny });
        json!({ "name": "x", "permission_overwrites": [overwrite] })
    };
    let none = Permissions::NONE;
    play.check("POST", path.clone(), grant(Permissions::MANAGE_CHANNELS, none), 201, None);
    play.check("POST", path.clone(), grant(Permissions::BAN_MEMBERS, none), 403, Some(50013));
    play.check("POST", path.clone(), grant(none, Permissions::BAN_MEMBERS), 403, Some(50013));
    let all_but_admin = Permissions::ALL.without(Permissions::ADMINISTRATOR);
    play.world.change_role(ids.bot_role, |role| role.permissions = all_but_admin);
    play.check("POST", path.clone(), grant(Permissions::MANAGE_ROLES, none), 403, Some(50013));
    play.world.change_role(ids.bot_role, |role| role.permissions = Permissions::ADMINISTRATOR);
    play.check("POST", path, grant(Permissions::MANAGE_ROLES, none), 201, None);
}

#[test]
fn channels_are_refused_with_discords_own_codes() {
    let mut play = play();
    let ids = play.ids;
    let path = format!("/guilds/{}/channels", ids.guild);
    assert_eq!(play.mistake("POST", path.clone(), json!({ "name": "!!!" }), "name"), "BASE_TYPE_REQUIRED");
    assert_eq!(play.mistake("POST", path.clone(), json!({ "name": "x".repeat(101) }), "name"), "BASE_TYPE_BAD_LENGTH");
    let under = |parent: Snowflake| json!({ "name": "x", "parent_id": parent });
    let unknown = Snowflake(1);
    assert_eq!(play.mistake("POST", path.clone(), under(unknown), "parent_id"), "CHANNEL_PARENT_INVALID");
    assert_eq!(play.mistake("POST", path.clone(), under(ids.lounge), "parent_id"), "CHANNEL_PARENT_INVALID_TYPE");
    play.world.fill(Some(ids.category), 50);
    assert_eq!(play.mistake("POST", path.clone(), under(ids.category), "parent_id"), "CHANNEL_PARENT_MAX_CHANNELS");
    let stranger = json!({ "name": "x", "permission_overwrites": [{ "id": unknown, "type": 1 }] });
    play.check("POST", path.clone(), stranger, 404, Some(10009));
    play.world.fill(None, 500);
    play.check("POST", path.clone(), json!({ "name": "x" }), 400, Some(30013));
    play.world.change_role(ids.bot_role, |role| role.permissions = Permissions::VIEW_CHANNEL);
    play.check("POST", path, json!({ "name": "x" }), 403, Some(50013));
}

#[test]
fn what_cannot_be_seen_is_missing_access() {
    let mut play = play();
    let ids = play.ids;
    let hidden =
        Overwrite { id: ids.bot, kind: Target::Member, allow: Permissions::NONE, deny: Permissions::VIEW_CHANNEL };
    play.world.overwrite(ids.lounge, hidden);
    play.heard();
    let path = format!("/channels/{}", ids.lounge);
    play.check("GET", path.clone(), Value::Null, 403, Some(50001));
    play.check("DELETE", path, Value::Null, 403, Some(50001));
    play.check("POST", messages(ids.lounge), text("hi"), 403, Some(50001));
    play.check("GET", "/channels/1", Value::Null, 404, Some(10003));
    play.world.say(ids.alice, ids.lounge, "unheard").expect("alice may write");
    assert!(play.heard().is_empty());
    let list = play.check("GET", format!("/guilds/{}/channels", ids.guild), Value::Null, 200, None);
    assert_eq!(list.as_array().map(Vec::len), Some(3));
}

#[test]
fn a_deleted_category_leaves_its_children() {
    let mut play = play();
    let ids = play.ids;
    play.world.fill(Some(ids.category), 2);
    play.heard();
    play.check("DELETE", format!("/channels/{}", ids.category), Value::Null, 200, None);
    assert_eq!(play.heard(), ["CHANNEL_DELETE", "CHANNEL_UPDATE", "CHANNEL_UPDATE"]);
    assert!(play.world.channels.values().all(|channel| channel.parent.is_none()));
}

#[test]
fn a_deleted_role_leaves_members_and_overwrites() {
    let mut play = play();
    let ids = play.ids;
    let shown = Overwrite {
        id: ids.support_role,
        kind: Target::Role,
        allow: Permissions::VIEW_CHANNEL,
        deny: Permissions::NONE,
    };
    play.world.overwrite(ids.lounge, shown);
    play.world.delete_role(ids.support_role);
    assert!(play.world.channels[&ids.lounge].overwrites.is_empty());
    assert_eq!(play.world.guild.members[&ids.sue].roles, [ids.member_role]);
}

#[test]
fn messages_need_rights_and_content() {
    let mut play = play();
    let ids = play.ids;
    let path = messages(ids.lounge);
    play.check("POST", path.clone(), text(" "), 400, Some(50006));
    let embed = json!({ "embeds": [{ "title": "t" }] });
    play.check("POST", path.clone(), embed.clone(), 200, None);
    let fewer = Start::default().bot_permissions.without(Permissions::EMBED_LINKS);
    play.world.change_role(ids.bot_role, |role| role.permissions = fewer);
    play.check("POST", path.clone(), embed, 403, Some(50013));
    let both = play.check("POST", path.clone(), json!({ "content": "c", "embeds": [{ "title": "t" }] }), 200, None);
    assert_eq!(both["embeds"], json!([]));
    play.world.change_role(ids.bot_role, |role| role.permissions = Permissions::VIEW_CHANNEL);
    play.check("POST", path.clone(), text("hi"), 403, Some(50013));
    assert_eq!(play.check("GET", path, Value::Null, 200, None), json!([]));
}

#[test]
fn an_enforced_nonce_makes_repeating_harmless() {
    let mut play = play();
    let path = messages(play.ids.lounge);
    let body = json!({ "content": "once", "nonce": "n1", "enforce_nonce": true });
    let first = play.check("POST", path.clone(), body.clone(), 200, None);
    let second = play.check("POST", path.clone(), body.clone(), 200, None);
    assert_eq!((&first["id"], &first["nonce"]), (&second["id"], &json!("n1")));
    assert_eq!(play.heard(), ["MESSAGE_CREATE"]);
    play.pass(Duration::from_secs(6 * 60));
    let later = play.check("POST", path, body, 200, None);
    assert_ne!(first["id"], later["id"]);
}

#[test]
fn replies_need_something_to_reply_to() {
    let mut play = play();
    let path = messages(play.ids.lounge);
    let reply = |to: Snowflake, must: bool| json!({ "content": "re", "message_reference": { "message_id": to, "fail_if_not_exists": must } });
    let asked = play.world.say(play.ids.alice, play.ids.lounge, "?").expect("alice may write");
    let sent = play.check("POST", path.clone(), reply(asked, true), 200, None);
    assert_eq!((&sent["type"], &sent["referenced_message"]["content"]), (&json!(19), &json!("?")));
    let gone = Snowflake(1);
    assert_eq!(play.mistake("POST", path.clone(), reply(gone, true), "message_reference"), "REPLIES_UNKNOWN_MESSAGE");
    play.check("POST", path, reply(gone, false), 200, None);
}

#[test]
fn only_own_messages_are_edited_and_all_can_be_cleared_away() {
    let mut play = play();
    let ids = play.ids;
    let theirs = play.world.say(ids.alice, ids.lounge, "hi").expect("alice may write");
    let path = format!("{}/{theirs}", messages(ids.lounge));
    play.check("PATCH", path.clone(), text("changed"), 403, Some(50005));
    play.check("DELETE", path.clone(), Value::Null, 204, None);
    play.check("DELETE", path, Value::Null, 404, Some(10008));
}

#[test]
fn messages_are_listed_newest_first() {
    let mut play = play();
    let ids = play.ids;
    let said: Vec<Snowflake> =
        ["a", "b", "c", "d"].map(|text| play.world.say(ids.alice, ids.lounge, text).expect("may")).into();
    let mut listed = |query: &str| -> String {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let request = Request::new("GET", format!("/channels/{}/messages", ids.lounge)).bot(TOKEN);
        let request = pairs.fold(request, |request, (name, value)| request.query(name, value));
        let list = play.world.rest(play.now, &request).body.unwrap_or_default();
        list.as_array().into_iter().flatten().filter_map(|message| message["content"].as_str()).collect()
    };
    assert_eq!(listed(""), "dcba");
    assert_eq!(listed("limit=2"), "dc");
    assert_eq!(listed(&format!("before={}", said[2])), "ba");
    assert_eq!(listed(&format!("after={}&limit=2", said[0])), "cb");
    assert_eq!(listed(&format!("around={}&limit=3", said[1])), "cba");
}

#[test]
fn a_press_is_answered_once_and_in_time() {
    let mut play = play();
    let press = play.press();
    assert_eq!(play.heard(), ["MESSAGE_CREATE", "INTERACTION_CREATE"]);
    let reply = json!({ "type": 4, "data": { "content": "yes", "flags": 64 } });
    play.answer(&press, json!({ "type": 4, "data": { "flags": 64 } }), 400, Some(50006));
    play.answer(&press, reply.clone(), 204, None);
    play.answer(&press, reply.clone(), 400, Some(40060));
    play.answer(&(press.0, "wrong".to_owned()), reply.clone(), 404, Some(10062));
    let late = play.press();
    play.pass(Duration::from_secs(3));
    assert_eq!(play.world.progress(play.now, late.0), Some(Progress::Failed));
    play.answer(&late, reply, 404, Some(10062));
}

#[test]
fn a_private_reply_is_seen_by_one_person_and_not_by_rest() {
    let mut play = play();
    let ids = play.ids;
    let press = play.press();
    play.answer(&press, json!({ "type": 4, "data": { "content": "psst", "flags": 64 } }), 204, None);
    let seen = |play: &Play, user| play.world.messages_seen(user, ids.panel).len();
    assert_eq!((seen(&play, ids.alice), seen(&play, ids.bob)), (2, 1));
    let list = play.check("GET", messages(ids.panel), Value::Null, 200, None);
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    let original = format!("/webhooks/{}/{}/messages/@original", ids.application, press.1);
    assert_eq!(play.check("GET", original, Value::Null, 200, None)["content"], "psst");
}

#[test]
fn a_deferral_is_resolved_by_an_edit() {
    let mut play = play();
    let ids = play.ids;
    let press = play.press();
    let original = format!("/webhooks/{}/{}/messages/@original", ids.application, press.1);
    play.check("PATCH", original.clone(), text("soon"), 404, Some(10015));
    play.answer(&press, json!({ "type": 5, "data": { "flags": 64 } }), 204, None);
    assert!(play.world.messages_seen(ids.alice, ids.panel)[1].thinking);
    play.check("PATCH", original.clone(), text("done"), 200, None);
    let view = play.world.messages_seen(ids.alice, ids.panel).remove(1);
    assert_eq!((view.thinking, view.ephemeral, view.content.as_str()), (false, true, "done"));
    play.pass(Duration::from_secs(15 * 60));
    play.check("PATCH", original, text("late"), 401, Some(50027));
}

#[test]
fn the_first_followup_of_a_deferral_is_its_edit() {
    let mut play = play();
    let ids = play.ids;
    let press = play.press();
    play.answer(&press, json!({ "type": 5, "data": { "flags": 64 } }), 204, None);
    let followup = format!("/webhooks/{}/{}", ids.application, press.1);
    play.check("POST", followup.clone(), text("one"), 200, None);
    play.check("POST", followup, text("two"), 200, None);
    let said: Vec<String> =
        play.world.messages_seen(ids.alice, ids.panel).into_iter().map(|message| message.content).collect();
    assert_eq!(said, ["press", "one", "two"]);
}

#[test]
fn people_press_only_what_they_see() {
    let mut play = play();
    let ids = play.ids;
    play.press();
    let everyone_out =
        Overwrite { id: ids.guild, kind: Target::Role, allow: Permissions::NONE, deny: Permissions::VIEW_CHANNEL };
    play.world.overwrite(ids.panel, everyone_out);
    let press = |play: &mut Play, user| play.world.press(user, ids.panel, None, "go").map(drop);
    assert_eq!(press(&mut play, ids.alice), Err(ActionError::ChannelNotVisible));
    assert_eq!(press(&mut play, ids.adam), Ok(()));
    assert_eq!(play.world.press(ids.adam, ids.panel, None, "no"), Err(ActionError::NoSuchComponent));
}

#[test]
fn only_the_allowed_and_the_able_are_notified() {
    let mut play = play();
    let ids = play.ids;
    let path = messages(ids.lounge);
    let words = format!("<@{}> <@&{}> <@{}> @everyone", ids.alice, ids.support_role, ids.bob);
    let mut notified = |allowed: Value| {
        let body = json!({ "content": words, "allowed_mentions": allowed });
        let sent = play.check("POST", path.clone(), body, 200, None);
        let id = sent["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        play.world.notified(play.world.message(ids.lounge, id).expect("it was sent"))
    };
    assert_eq!(notified(json!({ "parse": [] })), []);
    assert_eq!(notified(json!({ "users": [ids.alice], "roles": [ids.support_role] })), [ids.alice, ids.sue]);
    assert_eq!(notified(json!({ "parse": ["everyone"] })).len(), 6);
    let fewer = Start::default().bot_permissions.without(Permissions::MENTION_EVERYONE);
    play.world.change_role(ids.bot_role, |role| role.permissions = fewer);
    let body = json!({ "content": format!("<@&{}>", ids.support_role) });
    let sent = play.check("POST", path, body, 200, None);
    assert_eq!(sent["mention_roles"], json!([]));
}

#[test]
fn content_is_blank_without_the_intent() {
    let mut play = play();
    let ids = play.ids;
    play.world.say(ids.alice, ids.lounge, "secret").expect("alice may write");
    play.world.say(ids.alice, ids.lounge, &format!("<@{}> open", ids.bot)).expect("alice may write");
    let events = play.world.take_dispatches();
    let content = |event: &Dispatch, intents| event.for_session(intents).map(|data| data["content"].clone());
    let without = Intents::GUILDS | Intents::GUILD_MESSAGES;
    assert_eq!(content(&events[0], without), Some(json!("")));
    assert_eq!(content(&events[0], without | Intents::MESSAGE_CONTENT), Some(json!("secret")));
    assert_ne!(content(&events[1], without), Some(json!("")));
    assert_eq!(content(&events[0], Intents::GUILDS), None);
}

#[test]
fn an_outage_silences_the_server() {
    let mut play = play();
    let ids = play.ids;
    play.world.set_available(false);
    play.world.say(ids.alice, ids.lounge, "anyone?").expect("alice may write");
    play.world.set_available(true);
    assert_eq!(play.heard(), ["GUILD_DELETE", "GUILD_CREATE"]);
}

#[test]
fn messages_are_cleared_away_in_bulk() {
    let mut play = play();
    let ids = play.ids;
    let said = ["a", "b", "c"].map(|text| play.world.say(ids.alice, ids.lounge, text).expect("alice may write"));
    let path = format!("{}/bulk-delete", messages(ids.lounge));
    play.check("POST", path.clone(), json!({ "messages": [said[0]] }), 400, Some(50035));
    play.check("POST", path.clone(), json!({ "messages": [said[0], said[1]] }), 204, None);
    assert_eq!(play.world.messages_seen(ids.bob, ids.lounge).len(), 1);
    play.pass(Duration::from_secs(15 * 24 * 60 * 60));
    play.check("POST", path, json!({ "messages": [said[2], said[1]] }), 400, Some(50034));
}

#[test]
fn interactions_notify_people_but_not_roles_unless_told_to() {
    let mut play = play();
    let ids = play.ids;
    let press = play.press();
    let words = format!("<@{}> <@&{}>", ids.bob, ids.support_role);
    play.answer(&press, json!({ "type": 4, "data": { "content": words } }), 204, None);
    let reply = play.world.reply_to(press.0).expect("it was answered");
    assert_eq!(play.world.notified(reply), [ids.bob]);
}

#[test]
fn every_call_is_answered_as_described() {
    let mut play = play();
    let FixtureIds { guild, alice, application, support_role, .. } = play.ids;
    for path in
        ["/gateway", "/gateway/bot", "/users/@me", "/users/@me/guilds", "/applications/@me", "/oauth2/applications/@me"]
    {
        play.check("GET", path, Value::Null, 200, None);
    }
    for path in ["", "/roles", "/channels"] {
        play.check("GET", format!("/guilds/{guild}{path}"), Value::Null, 200, None);
    }
    play.check("GET", format!("/guilds/{guild}/members/{alice}"), Value::Null, 200, None);
    play.check("GET", format!("/users/{alice}"), Value::Null, 200, None);
    play.check("GET", format!("/channels/{}", play.ids.panel), Value::Null, 200, None);
    play.check("GET", format!("/channels/{}", play.ids.category), Value::Null, 200, None);
    play.check("PATCH", format!("/channels/{}", play.ids.panel), json!({ "topic": "t" }), 200, None);
    play.check("POST", format!("/channels/{}/typing", play.ids.panel), Value::Null, 204, None);
    let command = json!({ "name": "ticket", "description": "opens a ticket" });
    play.check("POST", format!("/applications/{application}/commands"), command.clone(), 201, None);
    play.check("PUT", format!("/applications/{application}/guilds/{guild}/commands"), json!([command]), 200, None);
    play.check("GET", format!("/applications/{application}/commands"), Value::Null, 200, None);
    play.world.change_role(play.ids.bot_role, |role| role.permissions = Permissions::ADMINISTRATOR);
    play.check("POST", format!("/guilds/{guild}/roles"), json!({ "name": "new" }), 200, None);
    play.check("PUT", format!("/guilds/{guild}/members/{alice}/roles/{support_role}"), Value::Null, 204, None);
    let overwrite = json!({ "type": 1, "allow": "1024" });
    play.check("PUT", format!("/channels/{}/permissions/{alice}", play.ids.panel), overwrite, 204, None);
    play.check("DELETE", format!("/channels/{}/permissions/{alice}", play.ids.panel), Value::Null, 204, None);
    play.check("DELETE", format!("/guilds/{guild}/roles/{support_role}"), Value::Null, 204, None);
}

#[test]
fn a_command_takes_only_what_it_asks_for_and_tells_what_ids_stand_for() {
    let mut play = play();
    let ids = play.ids;
    let option = |kind: u8, name: &str, required: bool| json!({ "type": kind, "name": name, "description": "d", "required": required });
    let mut colour = option(3, "colour", false);
    colour["choices"] = json!([{ "name": "Red", "value": "red" }]);
    let options = json!([option(6, "whom", true), option(4, "times", false), option(7, "place", false), colour]);
    let command = json!([{ "name": "ask", "description": "asks", "options": options }]);
    play.check("PUT", format!("/applications/{}/commands", ids.application), command, 200, None);
    let mut uses = |options: Value| play.world.command(ids.alice, ids.lounge, "ask", &options).map(drop);
    for wrong in [
        json!({}),
        json!({ "whom": "nobody" }),
        json!({ "whom": Snowflake(1) }),
        json!({ "whom": ids.bob, "times": "often" }),
        json!({ "whom": ids.bob, "colour": "blue" }),
        json!({ "whom": ids.bob, "why": "because" }),
    ] {
        assert_eq!(uses(wrong.clone()), Err(ActionError::InvalidOptions), "{wrong}");
    }
    assert_eq!(uses(json!([{ "name": "whom", "type": 6, "value": ids.sue }])), Ok(()));
    assert_eq!(uses(json!({ "whom": ids.bob, "times": "3", "colour": "red", "place": ids.panel })), Ok(()));
    let data = play.world.take_dispatches().remove(1).data["data"].take();
    assert_eq!(data["options"][1], json!({ "name": "times", "type": 4, "value": 3 }));
    let (bob, panel) = (ids.bob.to_string(), ids.panel.to_string());
    assert_eq!(data["resolved"]["users"][&bob]["username"], "bob");
    assert_eq!(data["resolved"]["members"][&bob]["roles"], json!([ids.member_role]));
    assert!(data["resolved"]["members"][&bob].get("user").is_none());
    assert_eq!(data["resolved"]["channels"][&panel]["name"], "support");
}

#[test]
fn a_command_of_one_server_says_nothing_of_other_places() {
    let mut play = play();
    let ids = play.ids;
    let body = json!({ "name": "ticket", "description": "opens a ticket", "options": null, "contexts": null });
    let here = format!("/applications/{}/guilds/{}/commands", ids.application, ids.guild);
    let here = play.check("POST", here, body.clone(), 201, None);
    let everywhere = play.check("POST", format!("/applications/{}/commands", ids.application), body, 201, None);
    for field in ["contexts", "integration_types", "dm_permission"] {
        assert_eq!((here.get(field), everywhere.get(field).is_some()), (None, true), "{field}");
    }
    assert_eq!((here.get("options"), everywhere.get("options")), (None, None));
}

#[test]
fn commands_are_kept_and_used_by_those_who_may() {
    let mut play = play();
    let ids = play.ids;
    let path = format!("/applications/{}/guilds/{}/commands", ids.application, ids.guild);
    let localized = json!({ "ru": "тикет" });
    let open = json!({ "name": "ticket", "description": "opens a ticket", "name_localizations": localized });
    let closed = json!({ "name": "setup", "description": "sets up", "default_member_permissions": "8" });
    play.check("PUT", path.clone(), json!([open, closed]), 200, None);
    let short = play.check("GET", path.clone(), Value::Null, 200, None);
    assert!(short[0].get("name_localizations").is_none());
    let asked = Request::new("GET", path.clone()).query("with_localizations", true).bot(TOKEN);
    let long = play.world.rest(play.now, &asked).body.unwrap_or_default();
    assert_eq!(long[0]["name_localizations"], localized);
    let mut uses = |user, name| play.world.command(user, ids.lounge, name, &Value::Null).map(drop);
    assert_eq!(uses(ids.alice, "ticket"), Ok(()));
    assert_eq!(uses(ids.alice, "setup"), Err(ActionError::CommandForbidden));
    assert_eq!(uses(ids.adam, "setup"), Ok(()));
    assert_eq!(uses(ids.alice, "other"), Err(ActionError::NoSuchComponent));
    let event = play.world.take_dispatches().remove(0);
    assert_eq!((&event.data["type"], &event.data["data"]["name"]), (&json!(2), &json!("ticket")));
}
