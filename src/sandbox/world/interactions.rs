//! A press and what becomes of it: three seconds to acknowledge, fifteen minutes to speak
//! (Discord documentation, *Receiving and Responding to Interactions*).

use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde_json::{Value, json};

use super::attachments::check_uploads;
use super::dispatch::{Dispatch, Intents};
use super::form::{Fields, Form};
use super::messages::{Message, REPLY};
use super::payload::{Draft, EPHEMERAL, LOADING};
use super::permissions::Permissions;
use super::refusal::Refusal;
use super::rest::{Answer, Outcome, Request, Which};
use super::snowflake::Snowflake;
use super::{World, channels::Channel};

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
}

/// What the person did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Pressed a button, or picked from a menu.
    Press { message: Snowflake, custom_id: String },
    /// Used an application command.
    Command { name: String },
}

/// How far the bot has come with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing heard of the bot so far; whether that is still in time is a question of the clock.
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

    /// The message whose button was pressed.
    pub(super) fn pressed(&self) -> Option<Snowflake> {
        match self.cause {
            Cause::Press { message, .. } => Some(message),
            Cause::Command { .. } => None,
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
    /// Starts an interaction and tells the bot of it.
    pub(super) fn interact(&mut self, user: Snowflake, channel: Snowflake, cause: Cause, data: &Value) -> Snowflake {
        let now = self.now;
        while self.interactions.first_entry().is_some_and(|oldest| oldest.get().age(now) >= TOKEN_LIFE) {
            self.interactions.pop_first();
        }
        let id = self.next_id();
        let token = token(id);
        let interaction = Interaction { id, token, user, channel, cause, at: now, stage: Stage::Waiting };
        let event = self.interaction_json(&interaction, data);
        self.interactions.insert(id, interaction);
        self.dispatch(Dispatch::new("INTERACTION_CREATE", Intents::ALWAYS, event));
        id
    }

    fn interaction_json(&self, interaction: &Interaction, data: &Value) -> Value {
        let mut member = self.member_json(interaction.user).unwrap_or_default();
        member["permissions"] = json!(self.permissions(interaction.user, interaction.channel));
        let channel =
            self.channels.get(&interaction.channel).map(|channel| self.interaction_channel(interaction, channel));
        let mut json = json!({
            "id": interaction.id, "application_id": self.application.id, "type": interaction.kind(), "data": data,
            "guild_id": self.guild.id, "guild": { "id": self.guild.id, "locale": "en-US", "features": [] },
            "channel_id": interaction.channel, "channel": channel, "member": member, "token": interaction.token,
            "version": 1, "app_permissions": self.permissions(self.bot(), interaction.channel), "locale": self.users.get(&interaction.user).map(|user| &user.locale),
            "guild_locale": "en-US", "entitlements": [], "entitlement_sku_ids": [], "context": 0,
            "authorizing_integration_owners": { "0": self.guild.id }, "attachment_size_limit": 10_485_760,
        });
        let message = interaction.pressed().and_then(|id| self.message(interaction.channel, id));
        if let Some(message) = message {
            json["message"] = self.message_json(message);
        }
        json
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
        let press = interaction.pressed().is_some();
        let (kind, draft) = Form::read(request.body.as_ref(), |form| {
            form.require("type");
            let kind = form.choice("type", if press { &[4, 5, 6, 7, 9] } else { &[4, 5, 9] });
            (kind, form.inner("data").map(|data| callback_draft(&data, kind)))
        })?;
        let draft = draft.map(|draft| draft.with_files(request));
        check_uploads(Permissions::ATTACH_FILES, &request.files)?;
        let stage = match (kind, draft) {
            (Some(4), Some(draft)) if draft.is_empty() => return Err(Refusal::empty_message()),
            (Some(4), Some(draft)) => Stage::Replied { reply: self.reply(&interaction, draft)? },
            (Some(5), draft) => Stage::Thinking { reply: self.think(&interaction, &draft.unwrap_or_default())? },
            (Some(6), _) => Stage::Noted,
            (Some(7), Some(draft)) => self.update_pressed(&interaction, draft)?,
            (Some(9), Some(_)) => Stage::Form,
            _ => return Err(Refusal::field("data", "BASE_TYPE_REQUIRED", "This field is required")),
        };
        self.set_stage(id, stage);
        if matches!(request.asked("with_response"), Some("true" | "True" | "1")) {
            return Ok(Answer::ok(self.callback_json(&interaction, kind, stage)));
        }
        Ok(Answer::nothing())
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

fn callback_draft(data: &Fields<'_>, kind: Option<i64>) -> Draft {
    if kind == Some(9) {
        data.require("custom_id");
        data.require("title");
        return Draft::default();
    }
    Draft::read(data)
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
