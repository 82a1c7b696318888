//! Who the bot is to Discord: its token, its intent, its server, and bit by bit what it may do there.

use std::time::Duration;

use crate::discord::{
    Application, BotPermissions, ChannelLookup, Diagnostics, DiscordError, HomeGuild, LookupFailure, MissingPermission,
    Named, NoGuild, Scope, scopes_of,
};
use crate::ids::GuildId;
use crate::lifecycle::Permission;
use crate::operator::checks::{diagnostics, home, unknown, untold};
use crate::operator::facts::Facts;
use crate::operator::finding::Verdict;
use crate::operator::invite;
use crate::operator::rights::{self, quoted};

/// With fewer new sessions left than this part of them all, there is time to find out what uses them up.
const FEW_SESSIONS: u32 = 10;

/// An outage is told here, once, with its cause.
pub(super) fn discord(facts: &Facts) -> Verdict {
    match &facts.discord {
        Ok(_) | Err(DiscordError::TokenRejected) => Verdict::ok("answers"),
        Err(why) if why.is_transient() => Verdict::unchecked(
            why.to_string(),
            "see whether this machine reaches https://discord.com, and whether discordstatus.com tells of an outage; then \
             ask `talon doctor` again",
        ),
        Err(why) => Verdict::error(why.to_string(), "correct DISCORD_PROXY, or take it away"),
    }
}

pub(super) fn token(facts: &Facts) -> Verdict {
    if let Err(DiscordError::TokenRejected) = &facts.discord {
        return Verdict::error(
            "Discord does not accept it",
            "discord.com/developers/applications → your application → Bot → Reset Token, and copy the new one into \
             DISCORD_TOKEN",
        );
    }
    diagnostics(facts, |diagnostics| Verdict::ok(format!("Discord knows the bot as \"{}\"", diagnostics.bot.name)))
}

/// Discord resets the token of a bot that starts more sessions than it allows.
pub(super) fn session_starts(facts: &Facts) -> Verdict {
    let remedy = "see in the log why the bot connects so often, and whether another process uses the same token; each \
                  start of the bot takes one";
    diagnostics(facts, |diagnostics| {
        let gateway = match &diagnostics.gateway {
            Ok(gateway) => gateway,
            Err(why) => return untold(why),
        };
        let Some(limit) = &gateway.session_start_limit else { return Verdict::ok("Discord tells of no limit") };
        let reset = humantime::format_duration(Duration::from_secs(limit.reset_after / 1_000));
        let found = format!("{} of {} new ones left; reset in {reset}", limit.remaining, limit.total);
        match limit.remaining {
            0 => Verdict::error(found + ": the bot cannot connect before", remedy),
            left if left < limit.total / FEW_SESSIONS => Verdict::warning(found, remedy),
            _ => Verdict::ok(found),
        }
    })
}

pub(super) fn message_content(facts: &Facts) -> Verdict {
    diagnostics(facts, |diagnostics| match diagnostics.application.as_ref().map(Application::has_message_content) {
        Ok(Some(true)) => Verdict::ok("switched on"),
        // Nothing is missing without it but a second way to ask for the same.
        Ok(Some(false)) => Verdict::warning(
            "switched off, so !ticket, !close, !setuptickets and !explain are not heard; the buttons and the slash commands \
             work",
            "to have both, discord.com/developers/applications → your application → Bot → Privileged Gateway Intents: \
             switch \"Message Content Intent\" on, save, and start the bot again",
        ),
        Ok(None) => Verdict::unchecked(
            "not checked: Discord does not tell whether it is switched on",
            "see that the commands that begin with ! are heard",
        ),
        Err(why) => untold(why),
    })
}

/// Nothing is missing without them but a second way to ask for the same.
pub(super) fn commands(facts: &Facts) -> Verdict {
    home(facts, |_, diagnostics| match &diagnostics.commands {
        Ok(true) => Verdict::ok("the bot may have them"),
        Ok(false) => Verdict::warning(
            "the bot was invited without the scope applications.commands: there are no slash commands; buttons and \
             written commands work",
            format!("{}; the bot may stay meanwhile", invitation(diagnostics)),
        ),
        Err(why) => untold(why),
    })
}

pub(super) fn server(facts: &Facts) -> Verdict {
    diagnostics(facts, |diagnostics| match &diagnostics.home {
        Ok(home) => Verdict::ok(format!("the bot is in \"{}\"", home.guild.name)),
        Err(NoGuild::NotInAny) => Verdict::error("the bot is in no server", invitation(diagnostics)),
        Err(NoGuild::Elsewhere(servers)) => Verdict::error(
            format!("nothing that the settings name is where the bot is: {}", names(servers)),
            format!(
                "correct the ids in the settings, or let the bot into the right server: {}",
                invitation(diagnostics)
            ),
        ),
        Err(NoGuild::Hidden(servers)) => Verdict::error(
            format!(
                "the channels that the settings name are hidden from the bot, in one of its servers ({}) or in another",
                names(servers)
            ),
            format!(
                "right-click each of the two → Edit Channel or Edit Category → Permissions: add the bot's role, and set \
                 \"View Channel\" to ✓; if they are in another server, {}",
                invitation(diagnostics)
            ),
        ),
        Err(NoGuild::Removed(home)) => {
            Verdict::error(format!("the bot was removed from \"{}\"", home.name), invitation(diagnostics))
        }
        Err(NoGuild::Unknown(why)) => untold(why),
    })
}

