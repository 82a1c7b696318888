//! Actions of people: join, write, press, delete. They need permissions as the bot does; what an administrator does is
//! allowed.

use std::fmt;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::attachments::{Upload, check_uploads};
use super::channels::Channel;
use super::components::{BUTTON, thing_of};
use super::dispatch::{Dispatch, Intents};
use super::guild::{Member, User};
use super::interactions::Cause;
use super::mentions::Allowed;
use super::messages::Message;
use super::payload::{Draft, put};
use super::permissions::{Overwrite, Permissions};
use super::snowflake::Snowflake;
use super::{Role, World, options};

/// Why Discord's client would not let a person do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionError {
    ChannelNotVisible,
    WritingForbidden,
    AttachingForbidden,
    InvalidAttachments,
    MessageNotVisible,
    NoSuchComponent,
    ComponentDisabled,
    CommandForbidden,
    InvalidOptions,
    InvalidChoice,
    ReactingForbidden,
    NoOpenForm,
    InvalidFormValues,
}

impl fmt::Display for ActionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ChannelNotVisible => "this person does not see that channel",
            Self::AttachingForbidden => "this person may not send files there",
            Self::InvalidAttachments => "a message takes at most ten files of 10 MiB each",
            Self::WritingForbidden => "this person may not write there",
            Self::MessageNotVisible => "this person does not see that message",
            Self::NoSuchComponent => "there is no such button or command",
            Self::CommandForbidden => "this person may not use that command",
            Self::InvalidOptions => "that command does not take these options",
            Self::ReactingForbidden => "this person may not react there, or that is not an emoji",
            Self::InvalidChoice => {
                "that menu does not offer this choice: pass values=VALUE, several separated by commas"
            }
            Self::NoOpenForm => "this person has no form open",
            Self::InvalidFormValues => {
                "the form does not take these values: pass values={\"CUSTOM_ID\": \"text\"} as JSON"
            }
            Self::ComponentDisabled => "that button is disabled",
        })
    }
}

impl std::error::Error for ActionError {}

impl World {
    /// Opens an account; it is in no server yet.
    pub fn add_user(&mut self, name: &str, bot: bool) -> Snowflake {
        let id = self.next_id();
        let user = User::new(id, name, bot);
        self.users.insert(id, user);
        id
    }

    /// Lets an account into the server, with these roles.
    pub fn admit(&mut self, user: Snowflake, roles: &[Snowflake]) {
        self.guild.members.insert(user, Member::new(roles.to_vec(), self.now));
        if let Some(mut data) = self.member_json(user) {
            data["guild_id"] = json!(self.guild.id);
            self.dispatch(Dispatch::new("GUILD_MEMBER_ADD", Intents::GUILD_MEMBERS, data));
        }
        if user == self.bot() {
            let data = self.guild_create();
            self.dispatch(Dispatch::new("GUILD_CREATE", Intents::GUILDS, data));
        }
    }

    /// A member leaves or is kicked.
    pub fn leave(&mut self, user: Snowflake) {
        if self.guild.members.remove(&user).is_none() {
            return;
        }
        if user == self.bot() {
            return self.expel_bot();
        }
        let user = self.users.get(&user).map(User::json);
        let data = json!({ "guild_id": self.guild.id, "user": user });
        self.dispatch(Dispatch::new("GUILD_MEMBER_REMOVE", Intents::GUILD_MEMBERS, data));
    }

    /// The bot is kicked, and its commands go with it: "if the `unavailable` field is not set, the user was removed from the
    /// guild" (*Gateway Events*: "Guild Delete").
    fn expel_bot(&mut self) {
        self.application.commands.remove(&Some(self.guild.id));
        self.dispatch(Dispatch::new("GUILD_DELETE", Intents::GUILDS, json!({ "id": self.guild.id })));
    }

