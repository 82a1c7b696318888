//! Channels: making, changing and deleting them
//! (Discord documentation, *Guild Resource*: "Create Guild Channel"; *Channels Resource*: "Modify Channel",
//! "Delete/Close Channel").

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::dispatch::{Dispatch, Intents};
use super::form::{Fields, Form};
use super::messages::Message;
use super::names;
use super::overwrites;
use super::permissions::{Overwrite, Permissions, Target};
use super::refusal::Refusal;
use super::rest::{Answer, Outcome, Request};
use super::snowflake::Snowflake;
use super::{World, timestamp};

/// How Discord names a channel that a bot may not view, and marks it (*Channels Resource*: "Obfuscated Channels").
const HIDDEN_NAME: &str = "___hidden___";
const HIDDEN_FLAG: u64 = 1 << 17;
/// How many deleted channels can still be looked back at.
const MOST_GONE: usize = 100;

pub const TEXT: u8 = 0;
pub(super) const PRIVATE: u8 = 1;
pub const CATEGORY: u8 = 4;
/// The kinds a bot may make in an ordinary server.
const CREATABLE: &[i64] = &[0, 2, 4, 5, 13, 14, 15, 16];
/// The kinds in which messages can be written.
const WRITABLE: &[u8] = &[0, PRIVATE, 2, 5, 13];

/// A channel or a category.
#[derive(Clone, Debug)]
pub struct Channel {
    pub id: Snowflake,
    pub kind: u8,
    pub name: String,
    pub topic: Option<String>,
    pub parent: Option<Snowflake>,
    /// The one person with whom it is shared, where it is a private one and no part of the server.
    pub recipient: Option<Snowflake>,
    pub position: i64,
    pub overwrites: BTreeMap<Snowflake, Overwrite>,
    pub nsfw: bool,
    pub slowmode: i64,
    /// Everything written here that is still there, what only one person sees included.
    pub messages: BTreeMap<Snowflake, Message>,
    pub last_message: Option<Snowflake>,
}

/// What a request says of a channel; what it leaves out stays as it is.
struct ChannelFields {
    name: Option<String>,
    kind: Option<u8>,
    topic: Change<String>,
    parent: Change<Snowflake>,
    position: Option<i64>,
    nsfw: Option<bool>,
    slowmode: Option<i64>,
    overwrites: Option<Vec<Overwrite>>,
}

/// What a request says of a property that can be emptied with null.
#[derive(Clone, Copy)]
enum Change<T> {
    Keep,
    Set(Option<T>),
}

impl<T> Change<T> {
    fn read(form: &Fields<'_>, name: &str, read: impl FnOnce(&Fields<'_>) -> Option<T>) -> Self {
        if form.given(name) { Self::Set(read(form)) } else { Self::Keep }
    }

    fn apply(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Keep => current,
            Self::Set(value) => value,
        }
    }
}

impl ChannelFields {
    fn read(form: &Fields<'_>) -> Self {
        Self {
            name: form.text("name", 1..=100),
            kind: form.choice("type", CREATABLE).and_then(|kind| u8::try_from(kind).ok()),
            topic: Change::read(form, "topic", |form| form.text("topic", 0..=1024).filter(|topic| !topic.is_empty())),
            parent: Change::read(form, "parent_id", |form| form.id("parent_id")),
            position: form.number("position", 0..=i64::from(i32::MAX)),
            nsfw: form.flag("nsfw"),
            slowmode: form.number("rate_limit_per_user", 0..=21_600),
            overwrites: form
                .objects("permission_overwrites", 0..=1000)
                .map(|list| list.iter().filter_map(overwrites::overwrite).collect()),
        }
    }
}

impl World {
    pub(super) fn channel_json(&self, channel: &Channel) -> Value {
        if let Some(recipient) = channel.recipient {
            return self.private_json(channel, recipient);
        }
        let overwrites: Vec<Value> = channel
            .overwrites
            .values()
            .map(
                |o| json!({ "id": o.id, "type": u8::from(o.kind == Target::Member), "allow": o.allow, "deny": o.deny }),
            )
            .collect();
        let mut json = json!({
            "id": channel.id, "type": channel.kind, "guild_id": self.guild.id, "name": channel.name,
            "parent_id": channel.parent, "position": channel.position, "permission_overwrites": overwrites,
            "flags": 0, "nsfw": channel.nsfw,
        });
        if channel.kind != CATEGORY {
            json["topic"] = json!(channel.topic);
            json["last_message_id"] = json!(channel.last_message);
            json["rate_limit_per_user"] = json!(channel.slowmode);
        }
        json
    }

