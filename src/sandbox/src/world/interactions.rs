//! A press and what becomes of it: three seconds to acknowledge, fifteen minutes to speak
//! (Discord documentation, *Receiving and Responding to Interactions*).

use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde_json::{Value, json};

use super::attachments::{LARGEST, check_uploads};
use super::dispatch::{Dispatch, Intents};
use super::elsewhere::move_channel;
use super::form::{Fields, Form};
use super::guild::moved_id;
use super::messages::{Message, REPLY};
use super::payload::{Draft, EPHEMERAL, LOADING};
use super::permissions::Permissions;
use super::refusal::Refusal;
use super::rest::{Answer, Outcome, Request, Which};
use super::snowflake::Snowflake;
use super::{World, channels::Channel, modals};

/// "You must send an initial response within 3 seconds of receiving the event."
pub const TIME_TO_ACKNOWLEDGE: Duration = Duration::from_secs(3);
/// "Interaction tokens are valid for 15 minutes."
pub const TOKEN_LIFE: Duration = Duration::from_secs(15 * 60);

/// Something a person asked of the bot by other means than a message.
#[derive(Clone, Debug)]
pub struct Interaction {
    pub id: Snowflake,
    pub token: String,
    pub user: Snowflake,
    pub channel: Snowflake,
    pub cause: Cause,
    pub at: SystemTime,
    pub stage: Stage,
    /// The form that the bot opened, as long as it is open.
    pub form: Option<Value>,
}

/// What the person did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Pressed a button, or picked from a menu.
    Press { message: Snowflake, custom_id: String },
    /// Sent a form, which that interaction had opened: a press of this message, or a command.
    Submit { opened_by: Snowflake, message: Option<Snowflake>, custom_id: String },
    /// Used an application command.
    Command { name: String },
}

/// How far the bot has come with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The bot has not responded; whether it still may depends on the time.
    Waiting,
    /// The bot is thinking, and says so in this message.
    Thinking { reply: Snowflake },
    /// The bot has spoken, in this message.
    Replied { reply: Snowflake },
    /// The bot took note, and may change the message that was pressed.
    Noted,
    /// The bot opened a form.
    Form,
}

/// How it looks to the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    Waiting,
    /// "This interaction failed."
    Failed,
    Thinking,
    Answered,
}

impl Interaction {
    pub(super) fn kind(&self) -> u8 {
        match self.cause {
            Cause::Command { .. } => 2,
            Cause::Press { .. } => 3,
            Cause::Submit { .. } => 5,
        }
    }

    /// How it stands at this time.
    #[must_use]
    pub fn progress(&self, now: SystemTime) -> Progress {
        match self.stage {
            Stage::Waiting if self.age(now) >= TIME_TO_ACKNOWLEDGE => Progress::Failed,
            Stage::Waiting => Progress::Waiting,
            Stage::Thinking { .. } if self.age(now) >= TOKEN_LIFE => Progress::Failed,
            Stage::Thinking { .. } => Progress::Thinking,
            Stage::Replied { .. } | Stage::Noted | Stage::Form => Progress::Answered,
        }
    }

    fn age(&self, now: SystemTime) -> Duration {
        now.duration_since(self.at).unwrap_or_default()
    }

    /// The message whose button was pressed, be it a form ago.
    pub(super) fn pressed(&self) -> Option<Snowflake> {
        match self.cause {
            Cause::Press { message, .. } => Some(message),
            Cause::Submit { message, .. } => message,
            Cause::Command { .. } => None,
        }
    }

    /// The types of callback that may answer it: "`MODAL` is not available for `MODAL_SUBMIT` and `PING` interactions",
    /// and 6 and 7 are "only valid for component-based interactions" ("Interaction Callback Type").
    fn answers(&self) -> &'static [i64] {
        match (&self.cause, self.pressed()) {
            (Cause::Press { .. }, _) => &[4, 5, 6, 7, 9],
            (Cause::Command { .. }, _) => &[4, 5, 9],
            (Cause::Submit { .. }, Some(_)) => &[4, 5, 6, 7],
            (Cause::Submit { .. }, None) => &[4, 5],
        }
    }

    /// The message that `@original` stands for.
    fn original(&self) -> Option<Snowflake> {
        match self.stage {
            Stage::Thinking { reply } | Stage::Replied { reply } => Some(reply),
            Stage::Noted => self.pressed(),
            Stage::Waiting | Stage::Form => None,
        }
    }
}

