//! The control API under `/sandbox`, for the page, for `curl`, and for tests in other languages.
//!
//! Parameters are passed in the query or as a JSON object; those with a sensible default may be left out:
//!
//! ```text
//! curl 'http://127.0.0.1:PORT/sandbox/view?as=alice'                     what Alice sees
//! curl -X POST 'http://127.0.0.1:PORT/sandbox/press?as=alice'            she presses the first button she sees
//! curl -X POST 'http://127.0.0.1:PORT/sandbox/say?as=alice&text=hello'   she writes in the newest channel she can
//! curl 'http://127.0.0.1:PORT/sandbox/say?as=alice' -F text=look -F 'files[0]=@picture.png'     and sends a file
//! curl -X POST 'http://127.0.0.1:PORT/sandbox/press?as=alice&button=MENU&values=a,b'   she picks from a menu
//! curl -X POST http://127.0.0.1:PORT/sandbox/submit -d '{"as": "alice", "values": {"about": "a bill"}}'
//! curl -X POST 'http://127.0.0.1:PORT/sandbox/leave?as=talon'                 the bot is kicked; join?as=talon lets it in again
//! curl -X POST 'http://127.0.0.1:PORT/sandbox/hide?message=ID'               a moderator hides the message's embeds
//! curl -X POST 'http://127.0.0.1:PORT/sandbox/elsewhere'                     the bot is let into a further server
//! curl -X POST 'http://127.0.0.1:PORT/sandbox/elsewhere?as=alice&command=ticket'   and Alice uses a command there
//! curl -X POST 'http://127.0.0.1:PORT/sandbox/sync?channel=ID'            a moderator syncs it with its category
//! curl -X POST 'http://127.0.0.1:PORT/sandbox/limits?do=on'              Discord's rate limits are on from now on
//! curl -X POST 'http://127.0.0.1:PORT/sandbox/gateway/faults?stage=resume&action=close&code=4000'   no session goes on
//! curl -X POST 'http://127.0.0.1:PORT/sandbox/gateway/faults?action=freeze'   every connection goes dead, now
//! ```

mod faults;
mod gateway;
mod queries;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

use super::hub::Hub;
use super::multipart::{self, Parts};
use super::parameters::{Parameters, RequestError};
use super::server::LARGEST_BODY;
use super::world::{ActionError, Snowflake, World};
pub(crate) use queries::describe;
use queries::seen;

/// How long a press waits for its answer before it shows what there is.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn router() -> Router<Arc<Hub>> {
    Router::new()
        .merge(queries::router())
        .merge(faults::router())
        .merge(gateway::router())
        .route("/sandbox/press", post(press))
        .route("/sandbox/submit", post(submit))
        .route("/sandbox/react", post(react))
        .route("/sandbox/command", post(command))
        .route("/sandbox/say", post(say).layer(DefaultBodyLimit::max(LARGEST_BODY)))
        .route("/sandbox/join", post(join))
        .route("/sandbox/leave", post(leave))
        .route("/sandbox/delete", post(delete))
        .route("/sandbox/hide", post(hide))
        .route("/sandbox/elsewhere", post(elsewhere))
        .route("/sandbox/sync", post(sync_permissions))
}

type Shown = Result<Response, RequestError>;

