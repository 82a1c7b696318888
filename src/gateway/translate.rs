//! Translates Discord's events into [`Heard`], the only form in which the rest of the bot sees them.
//!
//! A pure function: the simulator uses it, too.

use std::collections::HashSet;
use std::time::SystemTime;

use serenity::all::{
    ActionRowComponent, ApplicationId as LibraryApplicationId, ButtonKind, ChannelId as LibraryChannelId,
    CommandInteraction, CommandType, ComponentInteraction, Event, Guild, GuildChannel, GuildId as LibraryGuildId,
    Interaction, InteractionId as LibraryInteractionId, Member, Message, MessageFlags, MessageId as LibraryMessageId,
    Permissions, RoleId as LibraryRoleId, UnknownEvent, UserId as LibraryUserId,
};

use crate::actors::{Heard, Rank};
use crate::discord::{Place, candidates};
use crate::gateway::tolerant::{Recovered, is_irrelevant, recover_event};
use crate::ids::{ApplicationId, Button, ChannelId, Command, GuildId, InteractionId, MessageId, RoleId, UserId};
use crate::language::Language;
use crate::lifecycle::{Asker, Entrance, Gesture, Press};

/// Translates an event; `None` if the bot does not act on it. `now` is the time of receipt.
#[must_use]
pub fn translate(event: Event, place: &Place, now: SystemTime) -> Option<Heard> {
    match event {
        Event::InteractionCreate(event) => match event.interaction {
            Interaction::Component(interaction) => translate_button(interaction, place, now),
            Interaction::Command(interaction) => translate_slash_command(interaction, place, now),
            Interaction::Modal(form) => {
                tracing::warn!(custom_id = form.data.custom_id, "a form that the bot does not know was sent");
                let language = place.locale.of_member(&form.locale);
                let entrance = build_entrance(form.id, form.token, form.application_id, language, Gesture::Button);
                Some(Heard::Unknown(asker(form.user.id, entrance, now)))
            }
            _ => None,
        },
        Event::MessageCreate(event) if event.message.author.id.get() == place.me.0 => {
            translate_own_message(&event.message, place)
        }
        Event::MessageCreate(event) => {
            parse_command_message(event.message, place, now).map(|command| command.into_heard(place))
        }
        Event::MessageDelete(event) => translate_deletion(event.channel_id, &[event.message_id], place),
        Event::MessageUpdate(event) => {
            let is_hidden = event.flags.flatten().is_some_and(|flags| flags.contains(MessageFlags::SUPPRESS_EMBEDS));
            let in_panel_channel = event.channel_id.get() == place.panel.0;
            (is_hidden && in_panel_channel).then(|| Heard::PanelHidden(MessageId(event.id.get())))
        }
        Event::MessageDeleteBulk(event) => translate_deletion(event.channel_id, &event.ids, place),
        Event::Ready(event) => {
            let guilds = event.ready.guilds.iter().map(|guild| GuildId(guild.id.get())).collect();
            Some(Heard::Ready { guilds })
        }
        Event::GuildCreate(event) => Some(translate_guild(&event.guild, place)),
        Event::ChannelCreate(event) => translate_created_channel(&event.channel, place),
        Event::ChannelDelete(event) => Some(Heard::ChannelGone(ChannelId(event.channel.id.get()))),
        Event::GuildDelete(event) if !event.guild.unavailable => Some(Heard::Left(GuildId(event.guild.id.get()))),
        Event::Unknown(event) => translate_unparsed(event, place, now),
        _ => None,
    }
}

/// serenity could not parse this event. It would drop it silently.
fn translate_unparsed(event: UnknownEvent, place: &Place, now: SystemTime) -> Option<Heard> {
    let kind = event.kind.clone();
    if is_irrelevant(&kind) {
        return None;
    }
    let Some(recovered) = recover_event(event, place) else {
        tracing::warn!(kind, "an event could not be parsed and was ignored");
        return None;
    };
    tracing::debug!(kind, "an event lacks fields; only the fields that matter were parsed");
    match recovered {
        Recovered::Event(event) => translate(*event, place, now),
        Recovered::Heard(heard) => Some(heard),
    }
}

/// A command of a member, from a button, a slash command or a message.
struct IssuedCommand {
    command: Command,
    guild: GuildId,
    channel: ChannelId,
    asker: Asker,
    name: String,
    roles: Vec<LibraryRoleId>,
    /// Whether the member is an administrator, if the event says so.
    administrator: Option<bool>,
}

impl IssuedCommand {
    /// The one place where buttons, slash commands and written commands are treated alike.
    fn into_heard(self, place: &Place) -> Heard {
        let Self { command, guild, channel, asker, name, roles, administrator } = self;
        match command {
            Command::Ticket => Heard::Open { guild, channel, asker, name },
            Command::Close => {
                let support = roles.iter().any(|role| role.get() == place.support.0);
                Heard::Close { guild, channel, asker, support }
            }
            Command::SetUp => Heard::SetUp { guild, channel, asker, rank: determine_rank(administrator, &roles) },
            Command::Explain => Heard::Explain { guild, channel, asker, rank: determine_rank(administrator, &roles) },
        }
    }
}

/// Uses the permissions from the interaction if there are any, otherwise leaves the decision to the member's roles.
fn determine_rank(administrator: Option<bool>, roles: &[LibraryRoleId]) -> Rank {
    let roles = || Rank::Roles(roles.iter().map(|role| RoleId(role.get())).collect());
    administrator.map_or_else(roles, |administrator| Rank::Told { administrator })
}