impl World {
    /// Starts an interaction and dispatches it to the bot.
    pub(super) fn interact(&mut self, user: Snowflake, channel: Snowflake, cause: Cause, data: &Value) -> Snowflake {
        self.interact_in(0, user, channel, cause, data)
    }

    /// The same in the likeness of the channel in that further server.
    pub(super) fn interact_in(
        &mut self,
        neighbour: u64,
        user: Snowflake,
        channel: Snowflake,
        cause: Cause,
        data: &Value,
    ) -> Snowflake {
        let now = self.now;
        while self.interactions.first_entry().is_some_and(|oldest| oldest.get().age(now) >= TOKEN_LIFE) {
            self.interactions.pop_first();
        }
        let id = self.next_id();
        let token = token(id);
        let interaction = Interaction { id, token, user, channel, cause, at: now, stage: Stage::Waiting, form: None };
        let mut event = self.interaction_json(&interaction, data);
        if neighbour > 0 {
            self.move_interaction(&mut event, neighbour);
        }
        self.interactions.insert(id, interaction);
        self.dispatch(Dispatch::new("INTERACTION_CREATE", Intents::ALWAYS, event));
        id
    }

    fn interaction_json(&self, interaction: &Interaction, data: &Value) -> Value {
        let channel =
            self.channels.get(&interaction.channel).map(|channel| self.interaction_channel(interaction, channel));
        let private = self.is_private(interaction.channel);
        let mut json = json!({
            "id": interaction.id, "application_id": self.application.id, "type": interaction.kind(), "data": data,
            "channel_id": interaction.channel, "channel": channel, "token": interaction.token, "version": 1,
            "app_permissions": self.permissions(self.bot(), interaction.channel),
            "locale": self.users.get(&interaction.user).map(|user| &user.locale), "entitlements": [],
            "entitlement_sku_ids": [], "context": u8::from(private), "attachment_size_limit": LARGEST,
            "authorizing_integration_owners": { "0": if private { Snowflake(0) } else { self.guild.id } },
        });
        // "`member` is sent when the interaction is invoked in a guild, and `user` is sent when invoked in a DM".
        if private {
            json["user"] = self.users.get(&interaction.user).map(super::guild::User::json).unwrap_or_default();
        } else {
            json["member"] = self.member_json(interaction.user).unwrap_or_default();
            json["member"]["permissions"] = json!(self.permissions(interaction.user, interaction.channel));
            json["guild_id"] = json!(self.guild.id);
            json["guild"] = json!({ "id": self.guild.id, "locale": "en-US", "features": [] });
            json["guild_locale"] = json!("en-US");
        }
        let message = interaction.pressed().and_then(|id| self.message(interaction.channel, id));
        if let Some(message) = message {
            json["message"] = self.message_json(message);
        }
        json
    }

    /// The metadata in a message of the interaction that it answers (*Message Resource*: "Message Interaction Metadata Object").
    pub(super) fn interaction_metadata(&self, interaction: &Interaction) -> Value {
        let user = self.users.get(&interaction.user).map(super::guild::User::json);
        let mut metadata = json!({
            "id": interaction.id, "type": interaction.kind(), "user": user,
            "authorizing_integration_owners": { "0": self.guild.id },
        });
        match &interaction.cause {
            Cause::Press { message, .. } => metadata["interacted_message_id"] = json!(message),
            Cause::Submit { opened_by, .. } => {
                let opener = self.interactions.get(opened_by).map(|opener| self.interaction_metadata(opener));
                metadata["triggering_interaction_metadata"] = opener.unwrap_or_default();
            }
            Cause::Command { .. } => {}
        }
        metadata
    }

