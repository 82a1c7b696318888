//! Actions of people: join, write, press, delete.

use serde_json::{Value, json};

use super::Sandbox;
use crate::world::{ActionError, Overwrite, Permissions, Snowflake};

impl Sandbox {
    /// A new person joins, with the rights of an ordinary member.
    #[must_use = "the id is the only way to refer to them"]
    pub fn join(&self, name: &str) -> Snowflake {
        let role = self.ids.member_role;
        self.act(|world| {
            let user = world.add_user(name, false);
            world.admit(user, &[role]);
            user
        })
    }

    /// A member leaves or is kicked.
    pub fn leave(&self, user: Snowflake) {
        self.act(|world| world.leave(user));
    }

    /// Changes a person's account name and display name to anything.
    pub fn rename(&self, user: Snowflake, name: &str) {
        self.act(|world| world.rename(user, name, Some(name), None));
    }

    /// Presses the newest button with this custom id in the channel.
    pub fn press(&self, user: Snowflake, channel: Snowflake, custom_id: &str) -> Result<Snowflake, ActionError> {
        self.hub.interact(|world| world.press(user, channel, None, custom_id))
    }

    /// Presses a button under a certain message.
    pub fn press_message(
        &self,
        user: Snowflake,
        channel: Snowflake,
        message: Snowflake,
        custom_id: &str,
    ) -> Result<Snowflake, ActionError> {
        self.hub.interact(|world| world.press(user, channel, Some(message), custom_id))
    }

    /// Picks values from the newest menu with this custom id in the channel.
    pub fn choose(
        &self,
        user: Snowflake,
        channel: Snowflake,
        custom_id: &str,
        values: &[&str],
    ) -> Result<Snowflake, ActionError> {
        self.hub.interact(|world| world.choose(user, channel, None, custom_id, &json!(values)))
    }

    /// Sends the form that the bot has opened for this person, with values by their custom ids.
    pub fn submit(&self, user: Snowflake, values: &Value) -> Result<Snowflake, ActionError> {
        let values = values.as_object().cloned().unwrap_or_default();
        self.hub.interact(|world| world.submit(user, &values))
    }

    /// Uses a registered slash command.
    pub fn command(&self, user: Snowflake, channel: Snowflake, name: &str) -> Result<Snowflake, ActionError> {
        self.command_with(user, channel, name, &Value::Null)
    }

    /// Uses a registered slash command with options, as the interaction carries them.
    pub fn command_with(
        &self,
        user: Snowflake,
        channel: Snowflake,
        name: &str,
        options: &Value,
    ) -> Result<Snowflake, ActionError> {
        self.hub.interact(|world| world.command(user, channel, name, options))
    }

    /// Writes a message. Bots in the server write the same way.
    pub fn say(&self, user: Snowflake, channel: Snowflake, text: &str) -> Result<Snowflake, ActionError> {
        self.act(|world| world.say(user, channel, text))
    }

    /// Writes a message through a webhook of this name.
    pub fn say_by_webhook(&self, name: &str, channel: Snowflake, text: &str) {
        self.act(|world| world.say_by_webhook(name, channel, text));
    }

    /// An administrator deletes a channel or a category.
    pub fn delete_channel(&self, channel: Snowflake) {
        self.act(|world| world.delete_channel(channel));
    }

    /// A moderator clones a channel; gives the copy.
    #[must_use = "the id is the only way to refer to it"]
    pub fn clone_channel(&self, channel: Snowflake) -> Option<Snowflake> {
        self.act(|world| world.clone_channel(channel))
    }

    /// An administrator deletes a message, or a person dismisses a private one.
    pub fn delete_message(&self, channel: Snowflake, message: Snowflake) {
        self.act(|world| world.delete_message(channel, message));
    }

    /// A moderator hides the embeds of a message.
    pub fn hide_embeds(&self, channel: Snowflake, message: Snowflake) {
        self.act(|world| world.hide_embeds(channel, message));
    }

    /// An administrator deletes a role.
    pub fn delete_role(&self, role: Snowflake) {
        self.act(|world| world.delete_role(role));
    }

    /// An administrator grants or takes rights in a channel.
    pub fn overwrite(&self, channel: Snowflake, overwrite: Overwrite) {
        self.act(|world| world.overwrite(channel, overwrite));
    }

    /// A moderator presses "Sync permissions": the channel gets the overwrites of its category, and no others.
    pub fn sync_permissions(&self, channel: Snowflake) {
        self.act(|world| world.sync_permissions(channel));
    }

    /// Sets the bot's rights in the server, exactly.
    pub fn set_bot_permissions(&self, permissions: Permissions) {
        let role = self.ids.bot_role;
        self.act(|world| world.change_role(role, |role| role.permissions = permissions));
    }

    /// Fills a category, or the server, with channels until it holds this many.
    pub fn fill(&self, category: Option<Snowflake>, total: usize) {
        self.act(|world| world.fill(category, total));
    }
}
