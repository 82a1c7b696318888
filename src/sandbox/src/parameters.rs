//! The parameters of a call under `/sandbox`: names or ids, from the query or from JSON, with defaults that make sense at a
//! terminal.

use std::str::FromStr;

use axum::body::Bytes;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::world::{Snowflake, World};

/// Why a call was refused, as a status and a sentence.
#[derive(Debug)]
pub(super) struct RequestError {
    status: StatusCode,
    sentence: String,
}

impl RequestError {
    pub(super) fn new(status: StatusCode, sentence: impl Into<String>) -> Self {
        Self { status, sentence: sentence.into() }
    }

    pub(super) fn no(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no such {what}"))
    }

    pub(super) fn missing(what: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, format!("missing parameter: {what}"))
    }
}

impl IntoResponse for RequestError {
    fn into_response(self) -> Response {
        let text = format!("{:#}\n", json!({ "error": self.sentence }));
        (self.status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
    }
}

/// The values given, by name.
#[derive(Debug)]
pub(super) struct Parameters(Map<String, Value>);

impl Parameters {
    pub(super) fn read(query: Option<&str>, body: &Bytes) -> Result<Self, RequestError> {
        let mut given = Map::new();
        if !body.is_empty() {
            let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
                return Err(RequestError::new(StatusCode::BAD_REQUEST, "the body is not a JSON object"));
            };
            given = object;
        }
        let uri: Uri = format!("/?{}", query.unwrap_or("")).parse().unwrap_or_default();
        let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri);
        for (name, value) in pairs.map(|pairs| pairs.0).unwrap_or_default() {
            given.insert(name, value.into());
        }
        Ok(Self(given))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    pub(super) fn value(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }

    /// What is picked from a menu: a list, or a text with commas.
    pub(super) fn values(&self) -> Value {
        match self.value("values") {
            Value::String(text) => text.split(',').map(Value::from).collect(),
            Value::Array(list) => list.clone().into(),
            _ => Value::Array(Vec::new()),
        }
    }

    pub(super) fn need(&self, name: &str) -> Result<&str, RequestError> {
        self.text(name).ok_or_else(|| RequestError::missing(name))
    }

    pub(super) fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, RequestError> {
        let Some(value) = self.0.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let error = |_| RequestError::new(StatusCode::BAD_REQUEST, format!("{name} is not a valid number"));
        text.parse().map(Some).map_err(error)
    }

    /// A switch: `after`, `after=true`, `"after": true`.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| *value == true || matches!(value.as_str(), Some("" | "1" | "true")))
    }

    pub(super) fn id(&self, name: &str) -> Result<Option<Snowflake>, RequestError> {
        let Some(value) = self.0.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
        let id = value.as_u64().map(Snowflake).or_else(|| value.as_str()?.parse().ok());
        id.map(Some).ok_or_else(|| RequestError::no(name))
    }

    /// Who acts: `as`, a name or an id.
    pub(super) fn person(&self, world: &World) -> Result<Snowflake, RequestError> {
        let wanted = self.need("as").map_err(|_| RequestError::missing("as=NAME"))?;
        let named = |user: Snowflake| {
            let account = &world.users[&user];
            account.username.eq_ignore_ascii_case(wanted) || world.display_name(user).eq_ignore_ascii_case(wanted)
        };
        let id = wanted.parse().ok().filter(|id| world.users.contains_key(id));
        id.or_else(|| world.users.keys().copied().find(|&user| named(user))).ok_or_else(|| RequestError::no("person"))
    }

    pub(super) fn role(&self, world: &World) -> Result<Snowflake, RequestError> {
        let wanted = self.need("role")?;
        let found = world.guild.roles.values().find(|role| role.name == wanted || role.id.to_string() == wanted);
        found.map(|role| role.id).ok_or_else(|| RequestError::no("role"))
    }

    /// The channel, where one is named: by id or by name, the newest of several.
    pub(super) fn channel(&self, world: &World) -> Result<Option<Snowflake>, RequestError> {
        if !self.has("channel") {
            return Ok(None);
        }
        let wanted = self.need("channel")?.trim_start_matches('#');
        let mut channels = world.channels.values().rev();
        let found = channels.find(|channel| channel.name == wanted || channel.id.to_string() == wanted);
        found.map(|channel| Some(channel.id)).ok_or_else(|| RequestError::no("channel"))
    }

    /// The channel, or else the newest one in which this person may write.
    pub(super) fn channel_or_newest(&self, world: &World, user: Snowflake) -> Result<Snowflake, RequestError> {
        if let Some(channel) = self.channel(world)? {
            return Ok(channel);
        }
        let writable = world.channels_seen(user).into_iter().filter(|channel| channel.can_write);
        writable.map(|channel| channel.id).max().ok_or_else(|| RequestError::no("channel to write in"))
    }

    /// The button: the one named, or else the first that this person sees.
    pub(super) fn button(
        &self,
        world: &World,
        user: Snowflake,
    ) -> Result<(Snowflake, Option<Snowflake>, String), RequestError> {
        let (only_in, only_under) = (self.channel(world)?, self.id("message")?);
        let wanted = self.text("button");
        for channel in world.channels_seen(user) {
            if only_in.is_some_and(|wanted| wanted != channel.id) {
                continue;
            }
            for message in world.messages_seen(user, channel.id) {
                let ids =
                    message.buttons.into_iter().filter(|button| !button.disabled).filter_map(|button| button.custom_id);
                let mut fitting = ids.filter(|id| wanted.is_none_or(|wanted| wanted == id));
                if only_under.is_none_or(|wanted| wanted == message.id)
                    && let Some(button) = fitting.next()
                {
                    return Ok((channel.id, Some(message.id), button));
                }
            }
        }
        Err(RequestError::no("button that this person sees"))
    }
}
