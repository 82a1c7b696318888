//! The further servers that the bot is in: likenesses of the one, under ids of their own, with the same people.
//!
//! They are there for what a bot says and does in a server that it is not set up for. What is written or made in them is
//! told and not kept; what answers a press is, for whoever pressed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::dispatch::{Dispatch, Intents};
use super::guild::{Role, moved_id, there};
use super::interactions::Cause;
use super::rest::{Answer, Outcome, Request, Route};
use super::snowflake::Snowflake;
use super::{ActionError, Permissions, World};

/// Discord's flag of a button among components.
const BUTTON: u8 = 2;

impl World {
    /// The id of that further server, counted from one.
    #[must_use]
    pub fn neighbour(&self, number: u64) -> Snowflake {
        there(self.guild.id, number)
    }

    /// The id of this channel's likeness in that further server.
    #[must_use]
    pub fn channel_elsewhere(&self, number: u64, channel: Snowflake) -> Snowflake {
        there(channel, number)
    }

    /// An administrator adds the bot to a further server; gives its number.
    pub fn invite_elsewhere(&mut self) -> u64 {
        self.neighbours += 1;
        if let Some(server) = self.neighbours().last() {
            self.dispatch(Dispatch::new("GUILD_CREATE", Intents::GUILDS, server));
        }
        self.neighbours
    }

    /// Which further server has this id.
    pub(super) fn neighbour_with(&self, id: Snowflake) -> Option<u64> {
        (1..=self.neighbours).find(|&number| self.neighbour(number) == id)
    }

    /// A person presses a button with this custom id in the likeness of a channel.
    pub fn press_elsewhere(&mut self, user: Snowflake, number: u64, channel: Snowflake, custom_id: &str) -> Snowflake {
        let message = self.next_id();
        let cause = Cause::Press { message, custom_id: custom_id.to_owned() };
        let data = json!({ "custom_id": custom_id, "component_type": BUTTON, "id": 1 });
        self.interact_in(number, user, channel, cause, &data)
    }

    /// A person uses a slash command there, which the bot may have registered at another time.
    pub fn command_elsewhere(&mut self, user: Snowflake, number: u64, channel: Snowflake, name: &str) -> Snowflake {
        let data = json!({ "id": self.next_id(), "name": name, "type": 1 });
        self.interact_in(number, user, channel, Cause::Command { name: name.to_owned() }, &data)
    }

    /// A person writes in the likeness of a channel.
    pub fn say_elsewhere(
        &mut self,
        user: Snowflake,
        number: u64,
        channel: Snowflake,
        text: &str,
    ) -> Result<Snowflake, ActionError> {
        if !self.permissions(user, channel).has(Permissions::SEND_MESSAGES) {
            return Err(ActionError::WritingForbidden);
        }
        let mut message = self.new_message(channel, user);
        text.clone_into(&mut message.content);
        let mut data = self.message_json(&message);
        data["channel_id"] = json!(there(channel, number));
        data["guild_id"] = json!(self.neighbour(number));
        data["member"] = self.guild.members.get(&user).map(super::guild::Member::partial).unwrap_or_default();
        self.dispatch(Dispatch::new("MESSAGE_CREATE", Intents::GUILD_MESSAGES, data));
        Ok(message.id)
    }

    /// An administrator of the further server makes a channel there, with this topic.
    pub fn create_channel_elsewhere(&mut self, number: u64, name: &str, parent: Option<Snowflake>, topic: &str) {
        let mut channel = self.new_channel(super::channels::TEXT, name.to_owned(), parent, BTreeMap::default());
        channel.topic = Some(topic.to_owned());
        let mut data = self.channel_json(&channel);
        move_channel(&mut data, number);
        data["guild_id"] = json!(self.neighbour(number));
        self.dispatch(Dispatch::new("CHANNEL_CREATE", Intents::GUILDS, data));
    }

    /// What a request comes to that concerns a further server; nothing, if it concerns none.
    pub(super) fn answer_elsewhere(&mut self, route: &Route, request: &Request) -> Option<Outcome> {
        if self.neighbours == 0 {
            return None;
        }
        let answer = match route {
            Route::Guild(guild) => {
                let number = self.neighbour_with(*guild)?;
                self.neighbours().nth(usize::try_from(number - 1).ok()?).map(Answer::ok)?
            }
            Route::Roles(guild) => {
                let number = self.neighbour_with(*guild)?;
                let mut roles: Vec<Value> = self.guild.roles.values().map(Role::json).collect();
                for role in &mut roles {
                    moved_id(&mut role["id"], number);
                }
                Answer::ok(roles.into())
            }
            Route::Channels(guild) => {
                let number = self.neighbour_with(*guild)?;
                let mut channels: Vec<Value> = self.places().map(|channel| self.channel_json(channel)).collect();
                for channel in &mut channels {
                    move_channel(channel, number);
                }
                Answer::ok(channels.into())
            }
            Route::CreateMessage(channel) => {
                self.place_elsewhere(*channel)?;
                let bot = self.bot();
                let mut message = self.message_of_nobody(*channel, bot);
                message["content"] = request.body.as_ref().map(|body| body["content"].clone()).unwrap_or_default();
                Answer::ok(message)
            }
            _ => return None,
        };
        Some(Ok(answer))
    }

    /// The channel whose likeness this is.
    fn place_elsewhere(&self, channel: Snowflake) -> Option<Snowflake> {
        let likeness = |number: u64| self.channels.keys().copied().find(|&known| there(known, number) == channel);
        (1..=self.neighbours).find_map(likeness)
    }

    fn message_of_nobody(&mut self, channel: Snowflake, author: Snowflake) -> Value {
        let message = self.new_message(channel, author);
        self.message_json(&message)
    }
}

/// Gives a channel the ids that it has in that further server.
pub(super) fn move_channel(channel: &mut Value, number: u64) {
    for key in ["id", "parent_id", "guild_id"] {
        if let Some(id) = channel.get_mut(key) {
            moved_id(id, number);
        }
    }
}