    /// A moderator hides the embeds of a message.
    pub fn hide_embeds(&mut self, channel: Snowflake, message: Snowflake) {
        let Some(found) = self.channels.get_mut(&channel).and_then(|found| found.messages.get_mut(&message)) else {
            return;
        };
        found.flags |= super::payload::SUPPRESS_EMBEDS;
        let changed = found.clone();
        self.message_event("MESSAGE_UPDATE", &changed);
    }

    /// Puts a member in time-out until then, or ends it.
    pub fn time_out(&mut self, user: Snowflake, until: Option<SystemTime>) {
        let before = self.views();
        if let Some(member) = self.guild.members.get_mut(&user) {
            member.timed_out_until = until;
        }
        self.member_changed(user);
        self.tell_changed_views(&before);
    }

    /// Changes the name under which a person is seen.
    pub fn rename(&mut self, user: Snowflake, username: &str, global_name: Option<&str>, nick: Option<&str>) {
        if let Some(account) = self.users.get_mut(&user) {
            username.clone_into(&mut account.username);
            account.global_name = global_name.map(str::to_owned);
        }
        if let Some(member) = self.guild.members.get_mut(&user) {
            member.nick = nick.map(str::to_owned);
        }
        self.member_changed(user);
    }

    /// Changes the language of a person's client.
    pub fn set_locale(&mut self, user: Snowflake, locale: &str) {
        if let Some(account) = self.users.get_mut(&user) {
            locale.clone_into(&mut account.locale);
        }
    }

    /// Writes a message as a person, with a person's rights.
    pub fn say(&mut self, user: Snowflake, channel: Snowflake, text: &str) -> Result<Snowflake, ActionError> {
        self.say_with(user, channel, text, Vec::new())
    }

    /// The same, with files.
    pub fn say_with(
        &mut self,
        user: Snowflake,
        channel: Snowflake,
        text: &str,
        files: Vec<Upload>,
    ) -> Result<Snowflake, ActionError> {
        let rights = self.permissions(user, channel);
        if !rights.has(Permissions::VIEW_CHANNEL) {
            return Err(ActionError::ChannelNotVisible);
        }
        if !rights.has(Permissions::SEND_MESSAGES) {
            return Err(ActionError::WritingForbidden);
        }
        if !files.is_empty() && !rights.has(Permissions::ATTACH_FILES) {
            return Err(ActionError::AttachingForbidden);
        }
        check_uploads(rights, &files).map_err(|_| ActionError::InvalidAttachments)?;
        let message = self.new_message(channel, user);
        Ok(self.send(message, Draft { files, ..said(text) }, rights))
    }

    /// Writes a message through a webhook of this name.
    pub fn say_by_webhook(&mut self, name: &str, channel: Snowflake, text: &str) -> Snowflake {
        let author = self.add_user(name, true);
        let message = Message { webhook: Some(author), ..self.new_message(channel, author) };
        self.send(message, said(text), Permissions::NONE)
    }

    /// Presses a button: the newest one with this custom id in the channel, or in the message if that is named.
    pub fn press(
        &mut self,
        user: Snowflake,
        channel: Snowflake,
        message: Option<Snowflake>,
        custom_id: &str,
    ) -> Result<Snowflake, ActionError> {
        self.choose(user, channel, message, custom_id, &json!([]))
    }

    /// Picks these values from a menu, or presses a button, where there are none to pick.
    pub fn choose(
        &mut self,
        user: Snowflake,
        channel: Snowflake,
        message: Option<Snowflake>,
        custom_id: &str,
        values: &Value,
    ) -> Result<Snowflake, ActionError> {
        if !self.permissions(user, channel).has(Permissions::VIEW_CHANNEL) {
            return Err(ActionError::ChannelNotVisible);
        }
        let (message, part) = self.find_button(user, channel, message, custom_id)?;
        let mut data = json!({ "custom_id": custom_id, "component_type": part["type"], "id": part["id"] });
        if part["type"] != BUTTON {
            let kind = thing_of(part["type"].as_i64().unwrap_or_default());
            let values = self.picked(&part, values).ok_or(ActionError::InvalidChoice)?;
            let things = values.as_array().into_iter().flatten().filter_map(|value| Some((kind?, value)));
            put(&mut data, "resolved", Some(self.resolved(user, things)).filter(|found| !found.is_null()));
            data["values"] = values;
        }
        let cause = Cause::Press { message, custom_id: custom_id.to_owned() };
        Ok(self.interact(user, channel, cause, &data))
    }

