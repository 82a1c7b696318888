//! Requests a setup check after events that may have removed something the bot needs: its server, the panel channel, the
//! category, the support role, or a role or permission of its own. The check itself is the doctor's.

use serenity::all::Event;

use crate::discord::Place;
use crate::ids::{GuildId, RoleId};
use crate::status::setup::SetupStatus;

/// Records the bot's own roles from the event, and requests a setup check if the event may affect the setup.
pub(super) fn observe_event(event: &Event, place: &Place, setup: &SetupStatus) {
    if let Event::Ready(_) = event {
        setup.begin_session();
    }
    if may_affect_setup(event, place, setup) {
        setup.request_check();
    }
}

fn may_affect_setup(event: &Event, place: &Place, setup: &SetupStatus) -> bool {
    let is_configured = |channel: u64| [place.panel.0, place.category.0].contains(&channel);
    let is_relevant = |role: u64| place.staff.contains(&RoleId(role)) || setup.is_own_role(RoleId(role));
    match event {
        Event::ChannelUpdate(event) => is_configured(event.channel.id.get()),
        Event::ChannelDelete(event) => is_configured(event.channel.id.get()),
        Event::ChannelCreate(event) => is_configured(event.channel.id.get()),
        Event::GuildRoleUpdate(event) => is_relevant(event.role.id.get()),
        Event::GuildRoleDelete(event) => is_relevant(event.role_id.get()),
        Event::GuildMemberUpdate(event)
            if event.user.id.get() == place.me.0 && setup.may_be_home(GuildId(event.guild_id.get())) =>
        {
            let roles = event.roles.iter().map(|role| RoleId(role.get()));
            // The @everyone role has the id of the server.
            setup.set_own_roles(roles.chain([RoleId(event.guild_id.get())]).collect());
            true
        }
        Event::GuildDelete(event) => !event.guild.unavailable,
        Event::GuildCreate(event) => {
            let guild = &event.guild;
            if guild.channels.keys().any(|channel| is_configured(channel.get())) {
                let own_member = guild.members.values().find(|member| member.user.id.get() == place.me.0);
                let roles = own_member.into_iter().flat_map(|member| &member.roles).map(|role| RoleId(role.get()));
                setup.set_home(GuildId(guild.id.get()));
                if own_member.is_some() {
                    setup.set_own_roles(roles.chain([RoleId(guild.id.get())]).collect());
                }
            }
            !setup.problems().is_empty()
        }
        Event::Unknown(event) if event.kind == "GUILD_CREATE" => !setup.problems().is_empty(),
        // These have passed the filter but cannot be parsed, so they may be about anything.
        Event::Unknown(event) => matches!(
            event.kind.as_str(),
            "CHANNEL_UPDATE" | "GUILD_ROLE_UPDATE" | "GUILD_ROLE_DELETE" | "GUILD_MEMBER_UPDATE" | "GUILD_DELETE"
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use serenity::all::Event;

    use super::*;
    use crate::gateway::PLACE;

    fn affects_setup(setup: &SetupStatus, kind: &str, data: &Value) -> bool {
        let event: Event = serde_json::from_value(json!({ "t": kind, "d": data })).expect("an event");
        may_affect_setup(&event, &PLACE, setup)
    }

    fn role_deleted(role: u64) -> Value {
        json!({ "guild_id": "4", "role_id": role.to_string() })
    }

    fn role_changed(role: u64) -> Value {
        let role = json!({
            "id": role.to_string(), "name": "role", "permissions": "0", "color": 0, "colors": { "primary_color": 0 },
            "hoist": false, "managed": false, "mentionable": false, "position": 1,
        });
        json!({ "guild_id": "4", "role": role })
    }

    #[test]
    fn a_role_matters_if_it_is_the_support_role_or_one_of_the_bots_own() {
        let setup = SetupStatus::default();
        assert!(affects_setup(&setup, "GUILD_ROLE_DELETE", &role_deleted(77)), "the bot's roles are unknown");
        setup.set_own_roles([RoleId(4), RoleId(60)].into());
        for (id, matters) in [(PLACE.staff[0].0, true), (4, true), (60, true), (77, false)] {
            assert_eq!(affects_setup(&setup, "GUILD_ROLE_DELETE", &role_deleted(id)), matters, "{id}");
            assert_eq!(affects_setup(&setup, "GUILD_ROLE_UPDATE", &role_changed(id)), matters, "{id}");
        }
    }

    #[test]
    fn unparsed_events_and_leaving_a_server_request_a_check_and_an_outage_does_not() {
        let setup = SetupStatus::default();
        assert!(affects_setup(&setup, "CHANNEL_UPDATE", &json!({ "id": "1" })));
        assert!(affects_setup(&setup, "GUILD_DELETE", &json!({ "id": "4" })));
        assert!(!affects_setup(&setup, "GUILD_DELETE", &json!({ "id": "4", "unavailable": true })));
    }
}
