//! What the settings name in the server, and whether there is room for more tickets.

use crate::discord::{ChannelCounts, ChannelKind, ChannelLookup, HomeGuild, LookupFailure, MissingPermission, Scope};
use crate::lifecycle::Permission;
use crate::operator::checks::{home, unknown, untold};
use crate::operator::facts::Facts;
use crate::operator::finding::Verdict;
use crate::operator::rights::label;
use crate::operator::support::Concern;

/// How many channels there may be, and how many are so many that it is time to think of it.
struct Room {
    most: usize,
    many: usize,
}

/// Discord's limits.
const IN_CATEGORY: Room = Room { most: 50, many: 40 };
const IN_SERVER: Room = Room { most: 500, many: 450 };

/// What an id should name, and in which setting it stands.
struct Wanted {
    kind: ChannelKind,
    what: &'static str,
    variable: &'static str,
    copy: &'static str,
}

const PANEL: Wanted = Wanted {
    kind: ChannelKind::Text,
    what: "text channel",
    variable: "TICKET_BUTTON_CHANNEL_ID",
    copy: "Copy Channel ID",
};
const CATEGORY: Wanted =
    Wanted { kind: ChannelKind::Category, what: "category", variable: "TICKET_CATEGORY_ID", copy: "Copy Category ID" };

pub(super) fn panel_channel(facts: &Facts) -> Verdict {
    home(facts, |home, _| spot(Scope::Panel, &home.panel, home, &PANEL))
}

pub(super) fn category(facts: &Facts) -> Verdict {
    home(facts, |home, _| spot(Scope::Category, &home.category, home, &CATEGORY))
}

fn spot(scope: Scope, spot: &ChannelLookup, home: &HomeGuild, wanted: &Wanted) -> Verdict {
    let Wanted { kind, what, variable, copy } = wanted;
    let server = &home.guild.name;
    let found = match spot {
        ChannelLookup::Found(channel) if channel.kind == *kind => return Verdict::ok(label(channel)),
        ChannelLookup::Found(channel) if channel.kind == ChannelKind::Unknown => {
            return untold(&LookupFailure(format!("Discord does not tell what kind of channel {} is", label(channel))));
        }
        ChannelLookup::Found(channel) => format!("{} is no {what}", label(channel)),
        ChannelLookup::InOtherGuild => format!("is in another server, not in \"{server}\" with the others"),
        // It is there; what to do is told with the right that is missing.
        ChannelLookup::Hidden(_) if is_blind(home, scope) => return unknown("the bot may not view it"),
        ChannelLookup::Hidden(id) => {
            return Verdict::error(
                format!("the channel with the id {id} exists, and is hidden from the bot"),
                format!(
                    "right-click it → Edit Channel or Edit Category → Permissions: add the bot's role, and set \"View \
                     Channel\" to ✓; if \"{server}\" has no such channel, correct {variable} and \
                     restart the bot"
                ),
            );
        }
        ChannelLookup::Missing => "does not exist, or not any more".to_owned(),
        ChannelLookup::Unknown(why) => return untold(why),
    };
    let remedy = format!(
        "User Settings → Advanced → Developer Mode on, then right-click a {what} of \"{server}\" → {copy}, put it \
         into {variable}, and restart the bot"
    );
    Verdict::error(found, remedy)
}

pub(super) fn support_role(facts: &Facts) -> Verdict {
    let remedy = "User Settings → Advanced → Developer Mode on, then Server Settings → Roles → right-click the role of \
                  the support team (make one if there is none) → Copy Role ID, put it into SUPPORT_ROLE_ID, and restart the bot";
    home(facts, |home, _| match &home.support {
        Err(why) => untold(why),
        Ok(None) => {
            Verdict::error(format!("\"{}\" has no role with this id, or not any more", home.guild.name), remedy)
        }
        Ok(Some(role)) => match Concern::about(role, &home.holders) {
            None => Verdict::ok(format!("@{}", role.name)),
            Some(concern @ Concern::Everyone) => Verdict::error(concern.words(), remedy),
            Some(concern @ Concern::Nobody) => Verdict::warning(
                format!("@{} {}", role.name, concern.words()),
                format!("Server Settings → Members: give your support team the role \"{}\"", role.name),
            ),
            Some(concern) => Verdict::warning(format!("@{} {}", role.name, concern.words()), remedy),
        },
    })
}

pub(super) fn category_room(facts: &Facts) -> Verdict {
    home(facts, |home, _| match &home.category {
        ChannelLookup::Found(_) | ChannelLookup::Hidden(_) => {
            let remedy = "close tickets, or move what is no ticket out of the category";
            room(home, Scope::Category, |counts| counts.in_category, &IN_CATEGORY, remedy)
        }
        ChannelLookup::Unknown(why) => untold(why),
        ChannelLookup::InOtherGuild | ChannelLookup::Missing => unknown("there is no category"),
    })
}

pub(super) fn server_room(facts: &Facts) -> Verdict {
    let remedy = "delete channels that nobody needs, or close tickets";
    home(facts, |home, _| room(home, Scope::Guild, |counts| counts.total, &IN_SERVER, remedy))
}

/// Discord lists only the channels that the bot may view, and nothing tells how many others there are.
fn room(home: &HomeGuild, scope: Scope, count: fn(&ChannelCounts) -> usize, room: &Room, remedy: &str) -> Verdict {
    let Room { most, many } = room;
    let count = match &home.channel_counts {
        Ok(listing) => count(listing),
        Err(why) => return untold(why),
    };
    let found = format!("{count} of {most} channels");
    match &home.permissions {
        _ if count >= *most => Verdict::error(found + ": no ticket can be opened", remedy),
        _ if count >= *many => Verdict::warning(found, remedy),
        Err(why) => untold(why),
        Ok(rights) if rights.administrator => Verdict::ok(found),
        Ok(_) if is_blind(home, scope) => {
            unknown(&format!("the bot may not view channels there, and sees {found}; others are hidden"))
        }
        Ok(_) => Verdict::ok(format!("at least {found}; any that are hidden from the bot are not counted")),
    }
}

/// The bot is known to lack the right to view channels in this place, or in the whole server.
fn is_blind(home: &HomeGuild, scope: Scope) -> bool {
    let blind = |lack: &MissingPermission| {
        lack.permission == Permission::ViewChannel && (lack.scope == scope || lack.scope == Scope::Guild)
    };
    home.permissions.as_ref().is_ok_and(|rights| rights.missing.iter().any(blind))
}
