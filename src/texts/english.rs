//! English, for everybody else.

mod settings;
mod story;

use std::time::Duration;

use crate::ids::Command;
use crate::lifecycle::{Notice, Permission};
use crate::texts::{Card, Channel, Explain, OWNER_RIGHTS, Slash, Texts, Unit, count_units, list, mention, relative};

pub(super) const TEXTS: Texts = Texts {
    panel: Card {
        title: "🎫 SUPPORT SYSTEM",
        description: "need help? create a ticket!",
        field: "📝 how does it work?",
        hint: "1. press the button below\n\
               2. a private channel is created for you\n\
               3. describe your problem\n\
               4. the support team will answer",
        label: "create ticket",
    },
    welcome: Card {
        title: "🎫 SUPPORT TICKET",
        description: "welcome to support!",
        field: "📝 describe your problem",
        hint: "the support team will answer soon",
        label: "close ticket",
    },
    channel: Channel {
        neutral: "ticket",
        mark: ["ticket ", "no. "],
        created: "new ticket",
        restored: "access to the ticket restored",
        deleted: "ticket closed",
    },
    closing: CLOSING,
    new_ticket: "new ticket!",
    say,
    slash,
    title: story::title,
    step: story::step,
    explain: Explain {
        ticket: story::ticket,
        no_ticket: story::no_ticket,
        cut: "(earlier entries are left out)",
        unknown: |raw| format!("an entry of another version of the bot: {raw}"),
    },
    whole_story: "the whole story, for you alone: `/explain`",
    problem: settings::problem,
};

const CLOSING: &str = "🔒 this ticket will be closed in ";

fn say(words: &Notice) -> String {
    match words {
        Notice::Created(channel) => format!("✅ ticket created: {}", mention(*channel)),
        Notice::AlreadyOpen(channel) => format!("❌ you already have a ticket: {}", mention(*channel)),
        Notice::TicketHidden => {
            "❌ you have a ticket, but you cannot see its channel at the moment, please let an admin know".into()
        }
        Notice::TicketHiddenStaffTold => {
            "❌ you have a ticket, but you cannot see its channel at the moment, the support team has been told".into()
        }
        Notice::OwnerLockedOut(member) => format!(
            "⚠️ <@{member}> cannot see this channel, and the bot was not allowed to change that. please edit the channel's \
             permissions, add <@{member}> and allow: {}",
            list(&OWNER_RIGHTS, name, ['“', '”']).join(", ")
        ),
        Notice::StillOpening => "⏳ your ticket is already being created, just a moment".into(),
        Notice::Closing(delay) => format!("{CLOSING}{}...", countdown(*delay)),
        Notice::AlreadyClosing => "🔒 this ticket is already being closed, just a moment".into(),
        Notice::NoRights => "❌ only the ticket's owner and the support team can close it".into(),
        Notice::NotATicket => "❌ this is not a ticket, there is nothing to close here".into(),
        Notice::CategoryFull => {
            "❌ there is no room for another ticket right now: the category is full. please try again when old tickets have \
             been closed, or let an admin know"
                .into()
        }
        Notice::ServerFull => {
            "❌ the server has no room for new channels, please let an admin know: there is room again when channels that \
             nobody needs are deleted"
                .into()
        }
        Notice::CategoryGone => "❌ the category for tickets has been deleted, please let an admin know".into(),
        Notice::SupportRoleGone => "❌ the support role has been deleted, please let an admin know".into(),
        Notice::BotLacks(rights) => format!("❌ {}, please let an admin know", lack(rights)),
        Notice::BotTimedOut(until) => format!(
            "❌ the bot is in time-out and cannot create a ticket. the time-out ends {}, an admin can end it earlier",
            relative(*until)
        ),
        Notice::BotRemoved => {
            "❌ the bot has been removed from this server and cannot create a ticket. an admin can invite it again".into()
        }
        Notice::OpenRefused => {
            "❌ discord refused to create the channel, please let an admin know: the bot's log says why".into()
        }
        Notice::DiscordDown => "❌ discord is not answering right now, please try again in a couple of minutes".into(),
        Notice::TryAgain => "❌ that did not work, please try again, and if it keeps failing, let an admin know".into(),
        Notice::CannotSave => {
            "⏳ this cannot be saved right now, it goes on by itself as soon as it can, and if that takes long, please let \
             an admin know"
                .into()
        }
        Notice::OpenLater(until) => format!(
            "❌ discord is limiting the bot: too many requests. try again {}, and if it is urgent, let an admin know",
            relative(*until)
        ),
        Notice::CloseLater(until) => {
            format!(
                "⏳ discord is limiting the bot: too many requests. the channel will be deleted {}",
                relative(*until)
            )
        }
        Notice::PanelLater(until) => {
            format!(
                "⏳ discord is limiting the bot: too many requests. the panel will be put in place {}",
                relative(*until)
            )
        }
        Notice::AskLater(until) => {
            format!("❌ discord is limiting the bot: too many requests. try again {}", relative(*until))
        }
        Notice::ChannelGone => "❌ the ticket's channel was deleted while it was being created, please try again".into(),
        Notice::CloseFailed(rights) => {
            format!("❌ this ticket could not be closed: {}, please let an admin know", lack(rights))
        }
        Notice::CloseTimedOut(until) => format!(
            "❌ this ticket could not be closed: the bot is in time-out. it ends {}, an admin can end it earlier, please \
             close the ticket again then",
            relative(*until)
        ),
        Notice::CommunityChannel => {
            "❌ this ticket could not be closed: the server uses this channel for its community rules or updates. an admin \
             can choose another channel for them, please close the ticket again then"
                .into()
        }
        Notice::CloseRefused => {
            "❌ this ticket could not be closed: discord refused, please let an admin know: the bot's log says why".into()
        }
        Notice::PanelInPlace => "✅ the panel is in place".into(),
        Notice::PanelFailed => "❌ the panel could not be put in place, the bot's log says why".into(),
        Notice::NothingToTell => "❌ this is not a ticket, there is nothing to tell here".into(),
        Notice::AdministratorsOnly => "❌ this command is for administrators only".into(),
        Notice::AnotherServer => {
            "❌ this bot works in another server and does nothing here. an admin of this server can remove it".into()
        }
        Notice::PrivateMessage => {
            "❌ this only works in the server with the tickets: create a ticket there, its support team will help".into()
        }
        Notice::UnknownControl => {
            "❌ the bot does not know this button or command any more. if you need help, create a ticket with the panel's button"
                .into()
        }
    }
}