    /// The channel, if the bot may know of it: what it cannot look into is "Missing Access", what it may not do there is
    /// "Missing Permissions".
    pub(super) fn visible(&self, channel: Snowflake) -> Result<(&Channel, Permissions), Refusal> {
        let found = self.channels.get(&channel).ok_or_else(Refusal::unknown_channel)?;
        let rights = self.permissions(self.bot(), channel);
        if rights.has(Permissions::VIEW_CHANNEL) { Ok((found, rights)) } else { Err(Refusal::missing_access()) }
    }

    /// The channel, if the bot may look into it and holds `needed` there.
    pub(super) fn allowed(&self, channel: Snowflake, needed: Permissions) -> Result<&Channel, Refusal> {
        let (found, rights) = self.visible(channel)?;
        if rights.has(needed) { Ok(found) } else { Err(Refusal::missing_permissions()) }
    }

    /// The same, for a place where messages can be.
    pub(super) fn written_in(&self, channel: Snowflake, needed: Permissions) -> Result<&Channel, Refusal> {
        let found = self.allowed(channel, needed)?;
        if WRITABLE.contains(&found.kind) { Ok(found) } else { Err(Refusal::no_text_there()) }
    }

    pub(super) fn get_channel(&self, channel: Snowflake) -> Outcome {
        let (found, _) = self.visible(channel)?;
        Ok(Answer::ok(self.channel_json(found)))
    }

    /// All channels that the bot may view: the others are left out.
    pub(super) fn list_channels(&self, guild: Snowflake) -> Outcome {
        self.check_guild(guild)?;
        let listed = self.places().filter(|channel| !self.is_hidden(channel.id));
        Ok(Answer::ok(listed.map(|channel| self.channel_json(channel)).collect()))
    }

    /// Whether the bot may not know what this channel is.
    fn is_hidden(&self, channel: Snowflake) -> bool {
        self.hides_channels && !self.permissions(self.bot(), channel).has(Permissions::VIEW_CHANNEL)
    }

    /// A channel as the gateway tells it: whole, or as one that may not be viewed. "`id`, `type`, and `position` won't be
    /// redacted, even on an obfuscated channel."
    pub(super) fn told_channel(&self, channel: &Channel) -> Value {
        let mut json = self.channel_json(channel);
        if !self.is_hidden(channel.id) {
            return json;
        }
        for (name, value) in json.as_object_mut().into_iter().flatten() {
            if !["id", "type", "guild_id", "position"].contains(&name.as_str()) {
                *value = Value::Null;
            }
        }
        json["name"] = HIDDEN_NAME.into();
        json["flags"] = HIDDEN_FLAG.into();
        json["nsfw"] = false.into();
        json["permission_overwrites"] =
            json!([{ "id": self.guild.id, "type": 0, "allow": "0", "deny": Permissions::VIEW_CHANNEL }]);
        json
    }

    /// Which channels the bot may view now, to be compared with later by [`Self::tell_changed_views`].
    pub(super) fn views(&self) -> BTreeMap<Snowflake, bool> {
        self.places().map(|channel| (channel.id, !self.is_hidden(channel.id))).collect()
    }

    /// Dispatches each channel that the bot has gained or lost the view of, as one that changed.
    pub(super) fn tell_changed_views(&mut self, before: &BTreeMap<Snowflake, bool>) {
        let after = self.views();
        for (channel, _) in after.iter().filter(|(id, viewed)| before.get(id).is_some_and(|was| was != *viewed)) {
            self.channel_event("CHANNEL_UPDATE", *channel);
        }
    }