    fn move_interaction(&mut self, event: &mut Value, neighbour: u64) {
        for id in ["guild_id", "channel_id"] {
            moved_id(&mut event[id], neighbour);
        }
        moved_id(&mut event["guild"]["id"], neighbour);
        move_channel(&mut event["channel"], neighbour);
        // What was pressed there is kept nowhere.
        if let Some(message) = event["message"].as_null().and(event["data"]["custom_id"].as_str()) {
            let button =
                json!({ "type": 1, "components": [{ "type": 2, "style": 1, "custom_id": message, "label": "…" }] });
            let bot = self.bot();
            let channel = event["channel_id"].as_str().and_then(|id| id.parse().ok()).unwrap_or(Snowflake(1));
            let message = self.new_message(channel, bot);
            event["message"] = self.message_json(&message);
            event["message"]["components"] = json!([button]);
        }
    }

    fn interaction_channel(&self, interaction: &Interaction, channel: &Channel) -> Value {
        let mut json = self.channel_json(channel);
        json["permissions"] = json!(self.permissions(interaction.user, channel.id));
        json
    }

    pub(super) fn callback(&mut self, id: Snowflake, token: &str, request: &Request) -> Outcome {
        let known = self.interactions.get(&id).filter(|known| known.token == token);
        let interaction = known.cloned().ok_or_else(Refusal::unknown_interaction)?;
        if interaction.stage != Stage::Waiting {
            return Err(Refusal::already_acknowledged());
        }
        if interaction.age(self.now) >= TIME_TO_ACKNOWLEDGE {
            return Err(Refusal::unknown_interaction());
        }
        let (kind, said) = Form::read(request.body.as_ref(), |form| {
            form.require("type");
            let kind = form.choice("type", interaction.answers());
            (kind, form.inner("data").map(|data| Said::read(&data, kind)))
        })?;
        check_uploads(Permissions::ATTACH_FILES, &request.files)?;
        let stage = match (kind, said) {
            (Some(9), Some(Said::Form(form))) => self.open(&interaction, form),
            (Some(kind), said) => {
                let draft = said.and_then(Said::draft).map(|draft| draft.with_files(request));
                self.speak(&interaction, kind, draft)?
            }
            (None, _) => return Err(no_data()),
        };
        self.set_stage(id, stage);
        if matches!(request.asked("with_response"), Some("true" | "True" | "1")) {
            return Ok(Answer::ok(self.callback_json(&interaction, kind, stage)));
        }
        Ok(Answer::nothing())
    }

    fn speak(&mut self, interaction: &Interaction, kind: i64, draft: Option<Draft>) -> Result<Stage, Refusal> {
        match (kind, draft) {
            (4, Some(draft)) if draft.is_empty() => Err(Refusal::empty_message()),
            (4, Some(draft)) => Ok(Stage::Replied { reply: self.reply(interaction, draft)? }),
            (5, draft) => Ok(Stage::Thinking { reply: self.think(interaction, &draft.unwrap_or_default())? }),
            (6, _) => Ok(Stage::Noted),
            (7, Some(draft)) => self.update_pressed(interaction, draft),
            _ => Err(no_data()),
        }
    }

    /// Opens a form for the person; what they opened before is closed.
    fn open(&mut self, interaction: &Interaction, form: Value) -> Stage {
        let own = self.interactions.values_mut().filter(|known| known.user == interaction.user);
        own.for_each(|known| known.form = None);
        if let Some(known) = self.interactions.get_mut(&interaction.id) {
            known.form = Some(form);
        }
        Stage::Form
    }

    fn callback_json(&self, interaction: &Interaction, kind: Option<i64>, stage: Stage) -> Value {
        let reply = match stage {
            Stage::Thinking { reply } | Stage::Replied { reply } => self.message(interaction.channel, reply),
            Stage::Waiting | Stage::Noted | Stage::Form => None,
        };
        let mut json = json!({
            "interaction": { "id": interaction.id, "type": interaction.kind() },
            "resource": { "type": kind },
        });
        if let Some(reply) = reply {
            json["interaction"]["response_message_id"] = json!(reply.id);
            json["interaction"]["response_message_loading"] = json!(reply.flags & LOADING != 0);
            json["interaction"]["response_message_ephemeral"] = json!(reply.flags & EPHEMERAL != 0);
            json["resource"]["message"] = self.message_json(reply);
        }
        json
    }