const fn slash(command: Command) -> Slash {
    match command {
        Command::Ticket => Slash { name: "ticket", description: "create a ticket" },
        Command::Close => Slash { name: "close", description: "close this ticket" },
        Command::SetUp => Slash { name: "setuptickets", description: "put the ticket panel in its place" },
        Command::Explain => Slash { name: "explain", description: "show the story of this ticket" },
    }
}

/// A right as Discord's English client calls it, so that an administrator finds it in the role's settings.
const fn name(right: Permission) -> &'static str {
    match right {
        Permission::ViewChannel => "View Channels",
        Permission::SendMessages => "Send Messages",
        Permission::AttachFiles => "Attach Files",
        Permission::ReadMessageHistory => "Read Message History",
        Permission::ManageMessages => "Manage Messages",
        Permission::ManageChannels => "Manage Channels",
        Permission::EmbedLinks => "Embed Links",
        Permission::MentionEveryone => "Mention @everyone, @here and All Roles",
    }
}

fn lack(rights: &[Permission]) -> String {
    match &*list(rights, name, ['“', '”']) {
        [] => "the bot is missing permissions".into(),
        [one] => format!("the bot is missing the permission {one}"),
        many => format!("the bot is missing the permissions {}", many.join(", ")),
    }
}

fn countdown(delay: Duration) -> String {
    let (count, unit) = count_units(delay);
    let unit = match unit {
        Unit::Second => "second",
        Unit::Minute => "minute",
        Unit::Hour => "hour",
        Unit::Day => "day",
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::ids::{ChannelId, RoleId, UserId};

    const TICKET: ChannelId = ChannelId(7);

    #[test]
    fn the_words_are_exact() {
        let said = [
            (Notice::Created(TICKET), "✅ ticket created: <#7>"),
            (Notice::AlreadyOpen(TICKET), "❌ you already have a ticket: <#7>"),
            (Notice::Closing(Duration::from_secs(5)), "🔒 this ticket will be closed in 5 seconds..."),
            (Notice::Closing(Duration::from_millis(300)), "🔒 this ticket will be closed in 1 second..."),
            (Notice::Closing(Duration::from_secs(60)), "🔒 this ticket will be closed in 1 minute..."),
            (Notice::Closing(Duration::from_secs(90)), "🔒 this ticket will be closed in 90 seconds..."),
            (Notice::Closing(Duration::from_secs(3600)), "🔒 this ticket will be closed in 1 hour..."),
            (Notice::Closing(Duration::from_secs(172_800)), "🔒 this ticket will be closed in 2 days..."),
            (Notice::NoRights, "❌ only the ticket's owner and the support team can close it"),
            (
                Notice::OpenLater(SystemTime::UNIX_EPOCH + Duration::from_millis(1_500)),
                "❌ discord is limiting the bot: too many requests. try again <t:2:R>, and if it is urgent, let an \
                 admin know",
            ),
            (
                Notice::CloseLater(SystemTime::UNIX_EPOCH),
                "⏳ discord is limiting the bot: too many requests. the channel will be deleted <t:0:R>",
            ),
            (Notice::BotLacks(vec![]), "❌ the bot is missing permissions, please let an admin know"),
            (
                Notice::BotLacks(vec![Permission::ManageChannels]),
                "❌ the bot is missing the permission “Manage Channels”, please let an admin know",
            ),
            (
                Notice::CloseFailed(vec![Permission::ViewChannel, Permission::EmbedLinks]),
                "❌ this ticket could not be closed: the bot is missing the permissions “View Channels”, “Embed \
                 Links”, please let an admin know",
            ),
        ];
        for (words, text) in said {
            assert_eq!(say(&words), text);
        }
        assert_eq!(TEXTS.new_ticket(UserId(1), &[RoleId(2)]), "<@1> <@&2> - new ticket!");
        assert_eq!(TEXTS.greeting(UserId(1)), "<@1>, welcome to support!");
    }
}