    pub(super) fn post_channel(&mut self, guild: Snowflake, request: &Request) -> Outcome {
        self.check_guild(guild)?;
        let fields = Form::read(request.body.as_ref(), |form| {
            form.require("name");
            ChannelFields::read(form)
        })?;
        let kind = fields.kind.unwrap_or(TEXT);
        let parent = fields.parent.apply(None);
        self.check_may_create(parent)?;
        let name = fields.name.as_deref().and_then(|name| names::normalise(kind, name)).ok_or_else(empty_name)?;
        self.check_parent(kind, parent)?;
        if self.places().count() >= self.channel_limits.in_guild {
            return Err(Refusal::too_many_channels());
        }
        let overwrites = self.initial_overwrites(fields.overwrites, parent)?;
        let channel = Channel {
            topic: fields.topic.apply(None),
            position: fields.position.unwrap_or_else(|| self.next_position()),
            nsfw: fields.nsfw.unwrap_or(false),
            slowmode: fields.slowmode.unwrap_or(0),
            ..self.new_channel(kind, name, parent, overwrites)
        };
        self.note(request, "CHANNEL_CREATE", channel.id);
        let id = self.insert_channel(channel);
        Ok(Answer::created(self.channel_json(&self.channels[&id])))
    }

    /// "Requires the `MANAGE_CHANNELS` permission", in the category where there is one.
    fn check_may_create(&self, parent: Option<Snowflake>) -> Result<(), Refusal> {
        let rights = match parent.filter(|parent| self.channels.contains_key(parent)) {
            Some(parent) => self.permissions(self.bot(), parent),
            None => self.guild_permissions(self.bot()),
        };
        if rights.has(Permissions::MANAGE_CHANNELS) { Ok(()) } else { Err(Refusal::missing_permissions()) }
    }

    /// Fifty to a category, and no category in another. There is no code of its own for this: it is a mistake in the form.
    fn check_parent(&self, kind: u8, parent: Option<Snowflake>) -> Result<(), Refusal> {
        let Some(parent) = parent else { return Ok(()) };
        if kind == CATEGORY {
            return Err(Refusal::field(
                "parent_id",
                "CHANNEL_PARENT_INVALID_TYPE",
                "Categories cannot have subcategories",
            ));
        }
        match self.channels.get(&parent).map(|channel| channel.kind) {
            None => Err(Refusal::field("parent_id", "CHANNEL_PARENT_INVALID", "Category does not exist")),
            Some(CATEGORY) if self.children(parent).count() >= self.channel_limits.in_category => Err(Refusal::field(
                "parent_id",
                "CHANNEL_PARENT_MAX_CHANNELS",
                "Maximum number of channels in category reached (50)",
            )),
            Some(CATEGORY) => Ok(()),
            Some(_) => Err(Refusal::field("parent_id", "CHANNEL_PARENT_INVALID_TYPE", "Not a category")),
        }
    }

    pub(super) fn children(&self, parent: Snowflake) -> impl Iterator<Item = &Channel> {
        self.channels.values().filter(move |channel| channel.parent == Some(parent))
    }

    pub(super) fn new_channel(
        &mut self,
        kind: u8,
        name: String,
        parent: Option<Snowflake>,
        overwrites: BTreeMap<Snowflake, Overwrite>,
    ) -> Channel {
        Channel {
            id: self.next_id(),
            kind,
            name,
            topic: None,
            parent,
            recipient: None,
            position: self.next_position(),
            overwrites,
            nsfw: false,
            slowmode: 0,
            messages: BTreeMap::new(),
            last_message: None,
        }
    }

    fn next_position(&self) -> i64 {
        self.places().map(|channel| channel.position + 1).max().unwrap_or(0)
    }

    pub(super) fn insert_channel(&mut self, channel: Channel) -> Snowflake {
        let id = channel.id;
        self.channels.insert(id, channel);
        self.channel_event("CHANNEL_CREATE", id);
        id
    }

    /// Dispatches a channel to the bot: whole, if it may view it.
    pub(super) fn channel_event(&mut self, name: &'static str, channel: Snowflake) {
        let seen = self.hides_channels || self.permissions(self.bot(), channel).has(Permissions::VIEW_CHANNEL);
        let Some(found) = self.channels.get(&channel).filter(|_| seen) else { return };
        let data = self.told_channel(found);
        self.dispatch(Dispatch::new(name, Intents::GUILDS, data));
    }

