//! Makes `openapi.json` from Discord's whole description.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// The calls that the sandbox serves, as the description names them.
const SERVED: &[(&str, &[&str])] = &[
    ("/gateway", &["get"]),
    ("/gateway/bot", &["get"]),
    ("/users/@me", &["get"]),
    ("/users/@me/guilds", &["get"]),
    ("/users/@me/channels", &["post"]),
    ("/users/{user_id}", &["get"]),
    ("/applications/@me", &["get"]),
    ("/oauth2/applications/@me", &["get"]),
    ("/guilds/{guild_id}", &["get"]),
    ("/guilds/{guild_id}/roles", &["get", "post"]),
    ("/guilds/{guild_id}/roles/member-counts", &["get"]),
    ("/guilds/{guild_id}/roles/{role_id}", &["delete"]),
    ("/guilds/{guild_id}/channels", &["get", "post"]),
    ("/guilds/{guild_id}/members", &["get"]),
    ("/guilds/{guild_id}/members/{user_id}", &["get"]),
    ("/guilds/{guild_id}/members/{user_id}/roles/{role_id}", &["put", "delete"]),
    ("/channels/{channel_id}", &["get", "patch", "delete"]),
    ("/channels/{channel_id}/permissions/{overwrite_id}", &["put", "delete"]),
    ("/channels/{channel_id}/typing", &["post"]),
    ("/channels/{channel_id}/messages", &["get", "post"]),
    ("/channels/{channel_id}/messages/bulk-delete", &["post"]),
    ("/channels/{channel_id}/messages/{message_id}", &["get", "patch", "delete"]),
    ("/channels/{channel_id}/messages/{message_id}/reactions", &["delete"]),
    ("/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}", &["get", "delete"]),
    ("/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me", &["put", "delete"]),
    ("/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/{user_id}", &["delete"]),
    ("/interactions/{interaction_id}/{interaction_token}/callback", &["post"]),
    ("/webhooks/{webhook_id}/{webhook_token}", &["post"]),
    ("/webhooks/{webhook_id}/{webhook_token}/messages/@original", &["get", "patch", "delete"]),
    ("/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", &["get", "patch", "delete"]),
    ("/applications/{application_id}/commands", &["get", "post", "put"]),
    ("/applications/{application_id}/commands/{command_id}", &["delete"]),
    ("/applications/{application_id}/guilds/{guild_id}/commands", &["get", "post", "put"]),
    ("/applications/{application_id}/guilds/{guild_id}/commands/{command_id}", &["delete"]),
];

/// What a checker has no use for.
const PROSE: &[&str] =
    &["description", "title", "headers", "operationId", "security", "contentEncoding", "x-discord-union"];

#[test]
#[ignore = "writes openapi.json; needs OPENAPI=path to Discord's whole description"]
fn trim() {
    let whole = std::env::var("OPENAPI").expect("OPENAPI names a file");
    let whole: Value =
        serde_json::from_str(&std::fs::read_to_string(whole).expect("it is readable")).expect("it is JSON");
    let mut paths = Map::new();
    for (path, methods) in SERVED {
        let kept = methods.iter().map(|method| ((*method).to_owned(), operation(&whole["paths"][path][method])));
        paths.insert((*path).to_owned(), Value::Object(kept.collect()));
    }
    let mut names = BTreeSet::new();
    paths.values().for_each(|path| collect(&whole, path, &mut names));
    let schemas: Map<String, Value> =
        names.into_iter().map(|name| (name.clone(), plain(&whole["components"]["schemas"][&name]))).collect();
    let (version, info) = (&whole["openapi"], &whole["info"]);
    let (paths, schemas) = (lines(&paths), lines(&schemas));
    let trimmed = format!(
        "{{\n\"openapi\": {version}, \"info\": {info},\n\"paths\": {{\n{paths}\n}},\n\"components\": {{ \"schemas\": {{\n{schemas}\n}} }}\n}}\n"
    );
    let target = concat!(env!("CARGO_MANIFEST_DIR"), "/src/world/openapi/openapi.json");
    std::fs::write(target, trimmed).expect("it is writable");
}

/// One line for each call and each schema, so that a change of one is a change of one line.
fn lines(entries: &Map<String, Value>) -> String {
    let lines: Vec<String> = entries.iter().map(|(name, entry)| format!("\"{name}\": {entry}")).collect();
    lines.join(",\n")
}

/// The JSON of one operation: parameters of the query, the body, and what comes back when all is well.
fn operation(whole: &Value) -> Value {
    assert!(whole.is_object(), "the description knows the call");
    let json_only = |content: &Value| json!({ "application/json": plain(&content["application/json"]) });
    let mut kept = json!({ "responses": {} });
    if whole["requestBody"]["content"]["application/json"].is_object() {
        kept["requestBody"] = json!({ "content": json_only(&whole["requestBody"]["content"]) });
    }
    if whole["parameters"].is_array() {
        kept["parameters"] = plain(&whole["parameters"]);
    }
    for (status, response) in whole["responses"].as_object().into_iter().flatten() {
        if status.starts_with('2') {
            let empty = response["content"]["application/json"].is_null();
            kept["responses"][status] =
                if empty { json!({}) } else { json!({ "content": json_only(&response["content"]) }) };
        }
    }
    kept
}

/// The value without its prose.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let kept = object.iter().filter(|(name, _)| !PROSE.contains(&name.as_str()));
            kept.map(|(name, inner)| {
                (name.clone(), if name == "properties" { properties(inner) } else { plain(inner) })
            })
            .collect()
        }
        Value::Array(list) => list.iter().map(plain).collect(),
        other => other.clone(),
    }
}

/// A property may well be called "title": names of properties are left alone.
fn properties(value: &Value) -> Value {
    value.as_object().into_iter().flatten().map(|(name, schema)| (name.clone(), plain(schema))).collect()
}

fn collect(whole: &Value, value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            let name = object.get("$ref").and_then(Value::as_str).and_then(|target| target.rsplit('/').next());
            if let Some(name) = name.filter(|name| names.insert((*name).to_owned())) {
                collect(whole, &whole["components"]["schemas"][name], names);
            }
            object.values().for_each(|inner| collect(whole, inner, names));
        }
        Value::Array(list) => list.iter().for_each(|inner| collect(whole, inner, names)),
        _ => {}
    }
}
