//! What is chosen in a server: what it is for, what fits, and how it is made where there is none.

use crate::discord::{Channel, ChannelKind, GuildOverview, NewResource, Role, RoleSource};
use crate::ids::UserId;
use crate::operator::setup::menu::{Item, Warning};
use crate::operator::support::Concern;
use crate::printable::printable;

/// Something that the settings name.
pub struct Wish {
    /// What stands above the list.
    pub title: &'static str,
    /// What fits, of all that there is.
    pub items: fn(&GuildOverview) -> Vec<Item>,
    /// The line for a new one.
    pub new: &'static str,
    /// What it is, in the middle of a sentence.
    pub what: &'static str,
    /// What a new one is called where nobody says otherwise.
    pub name: &'static str,
    /// How a new one is made, for this bot.
    pub resource: fn(UserId) -> NewResource,
    /// What to do where the bot may not make one.
    pub forbidden: &'static str,
}

/// The channel of the panel.
pub const PANEL: Wish = Wish {
    title: "In which channel shall the message with the button stand?",
    items: |server| channels(server, ChannelKind::Text),
    new: "make a new channel, in which everybody reads and only the bot writes",
    what: "text channel",
    name: "support",
    resource: NewResource::PanelChannel,
    forbidden: "The bot may not: it lacks a right that it needs anyway. Open the link that `talon invite` prints, or make \
                the channel yourself; then look at the list again.",
};

/// The category of the ticket channels.
pub const CATEGORY: Wish = Wish {
    title: "In which category shall the ticket channels be made?",
    items: |server| channels(server, ChannelKind::Category),
    new: "make a new category",
    what: "category",
    name: "tickets",
    resource: |_| NewResource::Category,
    forbidden: "The bot may not: it lacks the right \"Manage Channels\", which it needs anyway. Open the link that `talon \
                invite` prints; then try again.",
};

/// The role of the support team.
pub const SUPPORT: Wish = Wish {
    title: "Which role sees and answers all tickets?",
    items: roles,
    new: "make a new role",
    what: "role",
    name: "support",
    resource: |_| NewResource::Role,
    forbidden: "The bot may not make roles, and does not need to for its work. Make it yourself: Server Settings → Roles → \
                Create Role; then look at the list again.",
};

fn channels(server: &GuildOverview, kind: ChannelKind) -> Vec<Item> {
    let sign = if kind == ChannelKind::Text { "#" } else { "" };
    let fits = server.channels.iter().filter(|channel| channel.kind == kind);
    let item = |channel: &Channel| Item {
        id: channel.id.0,
        name: format!("{sign}{}", printable(&channel.name)),
        hint: category(server, channel),
        warning: None,
    };
    fits.map(item).collect()
}

fn category(server: &GuildOverview, channel: &Channel) -> Option<String> {
    let category = server.channels.iter().find(|other| Some(other.id) == channel.parent)?;
    Some(format!("in {}", printable(&category.name)))
}

/// Those that people can have, and not all of them have.
fn roles(server: &GuildOverview) -> Vec<Item> {
    let fits = server.roles.iter().filter(|role| !matches!(role.source, RoleSource::Everyone | RoleSource::Bot));
    let item = |role: &Role| {
        let concern = Concern::about(role, &server.holders);
        Item {
            id: role.id.0,
            name: format!("@{}", printable(&role.name)),
            hint: None,
            warning: concern.map(|concern| Warning { words: concern.words(), asks: concern.is_doubtful() }),
        }
    };
    fits.map(item).collect()
}