    pub(super) fn patch_channel(&mut self, channel: Snowflake, request: &Request) -> Outcome {
        let kind = self.allowed(channel, Permissions::MANAGE_CHANNELS)?.kind;
        let fields = Form::read(request.body.as_ref(), ChannelFields::read)?;
        let name = match fields.name.as_deref() {
            Some(name) => Some(names::normalise(kind, name).ok_or_else(empty_name)?),
            None => None,
        };
        let known = self.channels[&channel].parent;
        let parent = fields.parent.apply(known);
        if parent != known {
            self.check_parent(kind, parent)?;
        }
        if let Some(overwrites) = &fields.overwrites {
            self.check_may_overwrite(channel, overwrites)?;
        }
        self.apply(channel, fields, name);
        self.note(request, "CHANNEL_UPDATE", channel);
        self.channel_event("CHANNEL_UPDATE", channel);
        Ok(Answer::ok(self.channel_json(&self.channels[&channel])))
    }

    fn apply(&mut self, channel: Snowflake, fields: ChannelFields, name: Option<String>) {
        let Some(channel) = self.channels.get_mut(&channel) else { return };
        channel.name = name.unwrap_or_else(|| channel.name.clone());
        channel.topic = fields.topic.apply(channel.topic.take());
        channel.parent = fields.parent.apply(channel.parent);
        channel.position = fields.position.unwrap_or(channel.position);
        channel.nsfw = fields.nsfw.unwrap_or(channel.nsfw);
        channel.slowmode = fields.slowmode.unwrap_or(channel.slowmode);
        if let Some(overwrites) = fields.overwrites {
            channel.overwrites = overwrites.into_iter().map(|overwrite| (overwrite.id, overwrite)).collect();
        }
    }

    /// "Delete a channel, or close a private message"; one that is closed can be opened again, and is as it was.
    pub(super) fn remove_channel(&mut self, channel: Snowflake, request: &Request) -> Outcome {
        if self.is_private(channel) {
            return self.get_channel(channel);
        }
        let found = self.allowed(channel, Permissions::MANAGE_CHANNELS)?;
        let json = self.channel_json(found);
        self.note(request, "CHANNEL_DELETE", channel);
        self.drop_channel(channel);
        Ok(Answer::ok(json))
    }

    /// A channel goes with all that was said in it; the children of a category stay, with no parent.
    pub(super) fn drop_channel(&mut self, channel: Snowflake) {
        self.channel_event("CHANNEL_DELETE", channel);
        self.gone.extend(self.channels.remove(&channel));
        if self.gone.len() > MOST_GONE {
            self.gone.pop_front();
        }
        let orphans: Vec<Snowflake> = self.children(channel).map(|child| child.id).collect();
        for orphan in orphans {
            if let Some(child) = self.channels.get_mut(&orphan) {
                child.parent = None;
            }
            self.channel_event("CHANNEL_UPDATE", orphan);
        }
    }

    pub(super) fn post_typing(&mut self, channel: Snowflake) -> Outcome {
        self.written_in(channel, Permissions::SEND_MESSAGES)?;
        let bot = self.bot();
        let mut data = json!({
            "channel_id": channel, "user_id": bot,
            "timestamp": self.now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs(),
        });
        let mut needs = Intents::DIRECT_MESSAGE_TYPING;
        if !self.is_private(channel) {
            needs = Intents::GUILD_MESSAGE_TYPING;
            data["guild_id"] = json!(self.guild.id);
            data["member"] = self.member_json(bot).unwrap_or_default();
        }
        self.dispatch(Dispatch::new("TYPING_START", needs, data));
        Ok(Answer::nothing())
    }

    /// Keeps the reason a bot gave, as the audit log would.
    pub(super) fn note(&mut self, request: &Request, deed: &'static str, target: Snowflake) {
        self.remember(super::Audited { at: timestamp(self.now), deed, target, reason: request.reason.clone() });
    }
}

fn empty_name() -> Refusal {
    Refusal::field("name", "BASE_TYPE_REQUIRED", "This field is required")
}
