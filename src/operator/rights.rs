//! The rights the bot needs, in the words of Discord's English client: what each is for, and where it is given.

use crate::discord::{Channel, Denier, Home, Kind, Lack, Rights, Site, Spot};
use crate::lifecycle::Right;

/// The name of a right in *Server Settings → Roles*. In a channel's own settings some are in the singular.
pub const fn name(right: Right) -> &'static str {
    match right {
        Right::ViewChannel => "View Channels",
        Right::ManageChannels => "Manage Channels",
        Right::SendMessages => "Send Messages",
        Right::EmbedLinks => "Embed Links",
        Right::AttachFiles => "Attach Files",
        Right::ReadMessageHistory => "Read Message History",
        Right::ManageMessages => "Manage Messages",
        Right::MentionEveryone => "Mention @everyone, @here, and All Roles",
    }
}

/// What the bot needs a right for.
pub const fn purpose(right: Right) -> &'static str {
    match right {
        Right::ViewChannel => "to see the panel and the tickets",
        Right::ManageChannels => "to make the ticket channels, and to delete them",
        Right::SendMessages => "to send the panel and to greet members; members and support get it in their ticket",
        Right::EmbedLinks => "the panel and the first message in a ticket are embeds",
        Right::AttachFiles => "members get it in their ticket, and Discord lets a bot give only what it has itself",
        Right::ReadMessageHistory => "to find its own messages again; members and support get it in their ticket",
        Right::ManageMessages => "support gets it in the tickets, and Discord lets a bot give only what it has itself",
        Right::MentionEveryone => "so that the support role is notified; not needed if anyone may mention the role",
    }
}

/// Where the bot lacks a right.
pub fn absence(lack: &Lack, home: &Home) -> String {
    let place = place(lack.site, home);
    match &lack.denier {
        None => format!("not given to the bot in {place}"),
        Some(Denier::Everyone) => format!("denied to @everyone in {place}"),
        Some(Denier::Roles(names)) => format!("denied to the bot's role {} in {place}", quoted(names)),
        Some(Denier::Bot) => format!("denied to the bot itself in {place}"),
        Some(Denier::Hidden) => format!("denied to the bot in {place}, which is hidden from it"),
    }
}

/// Where to click so that the bot has it.
pub fn cure(lack: &Lack, rights: &Rights, home: &Home, bot: &str) -> String {
    let right = name(lack.right);
    let (menu, name, variable) = match lack.site {
        Site::Server => return cure_in_server(right, rights),
        Site::Category => ("Edit Category", spot_name(&home.category), "TICKET_CATEGORY_ID"),
        Site::Panel => ("Edit Channel", spot_name(&home.panel), "TICKET_BUTTON_CHANNEL_ID"),
    };
    // A member's own overwrite stands above those of all roles; otherwise a role's ✓ is above every ✗.
    let who = match (&lack.denier, &rights.role) {
        (Some(Denier::Bot), _) | (_, None) => format!("the member \"{bot}\""),
        (_, Some(role)) => format!("the role \"{role}\""),
    };
    let cure = format!(
        "right-click {name} → {menu} → Permissions: add {who} if it is not in the list, and set \"{right}\" to ✓"
    );
    match lack.denier {
        // Discord does not tell in which server it is.
        Some(Denier::Hidden) => format!("{cure}; if \"{}\" has no such channel, correct {variable}", home.server.name),
        _ => cure,
    }
}

fn cure_in_server(right: &str, rights: &Rights) -> String {
    match &rights.role {
        Some(role) => format!("Server Settings → Roles → \"{role}\" → Permissions: switch \"{right}\" on"),
        None => {
            "the bot has no role of its own: open the link that `talon invite` prints, which gives it one".to_owned()
        }
    }
}

/// How people know a place where rights count.
pub fn place(site: Site, home: &Home) -> String {
    match site {
        Site::Server => "the server".to_owned(),
        Site::Category => format!("the category {}", spot_name(&home.category)),
        Site::Panel => format!("the panel channel {}", spot_name(&home.panel)),
    }
}

/// What is known of a place; the server as a whole is no channel.
pub const fn spot(site: Site, home: &Home) -> Option<&Spot> {
    match site {
        Site::Server => None,
        Site::Category => Some(&home.category),
        Site::Panel => Some(&home.panel),
    }
}

fn spot_name(spot: &Spot) -> String {
    match spot {
        Spot::Here(channel) => label(channel),
        Spot::Hidden(channel) => format!("with the id {channel}"),
        // There are no overwrites to speak of where there is no channel.
        Spot::Elsewhere | Spot::Missing | Spot::Unknown(_) => "that was not found".to_owned(),
    }
}

/// How people know a channel.
pub fn label(channel: &Channel) -> String {
    match channel.kind {
        Kind::Text => format!("#{}", channel.name),
        Kind::Category | Kind::Other | Kind::Untold => format!("\"{}\"", channel.name),
    }
}

/// `"one", "two"`
pub fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    names.join(", ")
}
