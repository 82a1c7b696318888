//! Roles: making, giving and deleting them
//! (Discord documentation, *Guild Resource*; *Permissions*: "Permission Hierarchy").

use serde_json::{Map, Value, json};

use super::World;
use super::dispatch::{Dispatch, Intents};
use super::form::Form;
use super::guild::Role;
use super::permissions::{Permissions, Target};
use super::refusal::Refusal;
use super::rest::{Answer, Outcome, Request};
use super::snowflake::Snowflake;

/// Discord's limit of roles in a server.
const MOST_ROLES: usize = 250;

impl World {
    pub(super) fn list_roles(&self, guild: Snowflake) -> Outcome {
        self.check_guild(guild)?;
        Ok(Answer::ok(self.guild.roles.values().map(Role::json).collect()))
    }

    /// How many members hold each role; `@everyone` is not among them.
    pub(super) fn count_role_members(&self, guild: Snowflake) -> Outcome {
        self.check_guild(guild)?;
        let held = |role: Snowflake| self.guild.members.values().filter(|member| member.roles.contains(&role)).count();
        let roles = self.guild.roles.keys().filter(|&&role| role != self.guild.id);
        let counts: Map<String, Value> = roles.map(|role| (role.to_string(), held(*role).into())).collect();
        Ok(Answer::ok(counts.into()))
    }

    pub(super) fn post_role(&mut self, guild: Snowflake, request: &Request) -> Outcome {
        self.check_guild(guild)?;
        let held = self.guild_permissions(self.bot());
        if !held.has(Permissions::MANAGE_ROLES) {
            return Err(Refusal::missing_permissions());
        }
        let (name, rights, mentionable) = Form::read(request.body.as_ref(), |form| {
            (form.text("name", 0..=100), form.rights("permissions"), form.flag("mentionable").unwrap_or(false))
        })?;
        let rights =
            rights.unwrap_or_else(|| self.guild.roles.get(&guild).map_or(Permissions::NONE, |role| role.permissions));
        if !held.has(rights) {
            return Err(Refusal::missing_permissions());
        }
        if self.guild.roles.len() >= MOST_ROLES {
            return Err(Refusal::too_many_roles());
        }
        let id = self.add_role(name.as_deref().unwrap_or("new role"), rights, mentionable);
        Ok(Answer::ok(self.guild.roles[&id].json()))
    }

    /// Adds a role at the bottom, above `@everyone`, and says so.
    pub(super) fn add_role(&mut self, name: &str, permissions: Permissions, mentionable: bool) -> Snowflake {
        let id = self.next_id();
        let role = Role { mentionable, ..Role::new(id, name.to_owned(), permissions, 1) };
        let data = json!({ "guild_id": self.guild.id, "role": role.json() });
        self.guild.roles.insert(id, role);
        self.dispatch(Dispatch::new("GUILD_ROLE_CREATE", Intents::GUILDS, data));
        id
    }

    pub(super) fn remove_role(&mut self, guild: Snowflake, role: Snowflake) -> Outcome {
        self.check_guild(guild)?;
        self.check_can_manage(role)?;
        self.drop_role(role);
        Ok(Answer::nothing())
    }

    /// Roles are managed from above: only those below the bot's own highest one.
    fn check_can_manage(&self, role: Snowflake) -> Result<(), Refusal> {
        let bot = self.bot();
        let target = self.guild.roles.get(&role).ok_or_else(Refusal::unknown_role)?;
        let own = self.guild.members.get(&bot).into_iter().flat_map(|member| &member.roles);
        let highest = own.filter_map(|role| self.guild.roles.get(role)).map(|role| role.position).max().unwrap_or(0);
        let allowed = self.guild_permissions(bot).has(Permissions::MANAGE_ROLES) && target.position < highest;
        if allowed && !target.is_managed() && role != self.guild.id {
            Ok(())
        } else {
            Err(Refusal::missing_permissions())
        }
    }

    /// A deleted role leaves its members and every channel's overwrites.
    pub(super) fn drop_role(&mut self, role: Snowflake) {
        if !self.guild.roles.contains_key(&role) {
            return;
        }
        let before = self.views();
        self.guild.roles.remove(&role);
        for member in self.guild.members.values_mut() {
            member.roles.retain(|&held| held != role);
        }
        for channel in self.channels.values_mut() {
            channel.overwrites.remove(&role);
        }
        let data = json!({ "guild_id": self.guild.id, "role_id": role });
        self.dispatch(Dispatch::new("GUILD_ROLE_DELETE", Intents::GUILDS, data));
        self.tell_changed_views(&before);
    }

    pub(super) fn set_member_role(
        &mut self,
        guild: Snowflake,
        user: Snowflake,
        role: Snowflake,
        held: bool,
    ) -> Outcome {
        self.check_guild(guild)?;
        if !self.is_member(user) {
            return Err(Refusal::unknown_member());
        }
        self.check_can_manage(role)?;
        self.give_role(user, role, held);
        Ok(Answer::nothing())
    }

    /// Gives or takes a role, and says so when something changed.
    pub(super) fn give_role(&mut self, user: Snowflake, role: Snowflake, held: bool) {
        let before = self.views();
        let Some(member) = self.guild.members.get_mut(&user) else { return };
        if member.roles.contains(&role) == held {
            return;
        }
        member.roles.retain(|&known| known != role);
        if held {
            member.roles.push(role);
        }
        self.member_changed(user);
        self.tell_changed_views(&before);
    }

    /// Whether a role or a member of this id exists, as an overwrite's target must.
    pub(super) fn is_target(&self, id: Snowflake, kind: Target) -> bool {
        match kind {
            Target::Role => self.guild.roles.contains_key(&id),
            Target::Member => self.is_member(id),
        }
    }
}
