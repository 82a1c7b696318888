//! Files with messages: who may send them, how many, how large, and which stay.

use super::*;

fn upload(name: &str, size: usize) -> Upload {
    Upload { field: "files[0]".to_owned(), filename: name.to_owned(), kind: None, bytes: vec![0; size].into() }
}

impl Play {
    fn send(&mut self, method: &str, path: &str, body: Value, files: Vec<Upload>) -> Answer {
        let request = Request { files, ..Request::new(method, path).body(body).bot(TOKEN) };
        self.world.rest(self.now, &request)
    }
}

#[test]
fn files_need_a_right_and_room() {
    let mut play = play();
    let path = messages(play.ids.lounge);
    let mut outcome = |files| {
        let answer = play.send("POST", &path, json!({}), files);
        (answer.status, answer.code())
    };
    assert_eq!(outcome(vec![upload("a", 1)]), (200, None));
    assert_eq!(outcome(vec![upload("a", attachments::LARGEST)]), (200, None));
    assert_eq!(outcome(vec![upload("a", attachments::LARGEST + 1)]), (413, Some(40005)));
    assert_eq!(outcome(vec![upload("a", 1); 11]), (400, Some(30015)));
    let fewer = Start::default().bot_permissions.without(Permissions::ATTACH_FILES);
    play.world.change_role(play.ids.bot_role, |role| role.permissions = fewer);
    let answer = play.send("POST", &path, text("with a file"), vec![upload("a", 1)]);
    assert_eq!((answer.status, answer.code()), (403, Some(50013)));
}

#[test]
fn an_edit_keeps_the_files_it_names() {
    let mut play = play();
    let path = messages(play.ids.lounge);
    let body = json!({ "attachments": [{ "id": 0, "filename": "better.txt", "description": "d" }] });
    let sent = play.send("POST", &path, body, vec![upload("a.txt", 3)]).body.unwrap_or_default();
    let file = &sent["attachments"][0];
    assert_eq!(
        (&file["filename"], &file["description"], &file["size"]),
        (&json!("better.txt"), &json!("d"), &json!(3))
    );
    let path = format!("{path}/{}", sent["id"].as_str().unwrap_or_default());
    let names = |answer: &Answer| -> Vec<String> {
        let list = answer.body.as_ref().and_then(|body| body["attachments"].as_array()).cloned().unwrap_or_default();
        list.iter().filter_map(|file| file["filename"].as_str().map(str::to_owned)).collect()
    };
    let more = play.send("PATCH", &path, json!({}), vec![upload("b.txt", 1)]);
    assert_eq!(openapi::check_answer("PATCH", &path, &more), Vec::<String>::new());
    assert_eq!(names(&more), ["better.txt", "b.txt"]);
    let fewer = play.send("PATCH", &path, json!({ "attachments": [{ "id": file["id"] }] }), Vec::new());
    assert_eq!(names(&fewer), ["better.txt"]);
    let none = play.send("PATCH", &path, json!({ "attachments": [] }), Vec::new());
    assert_eq!(none.code(), Some(50006));
}

#[test]
fn an_address_holds_any_name() {
    let mut play = play();
    let path = messages(play.ids.lounge);
    let mut address = |name: &str| {
        let sent = play.send("POST", &path, json!({}), vec![upload(name, 1)]).body.unwrap_or_default();
        assert_eq!(sent["attachments"][0]["filename"], name, "the name itself stays as it is");
        let url = sent["attachments"][0]["url"].as_str().unwrap_or_default().to_owned();
        url.rsplit('/').next().unwrap_or_default().to_owned()
    };
    assert_eq!(address("plain-1_2.txt"), "plain-1_2.txt");
    assert_eq!(address("a #1?50%.txt"), "a%20%231%3F50%25.txt");
    assert_eq!(address("\"a/b\".txt"), "%22a%2Fb%22.txt");
    assert_eq!(address("я.txt"), "%D1%8F.txt");
}
