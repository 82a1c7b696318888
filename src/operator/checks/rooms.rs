//! What the settings name in the server, and whether there is room for more tickets.

use crate::discord::{Home, Kind, Lack, Listing, Site, Spot, Untold};
use crate::lifecycle::Right;
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
    kind: Kind,
    what: &'static str,
    variable: &'static str,
    copy: &'static str,
}

const PANEL: Wanted =
    Wanted { kind: Kind::Text, what: "text channel", variable: "TICKET_BUTTON_CHANNEL_ID", copy: "Copy Channel ID" };
const CATEGORY: Wanted =
    Wanted { kind: Kind::Category, what: "category", variable: "TICKET_CATEGORY_ID", copy: "Copy Category ID" };

pub(super) fn panel_channel(facts: &Facts) -> Verdict {
    home(facts, |home, _| spot(Site::Panel, &home.panel, home, &PANEL))
}

pub(super) fn category(facts: &Facts) -> Verdict {
    home(facts, |home, _| spot(Site::Category, &home.category, home, &CATEGORY))
}

fn spot(site: Site, spot: &Spot, home: &Home, wanted: &Wanted) -> Verdict {
    let Wanted { kind, what, variable, copy } = wanted;
    let server = &home.server.name;
    let found = match spot {
        Spot::Here(channel) if channel.kind == *kind => return Verdict::ok(label(channel)),
        Spot::Here(channel) if channel.kind == Kind::Untold => {
            return untold(&Untold(format!("Discord does not tell what kind of channel {} is", label(channel))));
        }
        Spot::Here(channel) => format!("{} is no {what}", label(channel)),
        Spot::Elsewhere => format!("is in another server, not in \"{server}\" with the others"),
        // It is there; what to do is told with the right that is missing.
        Spot::Hidden(_) if is_blind(home, site) => return unknown("the bot may not view it"),
        Spot::Hidden(id) => {
            return Verdict::error(
                format!("the channel with the id {id} exists, and is hidden from the bot"),
                format!(
                    "right-click it → Edit Channel or Edit Category → Permissions: add the bot's role, and set \"View \
                     Channel\" to ✓; if \"{server}\" has no such channel, correct {variable}"
                ),
            );
        }
        Spot::Missing => "does not exist, or not any more".to_owned(),
        Spot::Unknown(why) => return untold(why),
    };
    let remedy = format!(
        "User Settings → Advanced → Developer Mode on, then right-click a {what} of \"{server}\" → {copy}, and put it \
         into {variable}"
    );
    Verdict::error(found, remedy)
}

pub(super) fn support_role(facts: &Facts) -> Verdict {
    let remedy = "User Settings → Advanced → Developer Mode on, then Server Settings → Roles → right-click the role of \
                  the support team → Copy Role ID, and put it into SUPPORT_ROLE_ID";
    home(facts, |home, _| match &home.support {
        Err(why) => untold(why),
        Ok(None) => {
            Verdict::error(format!("\"{}\" has no role with this id, or not any more", home.server.name), remedy)
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
        Spot::Here(_) | Spot::Hidden(_) => {
            let remedy = "close tickets, or move what is no ticket out of the category";
            room(home, Site::Category, |listing| listing.tickets, &IN_CATEGORY, remedy)
        }
        Spot::Unknown(why) => untold(why),
        Spot::Elsewhere | Spot::Missing => unknown("there is no category"),
    })
}

pub(super) fn server_room(facts: &Facts) -> Verdict {
    let remedy = "delete channels that nobody needs, or close tickets";
    home(facts, |home, _| room(home, Site::Server, |listing| listing.channels, &IN_SERVER, remedy))
}

/// Discord lists only the channels that the bot may view, and nothing tells how many others there are.
fn room(home: &Home, site: Site, count: fn(&Listing) -> usize, room: &Room, remedy: &str) -> Verdict {
    let Room { most, many } = room;
    let count = match &home.listing {
        Ok(listing) => count(listing),
        Err(why) => return untold(why),
    };
    let found = format!("{count} of {most} channels");
    match &home.rights {
        _ if count >= *most => Verdict::error(found + ": no ticket can be opened", remedy),
        _ if count >= *many => Verdict::warning(found, remedy),
        Err(why) => untold(why),
        Ok(rights) if rights.administrator => Verdict::ok(found),
        Ok(_) if is_blind(home, site) => {
            unknown(&format!("the bot may not view channels there, and sees {found}; others are hidden"))
        }
        Ok(_) => Verdict::ok(format!("at least {found}; any that are hidden from the bot are not counted")),
    }
}

/// The bot is known to lack the right to view channels in this place, or in the whole server.
fn is_blind(home: &Home, site: Site) -> bool {
    let blind = |lack: &Lack| lack.right == Right::ViewChannel && (lack.site == site || lack.site == Site::Server);
    home.rights.as_ref().is_ok_and(|rights| rights.lacks.iter().any(blind))
}