    fn set_stage(&mut self, id: Snowflake, stage: Stage) {
        if let Some(interaction) = self.interactions.get_mut(&id) {
            interaction.stage = stage;
        }
    }

    /// A message by the bot in answer to an interaction; it needs no rights in the channel.
    fn reply(&mut self, interaction: &Interaction, draft: Draft) -> Result<Snowflake, Refusal> {
        let message = self.reply_message(interaction, &draft)?;
        let rights = self.permissions(self.bot(), interaction.channel);
        Ok(self.send(message, draft, rights))
    }

    fn think(&mut self, interaction: &Interaction, draft: &Draft) -> Result<Snowflake, Refusal> {
        let mut message = self.reply_message(interaction, draft)?;
        message.flags |= LOADING | (draft.flags.unwrap_or(0) & EPHEMERAL);
        Ok(self.keep(&message))
    }

    fn reply_message(&mut self, interaction: &Interaction, draft: &Draft) -> Result<Message, Refusal> {
        if !self.channels.contains_key(&interaction.channel) {
            return Err(Refusal::unknown_channel());
        }
        let private = draft.flags.unwrap_or(0) & EPHEMERAL != 0;
        let bot = self.bot();
        let message = self.new_message(interaction.channel, bot);
        Ok(Message {
            kind: interaction.pressed().map_or(20, |_| REPLY),
            audience: private.then_some(interaction.user),
            interaction: Some(interaction.id),
            webhook: Some(self.application.id),
            reply_to: interaction.pressed(),
            ..message
        })
    }

    fn update_pressed(&mut self, interaction: &Interaction, draft: Draft) -> Result<Stage, Refusal> {
        let message = interaction.pressed().ok_or_else(Refusal::unknown_message)?;
        let rights = self.permissions(self.bot(), interaction.channel);
        self.edit(interaction.channel, message, draft, rights)?;
        Ok(Stage::Noted)
    }

    /// The interaction behind a token, as long as the token lives and the bot has acknowledged. Before that there is no
    /// webhook yet (10015); after fifteen minutes the token is no longer one (50027).
    fn by_token(&self, application: Snowflake, token: &str) -> Result<&Interaction, Refusal> {
        let found = interaction_of(token).and_then(|id| self.interactions.get(&id));
        let alive = found.filter(|known| known.token == token && known.age(self.now) < TOKEN_LIFE);
        let alive = alive.ok_or_else(Refusal::invalid_webhook_token)?;
        if application != self.application.id || alive.stage == Stage::Waiting {
            return Err(Refusal::unknown_webhook());
        }
        Ok(alive)
    }

    fn find_reply(&self, application: Snowflake, token: &str, which: Which) -> Result<(Interaction, Message), Refusal> {
        let interaction = self.by_token(application, token)?;
        let id = match which {
            Which::Original => interaction.original().ok_or_else(Refusal::unknown_message)?,
            Which::Followup(id) => id,
        };
        let found = self.message(interaction.channel, id).ok_or_else(Refusal::unknown_message)?;
        let own = found.interaction == Some(interaction.id) || interaction.original() == Some(id);
        if own { Ok((interaction.clone(), found.clone())) } else { Err(Refusal::unknown_message()) }
    }

    pub(super) fn get_reply(&self, application: Snowflake, token: &str, which: Which) -> Outcome {
        let (_, message) = self.find_reply(application, token, which)?;
        Ok(Answer::ok(self.message_json(&message)))
    }

    pub(super) fn patch_reply(
        &mut self,
        application: Snowflake,
        token: &str,
        which: Which,
        request: &Request,
    ) -> Outcome {
        let (interaction, message) = self.find_reply(application, token, which)?;
        let draft = Form::read(request.body.as_ref(), Draft::read)?.with_files(request);
        check_uploads(Permissions::ATTACH_FILES, &draft.files)?;
        self.resolve(&interaction, message.id, draft).map(Answer::ok)
    }