fn show(value: &Value) -> Response {
    let text = format!("{value:#}\n");
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// Who acts, with a client in the language that is named, if one is.
fn speaker(world: &mut World, parameters: &Parameters) -> Result<Snowflake, RequestError> {
    let user = parameters.person(world)?;
    if let Some(locale) = parameters.text("locale") {
        world.set_locale(user, locale);
    }
    Ok(user)
}

/// Presses a button, or picks `values` from a menu, and waits for what comes of it.
async fn press(State(hub): State<Arc<Hub>>, RawQuery(query): RawQuery, body: Bytes) -> Shown {
    let parameters = Parameters::read(query.as_deref(), &body)?;
    let (user, pressed) = hub.interact(|world| {
        let user = speaker(world, &parameters)?;
        let (channel, message, button) = parameters.button(world, user)?;
        Ok::<_, RequestError>((user, world.choose(user, channel, message, &button, &parameters.values())))
    })?;
    Ok(outcome(&hub, &parameters, user, pressed?).await)
}

/// Sends the form that the bot has opened, with `values` by their custom ids.
async fn submit(State(hub): State<Arc<Hub>>, RawQuery(query): RawQuery, body: Bytes) -> Shown {
    let parameters = Parameters::read(query.as_deref(), &body)?;
    let (user, sent) = hub.interact(|world| {
        let user = parameters.person(world)?;
        let values = parameters.value("values").as_object().cloned().unwrap_or_default();
        Ok::<_, RequestError>((user, world.submit(user, &values)))
    })?;
    Ok(outcome(&hub, &parameters, user, sent?).await)
}

async fn command(State(hub): State<Arc<Hub>>, RawQuery(query): RawQuery, body: Bytes) -> Shown {
    let parameters = Parameters::read(query.as_deref(), &body)?;
    let (user, started) = hub.interact(|world| {
        let user = speaker(world, &parameters)?;
        let channel = parameters.channel_or_newest(world, user)?;
        Ok::<_, RequestError>((
            user,
            world.command(user, channel, parameters.need("name")?, parameters.value("options")),
        ))
    })?;
    Ok(outcome(&hub, &parameters, user, started?).await)
}

/// The outcome of an interaction, once it is settled; `at_once` answers without waiting.
async fn outcome(hub: &Hub, parameters: &Parameters, user: Snowflake, interaction: Snowflake) -> Response {
    if parameters.is_set("at_once") {
        return show(&json!({ "interaction": interaction }));
    }
    let settled = hub.until(|state, now| state.world.is_settled(now, interaction).then_some(()));
    let _ = tokio::time::timeout(PATIENCE, settled).await;
    let (progress, reply, form) = hub.look(|state, now| {
        let reply = state.world.reply_to(interaction).map(|reply| state.world.message_view(reply));
        let form =
            state.world.open_form(user).filter(|(opened, _)| *opened == interaction).map(|(_, form)| form.clone());
        (state.world.progress(now, interaction), reply, form)
    });
    let sees = seen(hub, user)["channels"].take();
    show(&json!({ "interaction": interaction, "progress": progress, "reply": reply, "form": form, "sees": sees }))
}

/// Writes a message, with files where the body is a form: in a channel, or to the bot in private, where the channel is
/// called `@bot`.
async fn say(State(hub): State<Arc<Hub>>, RawQuery(query): RawQuery, headers: HeaderMap, body: Bytes) -> Shown {
    let Parts { body, files } = read_parts(&headers, body).await?;
    let parameters = Parameters::read(query.as_deref(), &body)?;
    let text = if files.is_empty() { parameters.need("text")? } else { parameters.text("text").unwrap_or_default() };
    let (channel, message) = hub.act(|state, _| {
        let user = parameters.person(&state.world)?;
        let channel = match parameters.text("channel") {
            Some("@bot") => state.world.private_channel(user),
            _ => parameters.channel_or_newest(&state.world, user)?,
        };
        Ok::<_, RequestError>((channel, state.world.say_with(user, channel, text, files)?))
    })?;
    Ok(show(&json!({ "channel": channel, "message": message })))
}

/// The parameters and the files of a body: only a form has files.
async fn read_parts(headers: &HeaderMap, body: Bytes) -> Result<Parts<Bytes>, RequestError> {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::to_str).and_then(Result::ok).unwrap_or_default();
    if !kind.starts_with("multipart/form-data") {
        return Ok(Parts { body, files: Vec::new() });
    }
    let no_form = || RequestError::new(StatusCode::BAD_REQUEST, "the body is not a form");
    let Parts { body, files } = multipart::take_apart(kind, body).await.ok_or_else(no_form)?;
    Ok(Parts { body: body.map(|body| body.to_string().into()).unwrap_or_default(), files })
}

