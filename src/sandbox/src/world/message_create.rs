//! Writing, changing and taking back messages, with the nonce that makes repeating harmless
//! (Discord documentation, *Message Resource*).

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::World;
use super::attachments::check_uploads;
use super::dispatch::{Dispatch, Intents};
use super::form::Form;
use super::mentions::Allowed;
use super::messages::{Message, REPLY, public};
use super::payload::{Draft, EPHEMERAL, IS_COMPONENTS_V2, LOADING, SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS};
use super::permissions::Permissions;
use super::refusal::Refusal;
use super::rest::{Answer, Outcome, Request};
use super::snowflake::Snowflake;

/// How long a nonce is remembered: "the past few minutes".
const NONCE_MEMORY: Duration = Duration::from_secs(5 * 60);
/// A channel forgets its oldest messages past this, so that a long run stays bounded.
const MOST_KEPT: usize = 2000;
/// "This endpoint will not delete messages older than 2 weeks."
const BULK_AGE: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// A nonce that was enforced, and the message it stands for.
#[derive(Clone, Debug)]
pub(super) struct Nonce {
    author: Snowflake,
    value: Value,
    channel: Snowflake,
    message: Snowflake,
    at: SystemTime,
}

impl World {
    pub(super) fn post_message(&mut self, channel: Snowflake, request: &Request) -> Outcome {
        self.written_in(channel, Permissions::SEND_MESSAGES)?;
        self.check_reach(channel)?;
        let mut draft = Form::read(request.body.as_ref(), Draft::read)?.with_files(request);
        let bot = self.bot();
        let rights = self.permissions(bot, channel);
        check_uploads(rights, &draft.files)?;
        keep_embeds_only_with_right(&mut draft, rights)?;
        if draft.is_empty() {
            return Err(Refusal::empty_message());
        }
        let reply_to = self.check_reply(channel, rights, &draft)?;
        if let Some(known) = self.same_nonce(bot, &draft) {
            return Ok(Answer::ok(known));
        }
        let message = self.new_message(channel, bot);
        let id = self.send(Message { reply_to, ..message }, draft, rights);
        let mut json = self.message_json(&self.channels[&channel].messages[&id]);
        if let Some(nonce) = &self.channels[&channel].messages[&id].nonce {
            json["nonce"] = nonce.clone();
        }
        Ok(Answer::ok(json))
    }

    /// Fills in the draft, keeps the message and tells of it.
    pub(super) fn send(&mut self, mut message: Message, draft: Draft, author_rights: Permissions) -> Snowflake {
        let allowed = draft.allowed.clone().unwrap_or_else(|| Allowed::by_default(message.webhook.is_some()));
        let original = message.reply_to.and_then(|id| self.message(message.channel, id));
        let replied = original.map(|original| original.author).filter(|_| message.webhook.is_none());
        message.kind = if message.reply_to.is_some() { REPLY } else { message.kind };
        message.content = draft.content.unwrap_or_default();
        message.embeds = draft.embeds.unwrap_or_default();
        message.components = draft.components.unwrap_or_default();
        message.attachments = self.attached(&[], draft.named.as_deref(), draft.files);
        message.mentions = self.mentions(author_rights, &message.words(), &allowed, replied);
        message.flags |= draft.flags.unwrap_or(0) & (SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | IS_COMPONENTS_V2);
        if message.audience.is_some() {
            message.flags |= EPHEMERAL;
        }
        if let Some(value) = draft.nonce.clone().filter(|_| draft.enforce_nonce) {
            let (author, channel, message) = (message.author, message.channel, message.id);
            self.nonces.push_back(Nonce { author, value, channel, message, at: self.now });
        }
        message.nonce = draft.nonce;
        self.keep(&message)
    }

    pub(super) fn keep(&mut self, message: &Message) -> Snowflake {
        let id = message.id;
        let Some(channel) = self.channels.get_mut(&message.channel) else { return id };
        channel.messages.insert(id, message.clone());
        if channel.messages.len() > MOST_KEPT {
            channel.messages.pop_first();
        }
        if message.audience.is_none() {
            channel.last_message = Some(id);
        }
        self.message_event("MESSAGE_CREATE", message);
        id
    }