    fn find_button(
        &self,
        user: Snowflake,
        channel: Snowflake,
        message: Option<Snowflake>,
        custom_id: &str,
    ) -> Result<(Snowflake, Value), ActionError> {
        let shown = self.shown(user, channel).filter(|shown| message.is_none_or(|wanted| shown.id == wanted));
        let messages: Vec<&Message> = shown.collect();
        if message.is_some() && messages.is_empty() {
            return Err(ActionError::MessageNotVisible);
        }
        let mut buttons = messages.iter().rev().flat_map(|message| message.pressables().map(|part| (message.id, part)));
        let newest = buttons.find(|(_, part)| part["custom_id"] == custom_id);
        let (message, part) = newest.ok_or(ActionError::NoSuchComponent)?;
        if part["disabled"] == true { Err(ActionError::ComponentDisabled) } else { Ok((message, part.clone())) }
    }

    /// Uses a slash command that the application has registered, with these options: a list as the interaction carries it,
    /// or an object of names and values.
    pub fn command(
        &mut self,
        user: Snowflake,
        channel: Snowflake,
        name: &str,
        given: &Value,
    ) -> Result<Snowflake, ActionError> {
        let rights = self.permissions(user, channel);
        if !rights.has(Permissions::VIEW_CHANNEL) {
            return Err(ActionError::ChannelNotVisible);
        }
        let everywhere =
            self.application.commands.iter().flat_map(|(guild, list)| list.iter().map(move |known| (guild, known)));
        let known = everywhere.into_iter().find(|(_, known)| known["name"] == name && known["type"] == 1);
        let (guild, known) = known.ok_or(ActionError::NoSuchComponent)?;
        let demanded = known["default_member_permissions"].as_str().and_then(|bits| bits.parse().ok()).map(Permissions);
        if !may_use(rights, demanded) {
            return Err(ActionError::CommandForbidden);
        }
        let filled = self.filled(&known["options"], given).ok_or(ActionError::InvalidOptions)?;
        let mut data = json!({ "id": known["id"], "name": name, "type": 1 });
        if guild.is_some() {
            data["guild_id"] = json!(guild);
        }
        put(
            &mut data,
            "resolved",
            Some(self.resolved(user, options::values(&filled))).filter(|found| !found.is_null()),
        );
        put(&mut data, "options", Some(filled).filter(|filled| !filled.is_empty()));
        Ok(self.interact(user, channel, Cause::Command { name: name.to_owned() }, &data))
    }

    /// An administrator deletes a channel or a category.
    pub fn delete_channel(&mut self, channel: Snowflake) {
        if self.channels.contains_key(&channel) {
            self.drop_channel(channel);
        }
    }

    /// A moderator clones a channel: the copy has its name, topic, category and rights, and nothing that was written.
    pub fn clone_channel(&mut self, channel: Snowflake) -> Option<Snowflake> {
        let original = self.channels.get(&channel)?.clone();
        let copy = self.new_channel(original.kind, original.name, original.parent, original.overwrites);
        let Channel { topic, nsfw, slowmode, .. } = original;
        Some(self.insert_channel(Channel { topic, nsfw, slowmode, ..copy }))
    }

    /// An administrator deletes a message, or a person dismisses a private one.
    pub fn delete_message(&mut self, channel: Snowflake, message: Snowflake) {
        self.drop_message(channel, message);
    }

    /// An administrator deletes a role.
    pub fn delete_role(&mut self, role: Snowflake) {
        self.drop_role(role);
    }

    /// An administrator makes a role.
    pub fn create_role(&mut self, name: &str, permissions: Permissions, mentionable: bool) -> Snowflake {
        self.add_role(name, permissions, mentionable)
    }

