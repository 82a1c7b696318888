//! Translates Discord's events into [`DiscordEvent`], the only form in which the rest of the bot sees them.
//!
//! A pure function: the simulator uses it, too.

use std::collections::HashSet;
use std::time::SystemTime;

use serenity::all::{
    ActionRowComponent, ApplicationId as LibraryApplicationId, ButtonKind, ChannelId as LibraryChannelId,
    CommandInteraction, CommandType, ComponentInteraction, Event, Guild, GuildChannel, GuildId as LibraryGuildId,
    Interaction as LibraryInteraction, InteractionId as LibraryInteractionId, Member, Message, MessageFlags,
    MessageId as LibraryMessageId, Permissions, RoleId as LibraryRoleId, UnknownEvent, UserId as LibraryUserId,
};

use crate::actors::{DiscordEvent, Rank};
use crate::discord::{Place, candidates};
use crate::gateway::tolerant::{Recovered, is_irrelevant, recover_event};
use crate::ids::{ApplicationId, Button, ChannelId, Command, GuildId, InteractionId, MessageId, RoleId, UserId};
use crate::language::Language;
use crate::lifecycle::{Interaction, InteractionKind, Origin, Requester};

/// Translates an event; `None` if the bot does not act on it. `now` is the time of receipt.
#[must_use]
pub fn translate(event: Event, place: &Place, now: SystemTime) -> Option<DiscordEvent> {
    match event {
        Event::InteractionCreate(event) => match event.interaction {
            LibraryInteraction::Component(interaction) => translate_button(interaction, place, now),
            LibraryInteraction::Command(interaction) => translate_slash_command(interaction, place, now),
            LibraryInteraction::Modal(form) => {
                tracing::warn!(custom_id = form.data.custom_id, "a form that the bot does not know was sent");
                let language = place.locale.of_member(&form.locale);
                let origin =
                    build_entrance(form.id, form.token, form.application_id, language, InteractionKind::Button);
                Some(DiscordEvent::Unknown(requester(form.user.id, origin, now)))
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
            (is_hidden && in_panel_channel).then(|| DiscordEvent::PanelHidden(MessageId(event.id.get())))
        }
        Event::MessageDeleteBulk(event) => translate_deletion(event.channel_id, &event.ids, place),
        Event::Ready(event) => {
            let guilds = event.ready.guilds.iter().map(|guild| GuildId(guild.id.get())).collect();
            Some(DiscordEvent::Ready { guilds })
        }
        Event::GuildCreate(event) => Some(translate_guild(&event.guild, place)),
        Event::ChannelCreate(event) => translate_created_channel(&event.channel, place),
        Event::ChannelDelete(event) => Some(DiscordEvent::ChannelGone(ChannelId(event.channel.id.get()))),
        Event::GuildDelete(event) if !event.guild.unavailable => {
            Some(DiscordEvent::Left(GuildId(event.guild.id.get())))
        }
        Event::Unknown(event) => translate_unparsed(event, place, now),
        _ => None,
    }
}

/// serenity could not parse this event. It would drop it silently.
fn translate_unparsed(event: UnknownEvent, place: &Place, now: SystemTime) -> Option<DiscordEvent> {
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
        Recovered::DiscordEvent(heard) => Some(heard),
    }
}

/// A command of a member, from a button, a slash command or a message.
struct IssuedCommand {
    command: Command,
    guild: GuildId,
    channel: ChannelId,
    requester: Requester,
    name: String,
    roles: Vec<LibraryRoleId>,
    /// Whether the member is an administrator, if the event says so.
    administrator: Option<bool>,
}

impl IssuedCommand {
    /// The one place where buttons, slash commands and written commands are treated alike.
    fn into_heard(self, place: &Place) -> DiscordEvent {
        let Self { command, guild, channel, requester, name, roles, administrator } = self;
        match command {
            Command::Ticket => DiscordEvent::Open { guild, channel, requester, name },
            Command::Close => {
                let support = roles.iter().any(|role| place.staff.contains(&RoleId(role.get())));
                DiscordEvent::Close {
                    guild,
                    channel,
                    requester,
                    support,
                    administrator: administrator.unwrap_or(false),
                }
            }
            Command::SetUp => {
                DiscordEvent::SetUp { guild, channel, requester, rank: determine_rank(administrator, &roles) }
            }
            Command::Explain => {
                DiscordEvent::Explain { guild, channel, requester, rank: determine_rank(administrator, &roles) }
            }
        }
    }
}

/// Uses the permissions from the interaction if there are any, otherwise leaves the decision to the member's roles.
fn determine_rank(administrator: Option<bool>, roles: &[LibraryRoleId]) -> Rank {
    let roles = || Rank::Roles(roles.iter().map(|role| RoleId(role.get())).collect());
    administrator.map_or_else(roles, |administrator| Rank::Known { administrator })
}

