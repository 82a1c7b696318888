//! The rights the bot needs, in the words of Discord's English client: what each is for, and where it is given.

use crate::discord::{
    BotPermissions, Channel, ChannelKind, ChannelLookup, DeniedBy, HomeGuild, MissingPermission, Scope,
};
use crate::lifecycle::Permission;

/// The name of a right in *Server Settings → Roles*. In a channel's own settings some are in the singular.
pub const fn name(right: Permission) -> &'static str {
    match right {
        Permission::ViewChannel => "View Channels",
        Permission::ManageChannels => "Manage Channels",
        Permission::SendMessages => "Send Messages",
        Permission::EmbedLinks => "Embed Links",
        Permission::AttachFiles => "Attach Files",
        Permission::ReadMessageHistory => "Read Message History",
        Permission::ManageMessages => "Manage Messages",
        Permission::MentionEveryone => "Mention @everyone, @here, and All Roles",
    }
}

/// What the bot needs a right for.
pub const fn purpose(right: Permission) -> &'static str {
    match right {
        Permission::ViewChannel => "to see the panel and the tickets",
        Permission::ManageChannels => "to make the ticket channels, and to delete them",
        Permission::SendMessages => {
            "to send the panel and to greet members; members and support get it in their ticket"
        }
        Permission::EmbedLinks => "the panel and the first message in a ticket are embeds",
        Permission::AttachFiles => {
            "members get it in their ticket, and Discord lets a bot give only what it has itself"
        }
        Permission::ReadMessageHistory => "to find its own messages again; members and support get it in their ticket",
        Permission::ManageMessages => {
            "support gets it in the tickets, and Discord lets a bot give only what it has itself"
        }
        Permission::MentionEveryone => {
            "so that the support role is notified; not needed if anyone may mention the role"
        }
    }
}

/// Where the bot lacks a right.
pub fn absence(lack: &MissingPermission, home: &HomeGuild) -> String {
    let place = place(lack.scope, home);
    match &lack.denied_by {
        None => format!("not given to the bot in {place}"),
        Some(DeniedBy::Everyone) => format!("denied to @everyone in {place}"),
        Some(DeniedBy::Roles(names)) => format!("denied to the bot's role {} in {place}", quoted(names)),
        Some(DeniedBy::Bot) => format!("denied to the bot itself in {place}"),
        Some(DeniedBy::Hidden) => format!("denied to the bot in {place}, which is hidden from it"),
    }
}

/// Where to click so that the bot has it.
pub fn cure(lack: &MissingPermission, rights: &BotPermissions, home: &HomeGuild, bot: &str) -> String {
    let right = name(lack.permission);
    let (menu, name, variable) = match lack.scope {
        Scope::Guild => return cure_in_server(right, rights),
        Scope::Category => ("Edit Category", spot_name(&home.category), "TICKET_CATEGORY_ID"),
        Scope::Panel => ("Edit Channel", spot_name(&home.panel), "TICKET_BUTTON_CHANNEL_ID"),
    };
    // A member's own overwrite stands above those of all roles; otherwise a role's ✓ is above every ✗.
    let who = match (&lack.denied_by, &rights.role) {
        (Some(DeniedBy::Bot), _) | (_, None) => format!("the member \"{bot}\""),
        (_, Some(role)) => format!("the role \"{role}\""),
    };
    let cure = format!(
        "right-click {name} → {menu} → Permissions: add {who} if it is not in the list, and set \"{right}\" to ✓"
    );
    match lack.denied_by {
        // Discord does not tell in which server it is.
        Some(DeniedBy::Hidden) => format!("{cure}; if \"{}\" has no such channel, correct {variable}", home.guild.name),
        _ => cure,
    }
}

fn cure_in_server(right: &str, rights: &BotPermissions) -> String {
    match &rights.role {
        Some(role) => format!("Server Settings → Roles → \"{role}\" → Permissions: switch \"{right}\" on"),
        None => {
            "the bot has no role of its own: open the link that `talon invite` prints, which gives it one".to_owned()
        }
    }
}

/// How people know a place where rights count.
pub fn place(scope: Scope, home: &HomeGuild) -> String {
    match scope {
        Scope::Guild => "the server".to_owned(),
        Scope::Category => format!("the category {}", spot_name(&home.category)),
        Scope::Panel => format!("the panel channel {}", spot_name(&home.panel)),
    }
}

/// What is known of a place; the server as a whole is no channel.
pub const fn spot(scope: Scope, home: &HomeGuild) -> Option<&ChannelLookup> {
    match scope {
        Scope::Guild => None,
        Scope::Category => Some(&home.category),
        Scope::Panel => Some(&home.panel),
    }
}

fn spot_name(spot: &ChannelLookup) -> String {
    match spot {
        ChannelLookup::Found(channel) => label(channel),
        ChannelLookup::Hidden(channel) => format!("with the id {channel}"),
        // There are no overwrites to speak of where there is no channel.
        ChannelLookup::InOtherGuild | ChannelLookup::Missing | ChannelLookup::Unknown(_) => {
            "that was not found".to_owned()
        }
    }
}

/// How people know a channel.
pub fn label(channel: &Channel) -> String {
    match channel.kind {
        ChannelKind::Text => format!("#{}", channel.name),
        ChannelKind::Category | ChannelKind::Other | ChannelKind::Unknown => format!("\"{}\"", channel.name),
    }
}

/// `"one", "two"`
pub fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    names.join(", ")
}
