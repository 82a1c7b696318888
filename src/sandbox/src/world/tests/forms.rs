//! Menus and forms: what can be picked, what can be sent, and what answers it.

use super::*;

fn input(more: &Value) -> Value {
    let mut input = json!({ "type": 4, "custom_id": "about", "style": 1 });
    more.as_object().into_iter().flatten().for_each(|(name, value)| input[name] = value.clone());
    input
}

fn form(part: &Value) -> Value {
    json!({ "type": 9, "data": { "custom_id": "form", "title": "Form", "components": [part] } })
}

fn labelled(input: &Value) -> Value {
    json!({ "type": 18, "label": "about", "component": input })
}

impl Play {
    /// Alice fills in the form that she has open.
    fn submit(&mut self, text: &str) -> Result<(Snowflake, String), ActionError> {
        let values = json!({ "about": text }).as_object().cloned().unwrap_or_default();
        let sent = self.world.at(self.now).submit(self.ids.alice, &values)?;
        Ok((sent, self.world.interactions[&sent].token.clone()))
    }
}

#[test]
fn a_form_is_held_to_its_limits() {
    let mut play = play();
    let press = play.press();
    let path = format!("/interactions/{}/{}/callback", press.0, press.1);
    let five = json!({ "type": 9, "data": { "custom_id": "form", "title": "x".repeat(46), "components": [] } });
    let refused = [
        json!({ "type": 9 }),
        five,
        form(&input(&json!({}))),
        form(&json!({ "type": 1, "components": [input(&json!({}))] })),
        form(&json!({ "type": 1, "components": [input(&json!({ "label": "a" })), input(&json!({ "label": "b" }))] })),
        form(&labelled(&input(&json!({ "max_length": 4001 })))),
        form(&labelled(&json!({ "type": 2, "style": 1, "label": "no", "custom_id": "button" }))),
    ];
    for body in refused {
        play.check("POST", path.clone(), body, 400, Some(50035));
    }
    play.check("POST", path, form(&json!({ "type": 1, "components": [input(&json!({ "label": "a" }))] })), 204, None);
}

#[test]
fn a_form_is_sent_once_and_answered_like_a_press() {
    let mut play = play();
    let press = play.press();
    play.answer(&press, form(&labelled(&input(&json!({ "min_length": 2 })))), 204, None);
    assert_eq!(play.submit(""), Err(ActionError::InvalidFormValues));
    assert_eq!(play.submit("x"), Err(ActionError::InvalidFormValues));
    play.heard();
    let sent = play.submit("a bill").expect("the form is open");
    assert_eq!(play.submit("again"), Err(ActionError::NoOpenForm));
    let event = play.world.take_dispatches().remove(0).data;
    assert_eq!((&event["type"], &event["data"]["custom_id"]), (&json!(5), &json!("form")));
    assert_eq!(event["data"]["components"][0]["component"]["value"], "a bill");
    assert_eq!(event["message"]["content"], "press");
    play.answer(&sent, form(&labelled(&input(&json!({})))), 400, Some(50035));
    play.answer(&sent, json!({ "type": 7, "data": { "content": "filled in" } }), 204, None);
    assert_eq!(play.world.messages_seen(play.ids.bob, play.ids.panel)[0].content, "filled in");
}

#[test]
fn a_form_that_a_command_opened_has_no_message_to_change() {
    let mut play = play();
    let command = json!([{ "name": "ask", "description": "asks" }]);
    play.check("PUT", format!("/applications/{}/commands", play.ids.application), command, 200, None);
    let now = play.now;
    let used = play.world.at(now).command(play.ids.alice, play.ids.lounge, "ask", &Value::Null).expect("she may");
    let used = (used, play.world.interactions[&used].token.clone());
    play.answer(&used, form(&labelled(&input(&json!({})))), 204, None);
    let sent = play.submit("x").expect("the form is open");
    play.answer(&sent, json!({ "type": 6 }), 400, Some(50035));
    play.answer(&sent, json!({ "type": 4, "data": { "content": "thanks" } }), 204, None);
    let said = play.world.reply_to(sent.0).expect("it was answered").id;
    let path = format!("{}/{said}", messages(play.ids.lounge));
    let told = play.check("GET", path, Value::Null, 200, None);
    assert_eq!(told["interaction_metadata"]["triggering_interaction_metadata"]["id"], json!(used.0));
}

#[test]
fn a_menu_gives_what_it_offers() {
    let mut play = play();
    let ids = play.ids;
    let options = json!([{ "label": "A", "value": "a" }, { "label": "B", "value": "b" }]);
    let texts = json!({ "type": 3, "custom_id": "texts", "options": options, "max_values": 2 });
    let roles = json!({ "type": 6, "custom_id": "roles" });
    let rows = json!([{ "type": 1, "components": [texts] }, { "type": 1, "components": [roles] }]);
    play.check("POST", messages(ids.panel), json!({ "content": "pick", "components": rows }), 200, None);
    play.heard();
    let mut pick = |menu: &str, values: Value| play.world.choose(ids.alice, ids.panel, None, menu, &values).map(drop);
    for wrong in [json!([]), json!(["c"]), json!(["a", "a"])] {
        assert_eq!(pick("texts", wrong.clone()), Err(ActionError::InvalidChoice), "{wrong}");
    }
    assert_eq!(pick("roles", json!(["1"])), Err(ActionError::InvalidChoice));
    assert_eq!(pick("texts", json!(["b", "a"])), Ok(()));
    assert_eq!(pick("roles", json!([ids.support_role])), Ok(()));
    let events = play.world.take_dispatches();
    assert_eq!(events[0].data["data"]["values"], json!(["b", "a"]));
    let role = ids.support_role.to_string();
    assert_eq!(events[1].data["data"]["resolved"]["roles"][&role]["name"], "support");
}
