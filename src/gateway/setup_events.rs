//! Which events may change whether the bot can work: its server, the panel channel, the category, the support role, and the
//! roles and rights of its own. What has become of them, a look tells a moment later.

use serenity::all::Event;

use crate::discord::Place;
use crate::ids::RoleId;
use crate::status::setup::SetupStatus;

/// Takes note of the event, and asks for a look where one is worth it.
pub(super) fn notice(event: &Event, place: &Place, setup: &SetupStatus) {
    if let Event::Ready(_) = event {
        setup.begin_session();
    }
    if touches(event, place, setup) {
        setup.request_look();
    }
}

fn touches(event: &Event, place: &Place, setup: &SetupStatus) -> bool {
    let is_ours = |channel: u64| [place.panel.0, place.category.0].contains(&channel);
    let decides = |role: u64| role == place.support.0 || setup.is_own_role(RoleId(role));
    match event {
        Event::ChannelUpdate(event) => is_ours(event.channel.id.get()),
        Event::ChannelDelete(event) => is_ours(event.channel.id.get()),
        Event::ChannelCreate(event) => is_ours(event.channel.id.get()),
        Event::GuildRoleUpdate(event) => decides(event.role.id.get()),
        Event::GuildRoleDelete(event) => decides(event.role_id.get()),
        Event::GuildMemberUpdate(event) if event.user.id.get() == place.me.0 => {
            let roles = event.roles.iter().map(|role| RoleId(role.get()));
            // The role with the server's own number is @everyone.
            setup.set_own_roles(roles.chain([RoleId(event.guild_id.get())]).collect());
            true
        }
        Event::GuildDelete(event) => !event.guild.unavailable,
        Event::GuildCreate(event) => {
            let guild = &event.guild;
            if guild.channels.keys().any(|channel| is_ours(channel.get())) {
                let me = guild.members.values().find(|member| member.user.id.get() == place.me.0);
                let roles = me.into_iter().flat_map(|me| &me.roles).map(|role| RoleId(role.get()));
                if me.is_some() {
                    setup.set_own_roles(roles.chain([RoleId(guild.id.get())]).collect());
                }
            }
            !setup.problems().is_empty()
        }
        Event::Unknown(event) if event.kind == "GUILD_CREATE" => !setup.problems().is_empty(),
        // Its kind has passed the filter, and what it says cannot be read.
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

    fn touched(setup: &SetupStatus, kind: &str, data: &Value) -> bool {
        let event: Event = serde_json::from_value(json!({ "t": kind, "d": data })).expect("an event");
        touches(&event, &PLACE, setup)
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
    fn a_role_matters_if_it_is_the_supports_or_the_bots_own() {
        let setup = SetupStatus::default();
        assert!(touched(&setup, "GUILD_ROLE_DELETE", &role_deleted(77)), "nothing is known yet");
        setup.set_own_roles([RoleId(4), RoleId(60)].into());
        for (id, matters) in [(PLACE.support.0, true), (4, true), (60, true), (77, false)] {
            assert_eq!(touched(&setup, "GUILD_ROLE_DELETE", &role_deleted(id)), matters, "{id}");
            assert_eq!(touched(&setup, "GUILD_ROLE_UPDATE", &role_changed(id)), matters, "{id}");
        }
    }

    #[test]
    fn what_cannot_be_read_and_leaving_a_server_for_good_are_worth_a_look_and_an_outage_is_not() {
        let setup = SetupStatus::default();
        assert!(touched(&setup, "CHANNEL_UPDATE", &json!({ "id": "1" })));
        assert!(touched(&setup, "GUILD_DELETE", &json!({ "id": "4" })));
        assert!(!touched(&setup, "GUILD_DELETE", &json!({ "id": "4", "unavailable": true })));
    }
}