/// Reacts to a message with an `emoji`, or takes that back.
async fn react(State(hub): State<Arc<Hub>>, RawQuery(query): RawQuery, body: Bytes) -> Shown {
    let parameters = Parameters::read(query.as_deref(), &body)?;
    hub.act(|state, _| {
        let user = parameters.person(&state.world)?;
        let message = parameters.id("message")?.ok_or(RequestError::missing("message"))?;
        let channel = state.world.channel_of(message).ok_or(RequestError::no("message"))?;
        Ok::<_, RequestError>(state.world.react(
            user,
            channel,
            message,
            parameters.need("emoji")?,
            !parameters.is_set("back"),
        )?)
    })?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A new person joins, or one who left comes back, with the rights of an ordinary member.
async fn join(State(hub): State<Arc<Hub>>, RawQuery(query): RawQuery, body: Bytes) -> Shown {
    let parameters = Parameters::read(query.as_deref(), &body)?;
    let (user, name) = hub.act(|state, _| {
        let world = &mut state.world;
        let everyday = world.guild.roles.values().filter(|role| role.name == "member").map(|role| role.id);
        // A bot comes with its own role.
        let own = world.guild.roles.values().filter(|role| role.bot == Some(world.bot())).map(|role| role.id);
        let (everyday, own): (Vec<Snowflake>, Vec<Snowflake>) = (everyday.collect(), own.collect());
        let user = if parameters.has("name") {
            world.add_user(parameters.need("name")?, false)
        } else {
            parameters.person(world)?
        };
        if !world.guild.members.contains_key(&user) {
            let roles = if user == world.bot() { own } else { everyday };
            world.admit(user, &roles);
        }
        Ok::<_, RequestError>((user, world.display_name(user)))
    })?;
    Ok(show(&json!({ "id": user, "name": name })))
}

async fn leave(State(hub): State<Arc<Hub>>, RawQuery(query): RawQuery, body: Bytes) -> Shown {
    let parameters = Parameters::read(query.as_deref(), &body)?;
    let user = hub.act(|state, _| {
        let user = parameters.person(&state.world)?;
        state.world.leave(user);
        Ok::<_, RequestError>(user)
    })?;
    Ok(show(&json!({ "left": user })))
}

/// Hides the embeds of a message, as a moderator.
async fn hide(State(hub): State<Arc<Hub>>, RawQuery(query): RawQuery, body: Bytes) -> Shown {
    let parameters = Parameters::read(query.as_deref(), &body)?;
    hub.act(|state, _| {
        let message = parameters.id("message")?.ok_or(RequestError::missing("message"))?;
        let channel = state.world.channel_of(message).ok_or(RequestError::no("message"))?;
        state.world.hide_embeds(channel, message);
        Ok::<_, RequestError>(())
    })?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Lets the bot into a further server; uses a command there, where one is named, and waits for what comes of it.
async fn elsewhere(State(hub): State<Arc<Hub>>, RawQuery(query): RawQuery, body: Bytes) -> Shown {
    let parameters = Parameters::read(query.as_deref(), &body)?;
    if !parameters.has("command") {
        let server = hub.act(|state, _| {
            let number = state.world.invite_elsewhere();
            state.world.neighbour(number)
        });
        return Ok(show(&json!({ "server": server })));
    }
    let (user, asked) = hub.interact(|world| {
        let user = speaker(world, &parameters)?;
        let channel = parameters.channel_or_newest(world, user)?;
        let last = u64::try_from(world.neighbours().count()).unwrap_or_default();
        if last == 0 {
            return Err(RequestError::no("further server"));
        }
        let asked = world.command_elsewhere(user, last, channel, parameters.need("command")?);
        Ok::<_, RequestError>((user, Ok::<_, ActionError>(asked)))
    })?;
    Ok(outcome(&hub, &parameters, user, asked?).await)
}

/// Deletes a role, a message or a channel, as an administrator.
async fn delete(State(hub): State<Arc<Hub>>, RawQuery(query): RawQuery, body: Bytes) -> Shown {
    let parameters = Parameters::read(query.as_deref(), &body)?;
    hub.act(|state, _| {
        let world = &mut state.world;
        if parameters.has("role") {
            let role = parameters.role(world)?;
            world.delete_role(role);
        } else if let Some(message) = parameters.id("message")? {
            let channel =
                parameters.channel(world)?.or_else(|| world.channel_of(message)).ok_or(RequestError::no("message"))?;
            world.delete_message(channel, message);
        } else {
            let channel = parameters.channel(world)?.ok_or(RequestError::missing("channel, message or role"))?;
            world.delete_channel(channel);
        }
        Ok::<_, RequestError>(())
    })?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A moderator presses "Sync permissions" on `channel`.
async fn sync_permissions(State(hub): State<Arc<Hub>>, RawQuery(query): RawQuery, body: Bytes) -> Shown {
    let parameters = Parameters::read(query.as_deref(), &body)?;
    hub.act(|state, _| {
        let channel = parameters.channel(&state.world)?.ok_or(RequestError::missing("channel"))?;
        state.world.sync_permissions(channel);
        Ok::<_, RequestError>(())
    })?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl From<ActionError> for RequestError {
    fn from(error: ActionError) -> Self {
        Self::new(StatusCode::FORBIDDEN, error.to_string())
    }
}