fn translate_button(interaction: ComponentInteraction, place: &Place, now: SystemTime) -> Option<DiscordEvent> {
    let language = place.locale.of_member(&interaction.locale);
    let origin = build_entrance(
        interaction.id,
        interaction.token,
        interaction.application_id,
        language,
        InteractionKind::Button,
    );
    let requester = requester(interaction.user.id, origin, now);
    let Some(button) = Button::from_custom_id(&interaction.data.custom_id) else {
        tracing::warn!(custom_id = interaction.data.custom_id, "a button that the bot does not know was pressed");
        return Some(DiscordEvent::Unknown(requester));
    };
    let channel = (interaction.guild_id, interaction.channel_id);
    translate_interaction(Command::of(button), requester, interaction.user.name, channel, interaction.member, place)
}

fn translate_slash_command(interaction: CommandInteraction, place: &Place, now: SystemTime) -> Option<DiscordEvent> {
    let language = place.locale.of_member(&interaction.locale);
    let origin =
        build_entrance(interaction.id, interaction.token, interaction.application_id, language, InteractionKind::Slash);
    let requester = requester(interaction.user.id, origin, now);
    let is_slash_command = interaction.data.kind == CommandType::ChatInput;
    let Some(command) = Command::named(&interaction.data.name).filter(|_| is_slash_command) else {
        tracing::warn!(command = interaction.data.name, "a command that the bot does not know was used");
        return Some(DiscordEvent::Unknown(requester));
    };
    let member = interaction.member.map(|member| *member);
    let channel = (interaction.guild_id, interaction.channel_id);
    translate_interaction(command, requester, interaction.user.name, channel, member, place)
}

/// Translates a button or a slash command, in a server or in a direct message.
fn translate_interaction(
    command: Command,
    requester: Requester,
    name: String,
    (guild, channel): (Option<LibraryGuildId>, LibraryChannelId),
    member: Option<Member>,
    place: &Place,
) -> Option<DiscordEvent> {
    let Some(guild) = guild else { return Some(DiscordEvent::Private(requester)) };
    let member = member?;
    let command = IssuedCommand {
        command,
        guild: GuildId(guild.get()),
        channel: ChannelId(channel.get()),
        requester,
        name,
        administrator: is_administrator(&member),
        roles: member.roles,
    };
    Some(command.into_heard(place))
}

fn requester(user: LibraryUserId, origin: Origin, now: SystemTime) -> Requester {
    Requester { user: UserId(user.get()), at: now, origin, repeated: false }
}

fn build_entrance(
    interaction: LibraryInteractionId,
    token: String,
    application: LibraryApplicationId,
    language: Language,
    interaction_kind: InteractionKind,
) -> Origin {
    let (interaction, application) = (InteractionId(interaction.get()), ApplicationId(application.get()));
    Origin::Interaction(Interaction {
        interaction,
        token,
        application,
        acknowledged: false,
        language,
        interaction_kind,
    })
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
        requester: Requester {
            user: UserId(message.author.id.get()),
            at: now,
            origin: Origin::Message {
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
fn translate_own_message(message: &Message, place: &Place) -> Option<DiscordEvent> {
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
    (in_panel_channel && buttons.any(opens_ticket)).then(|| DiscordEvent::PanelMade(MessageId(message.id.get())))
}

/// Deletions in the panel channel; whether the panel is among them is decided by its actor.
fn translate_deletion(channel: LibraryChannelId, messages: &[LibraryMessageId], place: &Place) -> Option<DiscordEvent> {
    let messages = || messages.iter().map(|message| MessageId(message.get())).collect();
    (channel.get() == place.panel.0).then(|| DiscordEvent::PanelDeleted(messages()))
}

fn translate_guild(guild: &Guild, place: &Place) -> DiscordEvent {
    let mut candidates = candidates::find_candidates(guild.channels.values(), place);
    // serenity's map has no fixed order. Sorted by age, the same event always has the same result.
    candidates.sort_by_key(|candidate| candidate.channel);
    let all: HashSet<ChannelId> = guild.channels.keys().map(|channel| ChannelId(channel.get())).collect();
    let home = all.contains(&place.panel);
    DiscordEvent::Channels { guild: GuildId(guild.id.get()), name: guild.name.clone(), all, candidates, home }
}

/// Only a channel with the bot's marker in its topic. Any other ticket is recognised by its welcome message, which a new
/// channel does not have yet.
fn translate_created_channel(channel: &GuildChannel, place: &Place) -> Option<DiscordEvent> {
    let candidate = candidates::find_candidate(channel, place).filter(|candidate| candidate.mark.is_some())?;
    Some(DiscordEvent::ChannelMade { guild: GuildId(channel.guild_id.get()), candidate })
}

#[cfg(test)]
mod tests;
