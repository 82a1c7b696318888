//! The REST surface as values: a request comes in, an answer goes out, and the list of routes says what is known.

use serde::Serialize;
use serde_json::Value;

use super::attachments::Upload;
use super::reactions::Whose;
use super::refusal::Refusal;
use super::snowflake::Snowflake;

/// One request, as it arrives after the version prefix: `/channels/1/messages`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub body: Option<Value>,
    /// The files that came with the body.
    pub files: Vec<Upload>,
    /// The `Authorization` header, `Bot …`.
    pub authorization: Option<String>,
    /// The `X-Audit-Log-Reason` header, decoded.
    pub reason: Option<String>,
}

impl Request {
    /// A request with no body, to be filled in.
    #[must_use]
    pub fn new(method: &str, path: impl Into<String>) -> Self {
        Self { method: method.to_owned(), path: path.into(), ..Self::default() }
    }

    #[must_use]
    pub fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    #[must_use]
    pub fn query(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// Signs the request with a bot's token.
    #[must_use]
    pub fn bot(mut self, token: &str) -> Self {
        self.authorization = Some(format!("Bot {token}"));
        self
    }

    pub(super) fn asked(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What comes back.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Option<Value>,
}

impl Answer {
    pub(super) fn ok(body: Value) -> Self {
        Self { status: 200, headers: Vec::new(), body: Some(body) }
    }

    pub(super) fn created(body: Value) -> Self {
        Self { status: 201, ..Self::ok(body) }
    }

    pub(super) fn nothing() -> Self {
        Self { status: 204, headers: Vec::new(), body: None }
    }

    /// The code in Discord's error body, if this is one.
    #[must_use]
    pub fn code(&self) -> Option<u64> {
        self.body.as_ref()?.get("code")?.as_u64()
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self { status: refusal.status, headers: Vec::new(), body: Some(refusal.body()) }
    }
}

/// What a handler comes to.
pub(super) type Outcome = Result<Answer, Refusal>;

/// Every call the sandbox knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    Gateway,
    GatewayBot,
    Me,
    MyGuilds,
    OpenPrivate,
    MyApplication,
    User(Snowflake),
    Guild(Snowflake),
    Roles(Snowflake),
    RoleMemberCounts(Snowflake),
    CreateRole(Snowflake),
    DeleteRole(Snowflake, Snowflake),
    Channels(Snowflake),
    CreateChannel(Snowflake),
    Members(Snowflake),
    Member(Snowflake, Snowflake),
    AddMemberRole(Snowflake, Snowflake, Snowflake),
    RemoveMemberRole(Snowflake, Snowflake, Snowflake),
    Channel(Snowflake),
    EditChannel(Snowflake),
    DeleteChannel(Snowflake),
    PutOverwrite(Snowflake, Snowflake),
    DeleteOverwrite(Snowflake, Snowflake),
    Typing(Snowflake),
    Messages(Snowflake),
    Message(Snowflake, Snowflake),
    CreateMessage(Snowflake),
    EditMessage(Snowflake, Snowflake),
    DeleteMessage(Snowflake, Snowflake),
    BulkDelete(Snowflake),
    PutReaction(Snowflake, Snowflake, String),
    DeleteReaction(Snowflake, Snowflake, String, Whose),
    Reactions(Snowflake, Snowflake, String),
    ClearReactions(Snowflake, Snowflake, Option<String>),
    Callback(Snowflake, String),
    Followup(Snowflake, String),
    Reply(Snowflake, String, Which),
    EditReply(Snowflake, String, Which),
    DeleteReply(Snowflake, String, Which),
    Commands(Scope),
    CreateCommand(Scope),
    ReplaceCommands(Scope),
    DeleteCommand(Scope, Snowflake),
}

/// Which message of an interaction is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    Original,
    Followup(Snowflake),
}

/// Where application commands are registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    pub application: Snowflake,
    pub guild: Option<Snowflake>,
}

impl Route {
    /// Finds the route, or says as Discord does that there is none.
    pub(super) fn find(method: &str, path: &str) -> Result<Self, Refusal> {
        let steps: Vec<&str> = path.trim_matches('/').split('/').collect();
        match steps.first() {
            Some(&"channels") => channel(method, &steps[1..]),
            Some(&"guilds") => guild(method, &steps[1..]),
            Some(&"interactions") => interaction(method, &steps[1..]),
            Some(&"webhooks") => webhook(method, &steps[1..]),
            Some(&"applications") => application(method, &steps[1..]),
            _ => general(method, &steps),
        }
    }