    /// Edits a reply; the first edit of a deferred one is the moment it is spoken.
    fn resolve(&mut self, interaction: &Interaction, message: Snowflake, draft: Draft) -> Result<Value, Refusal> {
        let rights = self.permissions(self.bot(), interaction.channel);
        let edited = self.edit(interaction.channel, message, draft, rights)?;
        if interaction.stage == (Stage::Thinking { reply: message }) {
            self.set_stage(interaction.id, Stage::Replied { reply: message });
        }
        Ok(edited)
    }

    /// A further message. After a deferral it "will function as Edit Original Interaction Response".
    pub(super) fn post_followup(&mut self, application: Snowflake, token: &str, request: &Request) -> Outcome {
        let interaction = self.by_token(application, token)?.clone();
        let draft = Form::read(request.body.as_ref(), Draft::read)?.with_files(request);
        check_uploads(Permissions::ATTACH_FILES, &draft.files)?;
        if draft.is_empty() {
            return Err(Refusal::empty_message());
        }
        if let Stage::Thinking { reply } = interaction.stage {
            return self.resolve(&interaction, reply, draft).map(Answer::ok);
        }
        let id = self.reply(&interaction, draft)?;
        Ok(Answer::ok(self.message_json(&self.channels[&interaction.channel].messages[&id])))
    }

    pub(super) fn remove_reply(&mut self, application: Snowflake, token: &str, which: Which) -> Outcome {
        let (interaction, message) = self.find_reply(application, token, which)?;
        if interaction.stage == (Stage::Thinking { reply: message.id }) {
            self.set_stage(interaction.id, Stage::Replied { reply: message.id });
        }
        self.drop_message(interaction.channel, message.id);
        Ok(Answer::nothing())
    }

    /// Whether nothing more is to be awaited: the bot has spoken, or will not.
    #[must_use]
    pub fn is_settled(&self, now: SystemTime, interaction: Snowflake) -> bool {
        matches!(self.progress(now, interaction), Some(Progress::Answered | Progress::Failed) | None)
    }

    /// How an interaction stands, if it is remembered.
    #[must_use]
    pub fn progress(&self, now: SystemTime, interaction: Snowflake) -> Option<Progress> {
        Some(self.interactions.get(&interaction)?.progress(now))
    }

    /// The message in which the bot answered an interaction, or said that it is thinking.
    #[must_use]
    pub fn reply_to(&self, interaction: Snowflake) -> Option<&Message> {
        let interaction = self.interactions.get(&interaction)?;
        match interaction.stage {
            Stage::Thinking { reply } | Stage::Replied { reply } => self.message(interaction.channel, reply),
            Stage::Waiting | Stage::Noted | Stage::Form => None,
        }
    }
}

fn no_data() -> Refusal {
    Refusal::field("data", "BASE_TYPE_REQUIRED", "This field is required")
}

/// What a callback says: words, or a form to be filled in.
enum Said {
    Words(Box<Draft>),
    Form(Value),
}

impl Said {
    fn read(data: &Fields<'_>, kind: Option<i64>) -> Self {
        if kind == Some(9) { Self::Form(modals::read(data)) } else { Self::Words(Box::new(Draft::read(data))) }
    }

    fn draft(self) -> Option<Draft> {
        match self {
            Self::Words(draft) => Some(*draft),
            Self::Form(_) => None,
        }
    }
}

/// Base64 of `interaction:`, with which every interaction token begins.
const TOKEN_MARK: &str = "aW50ZXJhY3Rpb246";

/// The interaction that a token speaks for, if it is one of ours.
fn interaction_of(token: &str) -> Option<Snowflake> {
    let digits = token.strip_prefix(TOKEN_MARK)?.get(..16)?;
    u64::from_str_radix(digits, 16).ok().map(Snowflake)
}

/// A token that looks like Discord's. It need not be hard to guess: the server listens on loopback only.
fn token(id: Snowflake) -> String {
    let mixed = id.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{TOKEN_MARK}{:016x}{mixed:016x}{:016x}", id.0, mixed.rotate_left(29) ^ id.0)
}