fn names(servers: &[Named<GuildId>]) -> String {
    let names: Vec<String> = servers.iter().map(|server| server.name.clone()).collect();
    quoted(&names)
}

fn invitation(diagnostics: &Diagnostics) -> String {
    match &diagnostics.application {
        Ok(application) => format!("invite it with {}", invite::link(application.id)),
        Err(_) => "invite it with the link that `talon invite` prints".to_owned(),
    }
}

/// Judges what the bot may do.
fn review(facts: &Facts, judge: impl FnOnce(&BotPermissions, &HomeGuild, &Diagnostics) -> Verdict) -> Verdict {
    home(facts, |home, diagnostics| match &home.permissions {
        Ok(rights) => judge(rights, home, diagnostics),
        Err(why) => untold(why),
    })
}

/// What a right comes to in a place that could not be looked at.
fn unseen_place(scope: Scope, home: &HomeGuild) -> Verdict {
    match rights::spot(scope, home) {
        Some(ChannelLookup::Hidden(_)) => unknown(&format!("the bot may not view {}", rights::place(scope, home))),
        Some(ChannelLookup::Unknown(why)) => untold(why),
        _ => untold(&LookupFailure(format!("Discord does not tell who may do what in {}", rights::place(scope, home)))),
    }
}

/// It takes no right away and yet lets the bot use none but to look and to read, until it ends.
pub(super) fn time_out(facts: &Facts) -> Verdict {
    review(facts, |rights, _, diagnostics| {
        let Some(until) = rights.timed_out else { return Verdict::ok("the bot is in none") };
        let until = humantime::format_rfc3339_seconds(until).to_string().replace('T', " ").replace('Z', " UTC");
        Verdict::error(
            format!("the bot is in time-out until {until}: it can look and read, and nothing else"),
            format!(
                "whoever has the right \"Timeout Members\" and a role above the bot's ends it: right-click \"{}\" in the list \
                 of members → Remove Timeout; or wait",
                diagnostics.bot.name
            ),
        )
    })
}

/// One right, wherever the bot needs it.
pub(super) fn right(facts: &Facts, right: Permission) -> Verdict {
    review(facts, |review, home, diagnostics| {
        let lacks: Vec<&MissingPermission> = review.missing.iter().filter(|lack| lack.permission == right).collect();
        if lacks.is_empty() {
            let unchecked_scope = scopes_of(right).find(|scope| review.unchecked.contains(scope));
            return unchecked_scope
                .map_or_else(|| Verdict::ok("given wherever it is needed"), |scope| unseen_place(scope, home));
        }
        let found: Vec<String> = lacks.iter().map(|lack| rights::absence(lack, home)).collect();
        let cures: Vec<String> =
            lacks.iter().map(|lack| rights::cure(lack, review, home, &diagnostics.bot.name)).collect();
        Verdict::error(found.join(", and "), cures.join("; and "))
    })
}

/// Discord notifies nobody of a role that not everybody may mention, unless whoever mentions it may mention all.
pub(super) fn support_mention(facts: &Facts) -> Verdict {
    home(facts, |home, diagnostics| {
        let lack = |rights: &BotPermissions| {
            rights.missing.iter().find(|lack| lack.permission == Permission::MentionEveryone).cloned()
        };
        match (&home.support, &home.permissions) {
            (Err(why), _) => untold(why),
            (Ok(None), _) => unknown("there is no support role"),
            (Ok(Some(role)), _) if role.mentionable => Verdict::ok("anyone may mention the role"),
            (Ok(Some(_)), Err(why)) => untold(why),
            (Ok(Some(role)), Ok(rights)) => match lack(rights) {
                None => Verdict::ok("the bot may mention every role"),
                Some(lack) => Verdict::error(
                    "nobody is notified of a new ticket: the bot may not mention the role",
                    format!(
                        "Server Settings → Roles → \"{}\" → Display: switch \"Allow anyone to @mention this role\" on; or \
                     {}",
                        role.name,
                        rights::cure(&lack, rights, home, &diagnostics.bot.name)
                    ),
                ),
            },
        }
    })
}

pub(super) fn administrator(facts: &Facts) -> Verdict {
    review(facts, |rights, _, _| {
        if !rights.administrator {
            return Verdict::ok("not given, and not needed");
        }
        Verdict::warning("given, and not needed: whoever got hold of the token could do anything", drop_it(rights))
    })
}

fn drop_it(rights: &BotPermissions) -> String {
    let role = rights.role.as_deref().unwrap_or("@everyone");
    format!(
        "Server Settings → Roles → \"{role}\" → Permissions: switch on the rights that `talon invite` names, then \
         switch \"Administrator\" off"
    )
}

/// Discord then refuses a bot what it may do by its rights, and names no right.
pub(super) fn two_factor(facts: &Facts) -> Verdict {
    home(facts, |home, diagnostics| match (&home.requires_two_factor, diagnostics.two_factor) {
        (Err(why), _) => untold(why),
        (Ok(false), _) => Verdict::ok("not demanded"),
        (Ok(true), Some(true)) => Verdict::ok("demanded, and the bot's owner has it"),
        (Ok(true), None) => Verdict::unchecked(
            "demanded, and Discord does not tell whether the bot's owner has it",
            "see that whoever owns the application has it: User Settings → My Account",
        ),
        (Ok(true), Some(false)) => Verdict::warning(
            "the server demands it of moderators: Manage Channels and Manage Messages may not count for the bot",
            "whoever owns the application: User Settings → My Account → Enable Two-Factor Auth",
        ),
    })
}