    /// An administrator gives a role, or takes it.
    pub fn set_role(&mut self, user: Snowflake, role: Snowflake, held: bool) {
        self.give_role(user, role, held);
    }

    /// An administrator changes a role.
    pub fn change_role(&mut self, role: Snowflake, change: impl FnOnce(&mut Role)) {
        let before = self.views();
        let Some(found) = self.guild.roles.get_mut(&role) else { return };
        change(found);
        let data = json!({ "guild_id": self.guild.id, "role": found.json() });
        self.dispatch(Dispatch::new("GUILD_ROLE_UPDATE", Intents::GUILDS, data));
        self.tell_changed_views(&before);
    }

    /// An administrator makes a channel or a category.
    pub fn create_channel(
        &mut self,
        kind: u8,
        name: &str,
        parent: Option<Snowflake>,
        overwrites: &[Overwrite],
    ) -> Snowflake {
        let overwrites = overwrites.iter().map(|overwrite| (overwrite.id, *overwrite)).collect();
        let channel: Channel = self.new_channel(kind, name.to_owned(), parent, overwrites);
        self.insert_channel(channel)
    }

    /// An administrator grants or takes rights in a channel.
    pub fn overwrite(&mut self, channel: Snowflake, overwrite: Overwrite) {
        self.set_overwrite(channel, overwrite);
    }

    /// A moderator presses "Sync permissions": the channel gets the overwrites of its category, and no others. The bot is
    /// told by `CHANNEL_UPDATE` if it may still view the channel, as with any edit.
    pub fn sync_permissions(&mut self, channel: Snowflake) {
        let parent = self.channels.get(&channel).and_then(|found| found.parent);
        let Some(overwrites) =
            parent.and_then(|parent| self.channels.get(&parent)).map(|parent| parent.overwrites.clone())
        else {
            return;
        };
        if let Some(found) = self.channels.get_mut(&channel) {
            found.overwrites = overwrites;
            self.channel_event("CHANNEL_UPDATE", channel);
        }
    }

    /// Fills the server with empty channels until it holds `total`, or a category until it does.
    pub fn fill(&mut self, category: Option<Snowflake>, total: usize) {
        let count = |world: &Self| category.map_or(world.places().count(), |parent| world.children(parent).count());
        while count(self) < total {
            self.create_channel(super::channels::TEXT, "filler", category, &[]);
        }
    }

    /// The channels in a category, oldest first.
    #[must_use]
    pub fn children_of(&self, category: Snowflake) -> Vec<Snowflake> {
        self.children(category).map(|channel| channel.id).collect()
    }

    /// The server gets another owner.
    pub fn set_owner(&mut self, user: Snowflake) {
        let before = self.views();
        self.guild.owner = user;
        let data = self.guild_json();
        self.dispatch(Dispatch::new("GUILD_UPDATE", Intents::GUILDS, data));
        self.tell_changed_views(&before);
    }

    /// The server vanishes from the bot's sight for a while, or comes back.
    pub fn set_available(&mut self, available: bool) {
        if self.guild.available == available {
            return;
        }
        if available {
            self.guild.available = true;
            let data = self.guild_create();
            self.dispatch(Dispatch::new("GUILD_CREATE", Intents::GUILDS, data));
        } else {
            let data = json!({ "id": self.guild.id, "unavailable": true });
            self.dispatch(Dispatch::new("GUILD_DELETE", Intents::GUILDS, data));
            self.guild.available = false;
        }
    }
}

/// "`0`" means administrators only (*Application Commands*, "Permissions").
fn may_use(rights: Permissions, demanded: Option<Permissions>) -> bool {
    let admin = rights.has(Permissions::ADMINISTRATOR);
    let held = demanded.is_none_or(|demanded| demanded != Permissions::NONE && rights.has(demanded));
    admin || (held && rights.has(Permissions::USE_APPLICATION_COMMANDS))
}

fn said(text: &str) -> Draft {
    Draft { content: Some(text.trim().to_owned()), allowed: Some(Allowed::all()), ..Draft::default() }
}
