//! Who the bot is to Discord: its token, its intent, its server, and bit by bit what it may do there.

use std::time::Duration;

use crate::discord::{Application, Home, Homeless, Lack, StartError, Survey};
use crate::lifecycle::Right;
use crate::operator::checks::{home, survey, unknown, untold};
use crate::operator::facts::Facts;
use crate::operator::finding::Verdict;
use crate::operator::invite;
use crate::operator::rights::{self, quoted};

/// With fewer new sessions left than this part of them all, there is time to find out what uses them up.
const FEW_SESSIONS: u32 = 10;

/// An outage is told here, once, with its cause.
pub(super) fn discord(facts: &Facts) -> Verdict {
    match &facts.discord {
        Ok(_) | Err(StartError::TokenRejected) => Verdict::ok("answers"),
        Err(why) if why.may_pass() => Verdict::unchecked(
            why.to_string(),
            "see whether this machine reaches https://discord.com, and whether discordstatus.com tells of an outage; then \
             ask `talon doctor` again",
        ),
        Err(why) => Verdict::error(why.to_string(), "correct DISCORD_PROXY, or take it away"),
    }
}

pub(super) fn token(facts: &Facts) -> Verdict {
    if let Err(StartError::TokenRejected) = &facts.discord {
        return Verdict::error(
            "Discord does not accept it",
            "discord.com/developers/applications → your application → Bot → Reset Token, and copy the new one into \
             DISCORD_TOKEN",
        );
    }
    survey(facts, |survey| Verdict::ok(format!("Discord knows the bot as \"{}\"", survey.bot.name)))
}

/// Discord resets the token of a bot that starts more sessions than it allows.
pub(super) fn session_starts(facts: &Facts) -> Verdict {
    let remedy = "see in the log why the bot connects so often, and whether another process uses the same token; each \
                  start of the bot takes one";
    survey(facts, |survey| {
        let Some(gateway) = &survey.gateway else { return untold() };
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
    survey(facts, |survey| match survey.application.as_ref().and_then(Application::content) {
        Some(true) => Verdict::ok("switched on"),
        // Nothing is missing without it but a second way to ask for the same.
        Some(false) => Verdict::warning(
            "switched off, so !ticket, !close, !setuptickets and !explain are not heard; the buttons and the slash commands \
             work",
            "to have both, discord.com/developers/applications → your application → Bot → Privileged Gateway Intents: \
             switch \"Message Content Intent\" on, save, and start the bot again",
        ),
        None if survey.application.is_some() => {
            Verdict::warning("unknown: Discord does not tell", "see that the commands that begin with ! are heard")
        }
        None => untold(),
    })
}

/// Nothing is missing without them but a second way to ask for the same.
pub(super) fn commands(facts: &Facts) -> Verdict {
    home(facts, |_, survey| match survey.commands {
        Some(true) => Verdict::ok("the bot may have them"),
        Some(false) => Verdict::warning(
            "the bot was invited without the scope applications.commands: there are no slash commands; buttons and \
             written commands work",
            format!("{}; the bot may stay meanwhile", invitation(survey)),
        ),
        None => untold(),
    })
}

pub(super) fn server(facts: &Facts) -> Verdict {
    survey(facts, |survey| match &survey.home {
        Ok(home) => Verdict::ok(format!("the bot is in \"{}\"", home.server.name)),
        Err(Homeless::NoServer) => Verdict::error("the bot is in no server", invitation(survey)),
        Err(Homeless::Elsewhere(servers)) => {
            let names: Vec<String> = servers.iter().map(|server| server.name.clone()).collect();
            Verdict::error(
                format!("nothing that the settings name is where the bot is: {}", quoted(&names)),
                format!(
                    "correct the ids in the settings, or let the bot into the right server: {}",
                    invitation(survey)
                ),
            )
        }
        Err(Homeless::Unknown) => untold(),
    })
}

fn invitation(survey: &Survey) -> String {
    match &survey.application {
        Some(application) => format!("invite it with {}", invite::link(application.id)),
        None => "invite it with the link that `talon invite` prints".to_owned(),
    }
}

/// One right, wherever the bot needs it.
pub(super) fn right(facts: &Facts, right: Right) -> Verdict {
    home(facts, |home, survey| {
        let lacks: Vec<&Lack> = home.rights.lacks.iter().filter(|lack| lack.right == right).collect();
        if lacks.is_empty() {
            return Verdict::ok("given wherever it is needed");
        }
        let found: Vec<String> = lacks.iter().map(|lack| rights::absence(lack, home)).collect();
        let cures: Vec<String> = lacks.iter().map(|lack| rights::cure(lack, home, &survey.bot.name)).collect();
        Verdict::error(found.join(", and "), cures.join("; and "))
    })
}

/// Discord notifies nobody of a role that not everybody may mention, unless whoever mentions it may mention all.
pub(super) fn support_mention(facts: &Facts) -> Verdict {
    home(facts, |home, survey| {
        let lack = home.rights.lacks.iter().find(|lack| lack.right == Right::MentionEveryone);
        match (&home.support, lack) {
            (None, _) => unknown("there is no support role"),
            (Some(role), _) if role.mentionable => Verdict::ok("anyone may mention the role"),
            (Some(_), None) => Verdict::ok("the bot may mention every role"),
            (Some(role), Some(lack)) => Verdict::error(
                "nobody is notified of a new ticket: the bot may not mention the role",
                format!(
                    "Server Settings → Roles → \"{}\" → Display: switch \"Allow anyone to @mention this role\" on; or \
                     {}",
                    role.name,
                    rights::cure(lack, home, &survey.bot.name)
                ),
            ),
        }
    })
}

pub(super) fn administrator(facts: &Facts) -> Verdict {
    home(facts, |home, _| {
        if !home.rights.administrator {
            return Verdict::ok("not given, and not needed");
        }
        Verdict::warning("given, and not needed: whoever got hold of the token could do anything", drop_it(home))
    })
}

fn drop_it(home: &Home) -> String {
    let role = home.rights.role.as_deref().unwrap_or("@everyone");
    format!(
        "Server Settings → Roles → \"{role}\" → Permissions: switch on the rights that `talon invite` names, then \
         switch \"Administrator\" off"
    )
}

/// Discord then refuses a bot what it may do by its rights, and names no right.
pub(super) fn two_factor(facts: &Facts) -> Verdict {
    home(facts, |home, survey| match (home.wants_two_factor, survey.two_factor) {
        (false, _) => Verdict::ok("not demanded"),
        (true, true) => Verdict::ok("demanded, and the bot's owner has it"),
        (true, false) => Verdict::warning(
            "the server demands it of moderators: Manage Channels and Manage Messages may not count for the bot",
            "whoever owns the application: User Settings → My Account → Enable Two-Factor Auth",
        ),
    })
}