    /// Whether there is such a route at all, whatever becomes of the call.
    #[must_use]
    pub fn is_known(method: &str, path: &str) -> bool {
        !matches!(Self::find(method, path), Err(Refusal { status: 404 | 405, .. }))
    }

    /// Whether the token in the path stands in for the bot's own.
    pub(super) fn is_open(&self) -> bool {
        use Route::{Callback, DeleteReply, EditReply, Followup, Gateway, Reply};
        matches!(self, Gateway | Callback(..) | Followup(..) | Reply(..) | EditReply(..) | DeleteReply(..))
    }
}

fn general(method: &str, steps: &[&str]) -> Result<Route, Refusal> {
    match (method, steps) {
        ("GET", ["gateway"]) => Ok(Route::Gateway),
        ("GET", ["gateway", "bot"]) => Ok(Route::GatewayBot),
        ("GET", ["users", "@me"]) => Ok(Route::Me),
        ("GET", ["users", "@me", "guilds"]) => Ok(Route::MyGuilds),
        ("POST", ["users", "@me", "channels"]) => Ok(Route::OpenPrivate),
        ("GET", ["users", user]) => Ok(Route::User(id("user_id", user)?)),
        ("GET", ["oauth2", "applications", "@me"]) => Ok(Route::MyApplication),
        (_, ["gateway"] | ["gateway", "bot"]) => Err(Refusal::wrong_method()),
        _ => Err(Refusal::no_such_route()),
    }
}

fn guild(method: &str, steps: &[&str]) -> Result<Route, Refusal> {
    let [guild, rest @ ..] = steps else { return Err(Refusal::no_such_route()) };
    let guild = id("guild_id", guild)?;
    match (method, rest) {
        ("GET", []) => Ok(Route::Guild(guild)),
        ("GET", ["roles"]) => Ok(Route::Roles(guild)),
        ("GET", ["roles", "member-counts"]) => Ok(Route::RoleMemberCounts(guild)),
        ("POST", ["roles"]) => Ok(Route::CreateRole(guild)),
        ("DELETE", ["roles", role]) => Ok(Route::DeleteRole(guild, id("role_id", role)?)),
        ("GET", ["channels"]) => Ok(Route::Channels(guild)),
        ("POST", ["channels"]) => Ok(Route::CreateChannel(guild)),
        ("GET", ["members"]) => Ok(Route::Members(guild)),
        ("GET", ["members", user]) => Ok(Route::Member(guild, id("user_id", user)?)),
        ("PUT", ["members", user, "roles", role]) => {
            Ok(Route::AddMemberRole(guild, id("user_id", user)?, id("role_id", role)?))
        }
        ("DELETE", ["members", user, "roles", role]) => {
            Ok(Route::RemoveMemberRole(guild, id("user_id", user)?, id("role_id", role)?))
        }
        // Discord has these, the sandbox has not: that is no mistake of the caller's.
        ("PATCH", [] | ["roles" | "channels"]) => Err(Refusal::no_such_route()),
        (_, [] | ["roles" | "channels" | "members"]) => Err(Refusal::wrong_method()),
        _ => Err(Refusal::no_such_route()),
    }
}

fn channel(method: &str, steps: &[&str]) -> Result<Route, Refusal> {
    let [channel, rest @ ..] = steps else { return Err(Refusal::no_such_route()) };
    let channel = id("channel_id", channel)?;
    match (method, rest) {
        ("GET", []) => Ok(Route::Channel(channel)),
        ("PATCH", []) => Ok(Route::EditChannel(channel)),
        ("DELETE", []) => Ok(Route::DeleteChannel(channel)),
        ("PUT", ["permissions", target]) => Ok(Route::PutOverwrite(channel, id("overwrite_id", target)?)),
        ("DELETE", ["permissions", target]) => Ok(Route::DeleteOverwrite(channel, id("overwrite_id", target)?)),
        ("POST", ["typing"]) => Ok(Route::Typing(channel)),
        ("GET", ["messages"]) => Ok(Route::Messages(channel)),
        ("POST", ["messages"]) => Ok(Route::CreateMessage(channel)),
        (_, ["messages", message, "reactions", rest @ ..]) => {
            reaction(method, channel, id("message_id", message)?, rest)
        }
        ("POST", ["messages", "bulk-delete"]) => Ok(Route::BulkDelete(channel)),
        ("GET", ["messages", message]) => Ok(Route::Message(channel, id("message_id", message)?)),
        ("PATCH", ["messages", message]) => Ok(Route::EditMessage(channel, id("message_id", message)?)),
        ("DELETE", ["messages", message]) => Ok(Route::DeleteMessage(channel, id("message_id", message)?)),
        (_, [] | ["messages" | "typing"] | ["messages" | "permissions", _]) => Err(Refusal::wrong_method()),
        _ => Err(Refusal::no_such_route()),
    }
}