    /// "If another message was created by the same author with the same nonce, that message will be returned."
    fn same_nonce(&mut self, author: Snowflake, draft: &Draft) -> Option<Value> {
        let now = self.now;
        while self.nonces.front().is_some_and(|old| now.duration_since(old.at).is_ok_and(|age| age > NONCE_MEMORY)) {
            self.nonces.pop_front();
        }
        let nonce = draft.nonce.as_ref().filter(|_| draft.enforce_nonce)?;
        let known = self.nonces.iter().rev().find(|known| known.author == author && &known.value == nonce)?;
        let message = self.message(known.channel, known.message)?;
        let mut json = self.message_json(message);
        json["nonce"] = nonce.clone();
        Some(json)
    }

    /// "The current user must have the `READ_MESSAGE_HISTORY` permission. The referenced message must exist."
    fn check_reply(
        &self,
        channel: Snowflake,
        rights: Permissions,
        draft: &Draft,
    ) -> Result<Option<Snowflake>, Refusal> {
        let Some(reply) = draft.reply_to else { return Ok(None) };
        if !rights.has(Permissions::READ_MESSAGE_HISTORY) {
            return Err(Refusal::no_history_no_reply());
        }
        let exists = self.message(channel, reply.message).is_some_and(|original| original.audience.is_none());
        match (exists, reply.must_exist) {
            (true, _) => Ok(Some(reply.message)),
            (false, false) => Ok(None),
            (false, true) => Err(Refusal::field("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")),
        }
    }

    /// "Other users can only edit `flags`, and only if they have the `MANAGE_MESSAGES` permission."
    pub(super) fn patch_message(&mut self, channel: Snowflake, message: Snowflake, request: &Request) -> Outcome {
        let found = self.written_in(channel, Permissions::VIEW_CHANNEL)?;
        let author = public(found, message)?.author;
        let mut draft = Form::read(request.body.as_ref(), Draft::read)?.with_files(request);
        let bot = self.bot();
        let rights = self.permissions(bot, channel);
        check_uploads(rights, &draft.files)?;
        if author != bot && !(draft.changes_only_flags() && rights.has(Permissions::MANAGE_MESSAGES)) {
            return Err(Refusal::not_your_message());
        }
        if !rights.has(Permissions::EMBED_LINKS) {
            draft.embeds = draft.embeds.map(|_| Vec::new());
        }
        self.edit(channel, message, draft, rights).map(Answer::ok)
    }

    /// Changes what the draft speaks of, tells of it, and gives the new message.
    pub(super) fn edit(
        &mut self,
        channel: Snowflake,
        message: Snowflake,
        draft: Draft,
        author_rights: Permissions,
    ) -> Result<Value, Refusal> {
        let mut edited = self.message(channel, message).cloned().ok_or_else(Refusal::unknown_message)?;
        let allowed = draft.allowed.unwrap_or_else(|| Allowed::by_default(edited.webhook.is_some()));
        let words = edited.words();
        edited.content = draft.content.unwrap_or(edited.content);
        edited.embeds = draft.embeds.unwrap_or(edited.embeds);
        edited.components = draft.components.unwrap_or(edited.components);
        edited.attachments = self.attached(&edited.attachments, draft.named.as_deref(), draft.files);
        edited.flags = draft.flags.map_or(edited.flags, |flags| edited.flags_after(flags));
        edited.check_shows_something()?;
        if edited.words() != words {
            edited.mentions = self.mentions(author_rights, &edited.words(), &allowed, None);
        }
        // The first words in place of "thinking…" are not an edit.
        edited.edited = (edited.flags & LOADING == 0).then_some(self.now);
        edited.flags &= !LOADING;
        if let Some(slot) = self.channels.get_mut(&channel).and_then(|found| found.messages.get_mut(&message)) {
            *slot = edited.clone();
        }
        self.message_event("MESSAGE_UPDATE", &edited);
        Ok(self.message_json(&edited))
    }

