//! What an event means to us: Discord's payloads become our own words here, and nowhere else.
//!
//! One function without an effect: the simulator hears through it, too.

use std::collections::HashSet;
use std::time::SystemTime;

use serenity::all::{
    ActionRowComponent, ApplicationId as LibraryApplicationId, ButtonKind, ChannelId as LibraryChannelId,
    CommandInteraction, CommandType, ComponentInteraction, Event, Guild, GuildChannel, GuildId as LibraryGuildId,
    Interaction, InteractionId as LibraryInteractionId, Member, Message, MessageFlags, MessageId as LibraryMessageId,
    Permissions, RoleId as LibraryRoleId, UnknownEvent,
};

use crate::actors::{Heard, Rank};
use crate::discord::{Place, candidates};
use crate::gateway::unread::{Reread, reread, says_nothing};
use crate::ids::{ApplicationId, Button, ChannelId, Command, GuildId, InteractionId, MessageId, RoleId, UserId};
use crate::language::Language;
use crate::lifecycle::{Asker, Entrance, Gesture, Press};

/// What this event means, if anything. `now` is when it was heard.
#[must_use]
pub fn meaning(event: Event, place: &Place, now: SystemTime) -> Option<Heard> {
    match event {
        Event::InteractionCreate(event) => match event.interaction {
            Interaction::Component(press) => pressed(press, place, now),
            Interaction::Command(slash) => used(slash, place, now),
            _ => None,
        },
        Event::MessageCreate(event) if event.message.author.id.get() == place.me.0 => panel_made(&event.message, place),
        Event::MessageCreate(event) => said(event.message, place, now).map(|wish| wish.meaning(place)),
        Event::MessageDelete(event) => panel_deleted(event.channel_id, &[event.message_id], place),
        Event::MessageUpdate(event) => {
            let hidden = event.flags.flatten().is_some_and(|flags| flags.contains(MessageFlags::SUPPRESS_EMBEDS));
            let panel = hidden && event.channel_id.get() == place.panel.0;
            panel.then(|| Heard::PanelHidden(MessageId(event.id.get())))
        }
        Event::MessageDeleteBulk(event) => panel_deleted(event.channel_id, &event.ids, place),
        Event::Ready(event) => {
            let guilds = event.ready.guilds.iter().map(|guild| GuildId(guild.id.get())).collect();
            Some(Heard::Ready { guilds })
        }
        Event::GuildCreate(event) => Some(channels(&event.guild, place)),
        Event::ChannelCreate(event) => made(&event.channel, place),
        Event::ChannelDelete(event) => Some(Heard::ChannelGone(ChannelId(event.channel.id.get()))),
        Event::GuildDelete(event) if !event.guild.unavailable => Some(Heard::Left(GuildId(event.guild.id.get()))),
        Event::Unknown(event) => unread(event, place, now),
        _ => None,
    }
}

/// The library drops it without a word.
fn unread(event: UnknownEvent, place: &Place, now: SystemTime) -> Option<Heard> {
    let kind = event.kind.clone();
    if says_nothing(&kind) {
        return None;
    }
    let Some(reread) = reread(event, place) else {
        tracing::warn!(kind, "an event could not be read and was not acted on");
        return None;
    };
    tracing::debug!(kind, "an event could not be read as Discord's, and was read as far as it matters");
    match reread {
        Reread::Whole(event) => meaning(*event, place, now),
        Reread::Heard(heard) => Some(heard),
    }
}

/// What a member wants of us, however they said it.
struct Wish {
    command: Command,
    guild: GuildId,
    channel: ChannelId,
    asker: Asker,
    name: String,
    roles: Vec<LibraryRoleId>,
    /// Whether they are an administrator, where Discord has told.
    administrator: Option<bool>,
}

impl Wish {
    /// What it means: the one place where buttons, slash commands and written ones come together.
    fn meaning(self, place: &Place) -> Heard {
        let Self { command, guild, channel, asker, name, roles, administrator } = self;
        match command {
            Command::Ticket => Heard::Open { guild, channel, asker, name },
            Command::Close => {
                let support = roles.iter().any(|role| role.get() == place.support.0);
                Heard::Close { guild, channel, asker, support }
            }
            Command::SetUp => Heard::SetUp { guild, channel, asker, rank: rank(administrator, &roles) },
            Command::Explain => Heard::Explain { guild, channel, asker, rank: rank(administrator, &roles) },
        }
    }
}

/// Discord has told whether they are an administrator, or their roles will.
fn rank(administrator: Option<bool>, roles: &[LibraryRoleId]) -> Rank {
    let roles = || Rank::Roles(roles.iter().map(|role| RoleId(role.get())).collect());
    administrator.map_or_else(roles, |administrator| Rank::Told { administrator })
}