fn translate_button(interaction: ComponentInteraction, place: &Place, now: SystemTime) -> Option<Heard> {
    let language = place.locale.of_member(&interaction.locale);
    let entrance =
        build_entrance(interaction.id, interaction.token, interaction.application_id, language, Gesture::Button);
    let asker = asker(interaction.user.id, entrance, now);
    let Some(button) = Button::from_custom_id(&interaction.data.custom_id) else {
        tracing::warn!(custom_id = interaction.data.custom_id, "a button that the bot does not know was pressed");
        return Some(Heard::Unknown(asker));
    };
    let channel = (interaction.guild_id, interaction.channel_id);
    translate_interaction(Command::of(button), asker, interaction.user.name, channel, interaction.member, place)
}

fn translate_slash_command(interaction: CommandInteraction, place: &Place, now: SystemTime) -> Option<Heard> {
    let language = place.locale.of_member(&interaction.locale);
    let entrance =
        build_entrance(interaction.id, interaction.token, interaction.application_id, language, Gesture::Slash);
    let asker = asker(interaction.user.id, entrance, now);
    let is_slash_command = interaction.data.kind == CommandType::ChatInput;
    let Some(command) = Command::named(&interaction.data.name).filter(|_| is_slash_command) else {
        tracing::warn!(command = interaction.data.name, "a command that the bot does not know was used");
        return Some(Heard::Unknown(asker));
    };
    let member = interaction.member.map(|member| *member);
    let channel = (interaction.guild_id, interaction.channel_id);
    translate_interaction(command, asker, interaction.user.name, channel, member, place)
}

/// Translates a button or a slash command, in a server or in a direct message.
fn translate_interaction(
    command: Command,
    asker: Asker,
    name: String,
    (guild, channel): (Option<LibraryGuildId>, LibraryChannelId),
    member: Option<Member>,
    place: &Place,
) -> Option<Heard> {
    let Some(guild) = guild else { return Some(Heard::Private(asker)) };
    let member = member?;
    let command = IssuedCommand {
        command,
        guild: GuildId(guild.get()),
        channel: ChannelId(channel.get()),
        asker,
        name,
        administrator: is_administrator(&member),
        roles: member.roles,
    };
    Some(command.into_heard(place))
}

fn asker(user: LibraryUserId, entrance: Entrance, now: SystemTime) -> Asker {
    Asker { user: UserId(user.get()), at: now, entrance, repeated: false }
}

fn build_entrance(
    interaction: LibraryInteractionId,
    token: String,
    application: LibraryApplicationId,
    language: Language,
    gesture: Gesture,
) -> Entrance {
    let (interaction, application) = (InteractionId(interaction.get()), ApplicationId(application.get()));
    Entrance::Press(Press { interaction, token, application, acknowledged: false, language, gesture })
}

/// Interactions carry the member's permissions in their channel.
fn is_administrator(member: &Member) -> Option<bool> {
    member.permissions.map(|permissions| permissions.contains(Permissions::ADMINISTRATOR))
}

fn parse_command_message(message: Message, place: &Place, now: SystemTime) -> Option<IssuedCommand> {
    if message.author.bot || message.webhook_id.is_some() {
        return None;
    }
    let command = Command::written(&message.content)?;
    let channel = ChannelId(message.channel_id.get());
    Some(IssuedCommand {
        command,
        guild: GuildId(message.guild_id?.get()),
        channel,
        asker: Asker {
            user: UserId(message.author.id.get()),
            at: now,
            entrance: Entrance::Command {
                channel,
                message: MessageId(message.id.get()),
                // The whole channel sees the reply.
                language: place.locale.of_server(),
            },
            repeated: false,
        },
        name: message.author.name,
        roles: message.member.map(|member| member.roles).unwrap_or_default(),
        administrator: None,
    })
}

/// Recognises a panel: a message of the bot in the panel channel with the button that opens a ticket.
fn translate_own_message(message: &Message, place: &Place) -> Option<Heard> {
    let mut buttons =
        message.components.iter().flat_map(|row| &row.components).filter_map(|component| match component {
            ActionRowComponent::Button(button) => Some(&button.data),
            _ => None,
        });
    let opens_ticket = |button: &ButtonKind| match button {
        ButtonKind::NonLink { custom_id, .. } => custom_id == Button::CreateTicket.custom_id(),
        _ => false,
    };
    let in_panel_channel = message.channel_id.get() == place.panel.0;
    (in_panel_channel && buttons.any(opens_ticket)).then(|| Heard::PanelMade(MessageId(message.id.get())))
}

/// Deletions in the panel channel; whether the panel is among them is decided by its actor.
fn translate_deletion(channel: LibraryChannelId, messages: &[LibraryMessageId], place: &Place) -> Option<Heard> {
    let messages = || messages.iter().map(|message| MessageId(message.get())).collect();
    (channel.get() == place.panel.0).then(|| Heard::PanelDeleted(messages()))
}

fn translate_guild(guild: &Guild, place: &Place) -> Heard {
    let mut sightings = candidates::find_candidates(guild.channels.values(), place);
    // serenity's map has no fixed order. Sorted by age, the same event always has the same result.
    sightings.sort_by_key(|sighting| sighting.channel);
    let all: HashSet<ChannelId> = guild.channels.keys().map(|channel| ChannelId(channel.get())).collect();
    let home = all.contains(&place.panel);
    Heard::Channels { guild: GuildId(guild.id.get()), name: guild.name.clone(), all, sightings, home }
}

/// Only a channel with the bot's marker in its topic. Any other ticket is recognised by its welcome message, which a new
/// channel does not have yet.
fn translate_created_channel(channel: &GuildChannel, place: &Place) -> Option<Heard> {
    let sighting = candidates::find_candidate(channel, place).filter(|sighting| sighting.mark.is_some())?;
    Some(Heard::ChannelMade { guild: GuildId(channel.guild_id.get()), sighting })
}

#[cfg(test)]
mod tests;