    /// For what others wrote, "this endpoint requires the `MANAGE_MESSAGES` permission".
    pub(super) fn remove_message(&mut self, channel: Snowflake, message: Snowflake) -> Outcome {
        let (found, rights) = self.visible(channel)?;
        let own = public(found, message)?.author == self.bot();
        if !own && !rights.has(Permissions::MANAGE_MESSAGES) {
            return Err(Refusal::missing_permissions());
        }
        self.drop_message(channel, message);
        Ok(Answer::nothing())
    }

    /// "Any message IDs given that do not exist or are invalid will count towards the minimum and maximum message count."
    pub(super) fn bulk_delete(&mut self, channel: Snowflake, request: &Request) -> Outcome {
        self.allowed(channel, Permissions::MANAGE_MESSAGES)?;
        let ids = Form::read(request.body.as_ref(), |form| {
            form.require("messages");
            form.ids("messages", 100).unwrap_or_default()
        })?;
        let unique: BTreeSet<Snowflake> = ids.iter().copied().collect();
        if ids.len() < 2 || unique.len() < ids.len() {
            return Err(Refusal::bad_bulk_size());
        }
        let now = self.now;
        if unique.iter().any(|id| now.duration_since(id.time()).is_ok_and(|age| age > BULK_AGE)) {
            return Err(Refusal::too_old_for_bulk());
        }
        let found = self.channels.get_mut(&channel).ok_or_else(Refusal::unknown_channel)?;
        let gone: Vec<Snowflake> = unique.into_iter().filter(|id| found.messages.remove(id).is_some()).collect();
        let data = json!({ "ids": gone, "channel_id": channel, "guild_id": self.guild.id });
        self.dispatch(Dispatch::new("MESSAGE_DELETE_BULK", Intents::GUILD_MESSAGES, data));
        Ok(Answer::nothing())
    }
}

impl Message {
    /// All text in which a mention counts: "the content of the message or its components".
    fn words(&self) -> String {
        let mut words = self.content.clone();
        for part in &self.components {
            texts(part, &mut words);
        }
        words
    }

    /// "The `SUPPRESS_EMBEDS` flag can be both set and unset, while the `IS_COMPONENTS_V2` flag can only be set."
    fn flags_after(&self, wished: u64) -> u64 {
        (self.flags & !SUPPRESS_EMBEDS) | (wished & (SUPPRESS_EMBEDS | IS_COMPONENTS_V2))
    }

    fn check_shows_something(&self) -> Result<(), Refusal> {
        let old_parts = !self.content.is_empty() || !self.embeds.is_empty();
        let shown = old_parts || !self.components.is_empty() || !self.attachments.is_empty();
        if self.flags & IS_COMPONENTS_V2 != 0 && old_parts {
            let field = if self.content.is_empty() { "embeds" } else { "content" };
            return Err(legacy_field(field));
        }
        if shown { Ok(()) } else { Err(Refusal::empty_message()) }
    }
}

fn legacy_field(field: &str) -> Refusal {
    let sentence = format!("The '{field}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2");
    Refusal::field(field, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", sentence)
}

fn texts(part: &Value, words: &mut String) {
    words.push_str(part["content"].as_str().unwrap_or_default());
    part["components"].as_array().into_iter().flatten().for_each(|part| texts(part, words));
}

/// Without "embed links" an embed is dropped in silence, and a message of nothing else is refused.
fn keep_embeds_only_with_right(draft: &mut Draft, rights: Permissions) -> Result<(), Refusal> {
    let embeds = draft.embeds.as_ref().is_some_and(|list| !list.is_empty());
    if !embeds || rights.has(Permissions::EMBED_LINKS) {
        return Ok(());
    }
    draft.embeds = None;
    if draft.is_empty() { Err(Refusal::missing_permissions()) } else { Ok(()) }
}