/// The emoji stands in the path "URL Encoded" ("Create Reaction").
fn reaction(method: &str, channel: Snowflake, message: Snowflake, steps: &[&str]) -> Result<Route, Refusal> {
    let emoji = steps.first().map(|emoji| percent_decoded(emoji));
    match (method, emoji, steps.get(1..).unwrap_or_default()) {
        ("DELETE", emoji, []) => Ok(Route::ClearReactions(channel, message, emoji)),
        ("GET", Some(emoji), []) => Ok(Route::Reactions(channel, message, emoji)),
        ("PUT", Some(emoji), ["@me"]) => Ok(Route::PutReaction(channel, message, emoji)),
        ("DELETE", Some(emoji), ["@me"]) => Ok(Route::DeleteReaction(channel, message, emoji, Whose::Mine)),
        ("DELETE", Some(emoji), [user]) => {
            Ok(Route::DeleteReaction(channel, message, emoji, Whose::Of(id("user_id", user)?)))
        }
        (_, _, [] | [_]) => Err(Refusal::wrong_method()),
        _ => Err(Refusal::no_such_route()),
    }
}

fn interaction(method: &str, steps: &[&str]) -> Result<Route, Refusal> {
    match (method, steps) {
        ("POST", [interaction, token, "callback"]) => {
            Ok(Route::Callback(id("interaction_id", interaction)?, (*token).to_owned()))
        }
        (_, [_, _, "callback"]) => Err(Refusal::wrong_method()),
        _ => Err(Refusal::no_such_route()),
    }
}

fn webhook(method: &str, steps: &[&str]) -> Result<Route, Refusal> {
    let [application, token, rest @ ..] = steps else { return Err(Refusal::no_such_route()) };
    let (application, token) = (id("webhook_id", application)?, (*token).to_owned());
    let which = match rest {
        [] if method == "POST" => return Ok(Route::Followup(application, token)),
        ["messages", "@original"] => Which::Original,
        ["messages", message] => Which::Followup(id("message_id", message)?),
        _ => return Err(Refusal::no_such_route()),
    };
    match method {
        "GET" => Ok(Route::Reply(application, token, which)),
        "PATCH" => Ok(Route::EditReply(application, token, which)),
        "DELETE" => Ok(Route::DeleteReply(application, token, which)),
        _ => Err(Refusal::wrong_method()),
    }
}

fn application(method: &str, steps: &[&str]) -> Result<Route, Refusal> {
    if let ("GET", ["@me"]) = (method, steps) {
        return Ok(Route::MyApplication);
    }
    let (application, guild, rest) = match steps {
        [application, "guilds", guild, "commands", rest @ ..] => (application, Some(id("guild_id", guild)?), rest),
        [application, "commands", rest @ ..] => (application, None, rest),
        _ => return Err(Refusal::no_such_route()),
    };
    let scope = Scope { application: id("application_id", application)?, guild };
    match (method, rest) {
        ("GET", []) => Ok(Route::Commands(scope)),
        ("POST", []) => Ok(Route::CreateCommand(scope)),
        ("PUT", []) => Ok(Route::ReplaceCommands(scope)),
        ("DELETE", [command]) => Ok(Route::DeleteCommand(scope, id("command_id", command)?)),
        (_, []) => Err(Refusal::wrong_method()),
        _ => Err(Refusal::no_such_route()),
    }
}

/// The text with what is written as `%XX` in it; what is no such code stays as it is.
pub(crate) fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn id(name: &str, step: &str) -> Result<Snowflake, Refusal> {
    let complain = |_| Refusal::field(name, "NUMBER_TYPE_COERCE", format!("Value \"{step}\" is not snowflake."));
    step.parse().map_err(complain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: &str, path: &str) -> u16 {
        Route::find(method, path).map_or_else(|refusal| refusal.status, |_| 200)
    }

    #[test]
    fn unknown_routes_and_methods_are_told_apart() {
        assert_eq!(status("GET", "/channels/1/messages"), 200);
        assert_eq!(status("PUT", "/channels/1/messages"), 405);
        assert_eq!(status("GET", "/channels/1/nonsense"), 404);
        assert_eq!(status("GET", "/nonsense"), 404);
        assert_eq!(status("PATCH", "/guilds/1"), 404);
        assert_eq!(status("GET", "/channels/abc"), 400);
    }
}
