//! Who is granted what in a channel, and what a bot may grant
//! (Discord documentation, *Guild Resource*: "Create Guild Channel"; *Channels Resource*: "Edit Channel Permissions").

use std::collections::BTreeMap;

use super::World;
use super::form::{Fields, Form};
use super::permissions::{Overwrite, Permissions, Target};
use super::refusal::Refusal;
use super::rest::{Answer, Outcome, Request};
use super::snowflake::Snowflake;

impl World {
    /// "Only permissions your bot has in the guild can be allowed/denied. Setting `MANAGE_ROLES` permission in channels
    /// is only possible for guild administrators." With none given, a new channel is in step with its category.
    pub(super) fn initial_overwrites(
        &self,
        overwrites: Option<Vec<Overwrite>>,
        parent: Option<Snowflake>,
    ) -> Result<BTreeMap<Snowflake, Overwrite>, Refusal> {
        let Some(overwrites) = overwrites else {
            let category = parent.and_then(|parent| self.channels.get(&parent));
            return Ok(category.map(|category| category.overwrites.clone()).unwrap_or_default());
        };
        let held = self.guild_permissions(self.bot());
        let grantable =
            if held.has(Permissions::ADMINISTRATOR) { held } else { held.without(Permissions::MANAGE_ROLES) };
        self.check_overwrites(&overwrites, grantable)?;
        Ok(overwrites.into_iter().map(|overwrite| (overwrite.id, overwrite)).collect())
    }

    /// An overwrite of an unknown member or role is refused (10009), as is one whose kind does not fit its id: observed behaviour.
    fn check_overwrites(&self, overwrites: &[Overwrite], grantable: Permissions) -> Result<(), Refusal> {
        for overwrite in overwrites {
            if !self.is_target(overwrite.id, overwrite.kind) {
                return Err(Refusal::unknown_overwrite());
            }
            if !grantable.has(overwrite.allow | overwrite.deny) {
                return Err(Refusal::missing_permissions());
            }
        }
        Ok(())
    }

    /// "Requires the `MANAGE_ROLES` permission. Only permissions your bot has in the guild or parent channel can be
    /// allowed/denied (unless your bot has a `MANAGE_ROLES` overwrite in the channel)."
    pub(super) fn check_may_overwrite(&self, channel: Snowflake, overwrites: &[Overwrite]) -> Result<(), Refusal> {
        let bot = self.bot();
        let found = self.allowed(channel, Permissions::MANAGE_ROLES)?;
        let guild = self.guild_permissions(bot);
        let parent = found.parent.map_or(Permissions::NONE, |parent| self.permissions(bot, parent));
        let own = found.overwrites.get(&bot).is_some_and(|own| own.allow.has(Permissions::MANAGE_ROLES));
        let held = if own { Permissions::ALL } else { guild | parent };
        let changed: Vec<Overwrite> = overwrites
            .iter()
            .filter(|overwrite| found.overwrites.get(&overwrite.id) != Some(overwrite))
            .copied()
            .collect();
        let roles_too = own || guild.has(Permissions::ADMINISTRATOR);
        self.check_overwrites(&changed, if roles_too { held } else { held.without(Permissions::MANAGE_ROLES) })
    }

    pub(super) fn put_overwrite(&mut self, channel: Snowflake, target_id: Snowflake, request: &Request) -> Outcome {
        self.allowed(channel, Permissions::MANAGE_ROLES)?;
        let overwrite = Form::read(request.body.as_ref(), |form| {
            form.require("type");
            granted(form, target_id)
        })?;
        self.check_may_overwrite(channel, &[overwrite])?;
        self.note(request, "CHANNEL_OVERWRITE_UPDATE", channel);
        self.set_overwrite(channel, overwrite);
        Ok(Answer::nothing())
    }

    pub(super) fn set_overwrite(&mut self, channel: Snowflake, overwrite: Overwrite) {
        let Some(found) = self.channels.get_mut(&channel) else { return };
        found.overwrites.insert(overwrite.id, overwrite);
        self.channel_event("CHANNEL_UPDATE", channel);
    }

    pub(super) fn delete_overwrite(&mut self, channel: Snowflake, target: Snowflake) -> Outcome {
        self.allowed(channel, Permissions::MANAGE_ROLES)?;
        if self.channels.get_mut(&channel).and_then(|found| found.overwrites.remove(&target)).is_none() {
            return Err(Refusal::unknown_overwrite());
        }
        self.channel_event("CHANNEL_UPDATE", channel);
        Ok(Answer::nothing())
    }
}

pub(super) fn overwrite(form: &Fields<'_>) -> Option<Overwrite> {
    form.require("id");
    form.id("id").map(|id| granted(form, id))
}

fn granted(form: &Fields<'_>, id: Snowflake) -> Overwrite {
    let rights = |name: &str| form.rights(name).unwrap_or_default();
    let kind = if form.choice("type", &[0, 1]) == Some(1) { Target::Member } else { Target::Role };
    Overwrite { id, kind, allow: rights("allow"), deny: rights("deny") }
}
