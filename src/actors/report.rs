//! What the operator reads, and what is counted: one line per thing that matters, with whose ticket it is.

use crate::actors::Services;
use crate::ids::{ChannelId, GuildId, Owner, TicketNumber};
use crate::lifecycle::menu::MenuNote;
use crate::lifecycle::panel::PanelNote;
use crate::lifecycle::{JournalEvent, Reason};

/// Whose ticket, and which.
#[derive(Clone, Copy)]
pub struct Subject {
    /// Whose.
    pub owner: Owner,
    /// Its number, or that of the member's last one.
    pub number: Option<TicketNumber>,
    /// Its channel.
    pub channel: Option<ChannelId>,
}

/// Logs what happened to a ticket, and counts it.
pub fn notes(services: &Services, of: Subject, notes: &[JournalEvent]) {
    let metrics = &services.metrics;
    for note in notes {
        match note {
            // Not when it is ready: it may be closed before.
            JournalEvent::Created { .. } | JournalEvent::Found { .. } => drop(metrics.tickets_opened.inc()),
            JournalEvent::Closed { .. } => drop(metrics.tickets_closed.inc()),
            JournalEvent::Refused { .. } => drop(metrics.tickets_failed.inc()),
            JournalEvent::Retrying { .. } => drop(metrics.retries.inc()),
            JournalEvent::AnotherProcess => another_process(services, "it answers what members press"),
            _ => {}
        }
        log(of, note);
    }
}

/// A line with the ticket, the member and the channel as fields.
macro_rules! line {
    ($level:ident, $of:expr, $($rest:tt)+) => {
        tracing::$level!(
            ticket = $of.number.map(|number| number.0),
            member = %$of.owner.member,
            channel = $of.channel.map(tracing::field::display),
            guild = %$of.owner.guild,
            $($rest)+
        )
    };
}

fn log(of: Subject, note: &JournalEvent) {
    let of = match note {
        // Whoever closes where no ticket is does not mean the one that they have.
        JournalEvent::TurnedDown { why: Reason::NotATicket | Reason::NotKnownYet, channel, .. } => {
            Subject { number: None, channel: *channel, ..of }
        }
        _ => Subject { channel: note.channel().or(of.channel), ..of },
    };
    match note {
        JournalEvent::Asked { by, way } => line!(info, of, %by, %way, "a ticket was asked for"),
        JournalEvent::AskedAgain { by, way } => line!(info, of, %by, %way, "pointed to the ticket there is"),
        JournalEvent::TurnedDown { by, way, why, .. } => line!(info, of, %by, %way, %why, "turned down"),
        JournalEvent::AccessRestored => {
            line!(warn, of, "the member had lost access to the ticket; their overwrite was put back")
        }
        JournalEvent::LockedOut { why } => line!(
            error,
            of,
            %why,
            "the member cannot see their ticket: give the bot Manage Roles, or add the member to the channel by hand with \
             View Channel, Send Messages, Attach Files and Read Message History"
        ),
        JournalEvent::Created { .. } => line!(debug, of, "channel created"),
        JournalEvent::Found { .. } => line!(info, of, "the channel had been created after all"),
        JournalEvent::Renamed => {
            line!(info, of, "Discord does not take the member's name for the channel; a neutral one is used")
        }
        JournalEvent::Refused { why } => line!(warn, of, %why, "no ticket could be opened; the member is told why"),
        JournalEvent::Deferred => line!(debug, of, "the member was told to wait"),
        JournalEvent::Route => line!(debug, of, "the member has been told"),
        JournalEvent::NotTold => line!(warn, of, "Discord took no answer to a press any more"),
        JournalEvent::Opened { .. } => line!(info, of, "ticket opened"),
        JournalEvent::Adopted { .. } => line!(info, of, "a channel was taken over as this member's ticket"),
        JournalEvent::Imported { from, .. } => line!(info, of, %from, "the ticket was imported from another bot"),
        JournalEvent::Duplicate { .. } => line!(warn, of, "a second channel of one opening is being removed"),
        JournalEvent::Yielded { .. } => {
            line!(warn, of, "another process made a channel for the same press first; it is the ticket")
        }
        JournalEvent::AnotherProcess => {
            line!(debug, of, "another process answered this member's press, or made a channel for it")
        }
        JournalEvent::Unclaimed { .. } => line!(
            warn,
            of,
            "this channel looks like a ticket of a member who has another one; delete it by hand when it is done with"
        ),
        JournalEvent::CloseAsked { by, way } => line!(info, of, %by, %way, "closing was asked for"),
        JournalEvent::Announced => line!(debug, of, "closing was announced"),
        JournalEvent::Kept { wait } => line!(
            warn,
            of,
            ?wait,
            "a rate limit of Discord's keeps the channel; it is deleted when the limit ends, nothing needs to be done"
        ),
        JournalEvent::Closed { .. } => line!(info, of, "ticket closed"),
        JournalEvent::Gone { .. } => line!(info, of, "the ticket's channel was deleted by hand"),
        JournalEvent::Reopened { why } => {
            line!(error, of, %why, "the channel cannot be closed, so the ticket is open again");
        }
        JournalEvent::Retrying { call, why, attempt, pause } => {
            line!(warn, of, call, %why, attempt, ?pause, "trying again")
        }
        JournalEvent::GaveUp { call, why } => {
            line!(error, of, call, %why, "gave up; if Discord gave no answer, look at discordstatus.com");
        }
        JournalEvent::TakenUp => line!(info, of, "taken up after a restart"),
        JournalEvent::Unsaved => line!(error, of, "not saved: see to the disk and the database's rights"),
        JournalEvent::Restarted => line!(warn, of, "the ticket was started again from its row"),
    }
}