fn pressed(press: ComponentInteraction, place: &Place, now: SystemTime) -> Option<Heard> {
    let Some(button) = Button::from_custom_id(&press.data.custom_id) else {
        tracing::warn!(custom_id = press.data.custom_id, "a button was pressed that is not ours");
        return None;
    };
    let language = place.locale.of_member(&press.locale);
    let entrance = entrance(press.id, press.token, press.application_id, language, Gesture::Button);
    let asker = Asker { user: UserId(press.user.id.get()), at: now, entrance, repeated: false };
    interacted(Command::of(button), asker, press.user.name, (press.guild_id, press.channel_id), press.member, place)
}

fn used(slash: CommandInteraction, place: &Place, now: SystemTime) -> Option<Heard> {
    let Some(command) = Command::named(&slash.data.name).filter(|_| slash.data.kind == CommandType::ChatInput) else {
        tracing::warn!(command = slash.data.name, "a slash command was used that is not ours (any more)");
        return None;
    };
    let language = place.locale.of_member(&slash.locale);
    let entrance = entrance(slash.id, slash.token, slash.application_id, language, Gesture::Slash);
    let asker = Asker { user: UserId(slash.user.id.get()), at: now, entrance, repeated: false };
    let member = slash.member.map(|member| *member);
    interacted(command, asker, slash.user.name, (slash.guild_id, slash.channel_id), member, place)
}

/// What a button or a slash command asks for, in a server or in a private message.
fn interacted(
    command: Command,
    asker: Asker,
    name: String,
    (guild, channel): (Option<LibraryGuildId>, LibraryChannelId),
    member: Option<Member>,
    place: &Place,
) -> Option<Heard> {
    let Some(guild) = guild else { return Some(Heard::Private(asker)) };
    let member = member?;
    let wish = Wish {
        command,
        guild: GuildId(guild.get()),
        channel: ChannelId(channel.get()),
        asker,
        name,
        administrator: administrator(&member),
        roles: member.roles,
    };
    Some(wish.meaning(place))
}

fn entrance(
    interaction: LibraryInteractionId,
    token: String,
    application: LibraryApplicationId,
    language: Language,
    gesture: Gesture,
) -> Entrance {
    let (interaction, application) = (InteractionId(interaction.get()), ApplicationId(application.get()));
    Entrance::Press(Press { interaction, token, application, acknowledged: false, language, gesture })
}

/// Interactions tell what the member may do where they happen.
fn administrator(member: &Member) -> Option<bool> {
    member.permissions.map(|permissions| permissions.contains(Permissions::ADMINISTRATOR))
}

fn said(message: Message, place: &Place, now: SystemTime) -> Option<Wish> {
    if message.author.bot || message.webhook_id.is_some() {
        return None;
    }
    let command = Command::written(&message.content)?;
    let channel = ChannelId(message.channel_id.get());
    Some(Wish {
        command,
        guild: GuildId(message.guild_id?.get()),
        channel,
        asker: Asker {
            user: UserId(message.author.id.get()),
            at: now,
            entrance: Entrance::Command {
                channel,
                message: MessageId(message.id.get()),
                // Everybody reads the reply.
                language: place.locale.of_server(),
            },
            repeated: false,
        },
        name: message.author.name,
        roles: message.member.map(|member| member.roles).unwrap_or_default(),
        administrator: None,
    })
}

/// One of ours, with the button that asks for a ticket.
fn panel_made(message: &Message, place: &Place) -> Option<Heard> {
    let mut buttons = message.components.iter().flat_map(|row| &row.components).filter_map(|part| match part {
        ActionRowComponent::Button(button) => Some(&button.data),
        _ => None,
    });
    let asks = |button: &ButtonKind| match button {
        ButtonKind::NonLink { custom_id, .. } => custom_id == Button::CreateTicket.custom_id(),
        _ => false,
    };
    let here = message.channel_id.get() == place.panel.0;
    (here && buttons.any(asks)).then(|| Heard::PanelMade(MessageId(message.id.get())))
}

/// Whether the panel is among them, the panel knows.
fn panel_deleted(channel: LibraryChannelId, messages: &[LibraryMessageId], place: &Place) -> Option<Heard> {
    let messages = || messages.iter().map(|message| MessageId(message.get())).collect();
    (channel.get() == place.panel.0).then(|| Heard::PanelDeleted(messages()))
}

fn channels(guild: &Guild, place: &Place) -> Heard {
    let mut sightings = candidates::find_candidates(guild.channels.values(), place);
    // The library mixes them up. Oldest first, the same event means the same every time.
    sightings.sort_by_key(|sighting| sighting.channel);
    let all: HashSet<ChannelId> = guild.channels.keys().map(|channel| ChannelId(channel.get())).collect();
    let home = all.contains(&place.panel);
    Heard::Channels { guild: GuildId(guild.id.get()), name: guild.name.clone(), all, sightings, home }
}

/// Only a channel with our mark: it is too early to look for a welcome in one that somebody made by hand.
fn made(channel: &GuildChannel, place: &Place) -> Option<Heard> {
    let sighting = candidates::find_candidate(channel, place).filter(|sighting| sighting.mark.is_some())?;
    Some(Heard::ChannelMade { guild: GuildId(channel.guild_id.get()), sighting })
}

#[cfg(test)]
mod tests;
