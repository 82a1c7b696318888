//! What the settings name in the server, and whether there is room for more tickets.

use crate::discord::{Home, Kind, Spot};
use crate::operator::checks::{home, unknown, untold};
use crate::operator::facts::Facts;
use crate::operator::finding::Verdict;
use crate::operator::rights::label;

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
    home(facts, |home, _| spot(&home.panel, home, &PANEL))
}

pub(super) fn category(facts: &Facts) -> Verdict {
    home(facts, |home, _| spot(&home.category, home, &CATEGORY))
}

fn spot(spot: &Spot, home: &Home, wanted: &Wanted) -> Verdict {
    let Wanted { kind, what, variable, copy } = wanted;
    let server = &home.server.name;
    let found = match spot {
        Spot::Here(channel) if channel.kind == *kind => return Verdict::ok(label(channel)),
        Spot::Here(channel) => format!("{} is no {what}", label(channel)),
        Spot::Elsewhere => format!("is in another server, not in \"{server}\" with the others"),
        Spot::Hidden => "is in a server that the bot is not in".to_owned(),
        Spot::Missing => "does not exist, or not any more".to_owned(),
        Spot::Unknown => return untold(),
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
        None => Verdict::error(format!("\"{}\" has no role with this id, or not any more", home.server.name), remedy),
        Some(role) if role.everyone => Verdict::error("is @everyone: every member would see every ticket", remedy),
        Some(role) if role.managed => Verdict::warning(
            format!("@{} belongs to a bot or a subscription: nobody can be given it", role.name),
            remedy,
        ),
        Some(role) => Verdict::ok(format!("@{}", role.name)),
    })
}

pub(super) fn category_room(facts: &Facts) -> Verdict {
    home(facts, |home, _| match home.category {
        Spot::Here(_) => {
            room(home.tickets, &IN_CATEGORY, "close tickets, or move what is no ticket out of the category")
        }
        _ => unknown("there is no category"),
    })
}

pub(super) fn server_room(facts: &Facts) -> Verdict {
    home(facts, |home, _| room(home.channels, &IN_SERVER, "delete channels that nobody needs, or close tickets"))
}

fn room(count: usize, Room { most, many }: &Room, remedy: &str) -> Verdict {
    let found = format!("{count} of {most} channels");
    match count {
        count if count >= *most => Verdict::error(found + ": no ticket can be opened", remedy),
        count if count >= *many => Verdict::warning(found, remedy),
        _ => Verdict::ok(found),
    }
}