/// Logs what happened to the panel, and counts it.
pub fn panel(services: &Services, notes: &[PanelNote]) {
    for note in notes {
        if matches!(note, PanelNote::Retrying { .. }) {
            services.metrics.retries.inc();
        }
        match note {
            PanelNote::InPlace(message) => tracing::info!(panel = %message, "the panel is in place"),
            PanelNote::Edited(message) => tracing::info!(panel = %message, "the panel was brought up to date"),
            PanelNote::Removed(message) => tracing::info!(panel = %message, "an old panel was removed"),
            PanelNote::Deleted(message) => {
                tracing::warn!(panel = %message, "the panel was deleted; it is put back, at most once a minute");
            }
            PanelNote::Sent(message) => tracing::info!(panel = %message, "a new panel was sent"),
            PanelNote::Adopted(message) => {
                tracing::info!(panel = %message, "a newer panel takes the place of the old one")
            }
            PanelNote::Differs(message) => tracing::warn!(
                panel = %message,
                "the newer panel has other words than this process would write (another LOCALE or version); it is left as it is"
            ),
            PanelNote::Contested(message) => tracing::warn!(
                panel = %message,
                "something keeps changing the panel, so it is left as it is: another process with this bot's token, or a \
                 moderator or bot that hides its embeds; stop it, then write !setuptickets"
            ),
            PanelNote::AnotherProcess(message) => {
                tracing::debug!(panel = %message, "another process sent or changed this panel");
                another_process(services, "it sent or changed a panel");
            }
            PanelNote::Retrying { call, answer } => tracing::warn!(
                call,
                answer,
                "panel update failed, retrying; the bot needs View Channel, Send Messages, Embed Links and Read Message History in \
                 the panel channel"
            ),
        }
    }
}

/// Counts it, and warns of it now and then.
fn another_process(services: &Services, sign: &str) {
    services.metrics.another_process.inc();
    if services.status.notice_another_process() {
        tracing::warn!(
            sign,
            "another process uses this bot's token; stop one of them (a forgotten host or container, or an update that has \
             not ended the old one). If it cannot be found, reset the token in the Developer Portal"
        );
    }
}

/// Logs that the bot is in a server that is not its own.
pub fn elsewhere(guild: GuildId, name: &str) {
    tracing::warn!(
        %guild,
        ?name,
        "the bot is in another server, which is not that of its panel channel; it does nothing there and tells everybody so. To \
         leave it, let an administrator of that server kick the bot, or send `curl -X DELETE -H \"Authorization: Bot \
         $DISCORD_TOKEN\" https://discord.com/api/v10/users/@me/guilds/{guild}`; so that nobody else can invite it, switch \
         \"Public Bot\" off on the Bot page of the Developer Portal"
    );
}

/// Logs what happened to the slash commands.
pub fn menu(notes: &[MenuNote]) {
    for note in notes {
        match note {
            MenuNote::InPlace => tracing::info!("the slash commands are in place"),
            MenuNote::Registered => tracing::info!("the slash commands were registered"),
            MenuNote::NotInvited => tracing::warn!(
                "there are no slash commands, because the bot was invited without the scope applications.commands; open the \
                 link that `talon invite` prints (the bot may stay), then write !setuptickets or start the bot again"
            ),
            MenuNote::Refused { answer } => {
                tracing::warn!(answer, "Discord does not take the slash commands; all else works without them");
            }
            MenuNote::Retrying { call, answer } => {
                tracing::warn!(call, answer, "slash command update failed, retrying");
            }
        }
    }
}
