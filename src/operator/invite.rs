//! `talon invite`: the link that lets the bot into a server, with exactly the rights it needs.

use clap::Args;

use crate::config::{Access, Environment, Mistakes};
use crate::discord::{DiscordError, Transport, required_permission_bits, required_permissions};
use crate::ids::ApplicationId;
use crate::operator::rights::{name, purpose};

/// For which bot.
#[derive(Args, Debug)]
pub struct Options {
    /// The application's id, from its General Information page; by default that of the bot with the configured token
    #[arg(long, value_name = "ID")]
    application: Option<ApplicationId>,
}

/// Why there is no link.
#[derive(Debug)]
pub enum Trouble {
    /// There is neither an id nor a usable token.
    Settings(Mistakes),
    /// Discord does not tell the id.
    Discord(DiscordError),
}

/// The link, and what it gives.
pub async fn run(options: &Options, environment: &Environment) -> Result<String, Trouble> {
    let application = match options.application {
        Some(application) => application,
        None => ask(environment).await?,
    };
    Ok(letter(application))
}

async fn ask(environment: &Environment) -> Result<ApplicationId, Trouble> {
    let Access { token, proxy } = Access::read(environment).map_err(Trouble::Settings)?;
    let transport = Transport::new(&token, proxy.as_deref()).map_err(Trouble::Discord)?;
    Ok(transport.fetch_application().await.map_err(Trouble::Discord)?.id)
}

/// The address that a browser opens to let the bot into a server.
#[must_use]
pub fn link(application: ApplicationId) -> String {
    let permissions = required_permission_bits();
    format!(
        "https://discord.com/oauth2/authorize?client_id={application}&scope=bot%20applications.commands&permissions=\
         {permissions}"
    )
}

fn letter(application: ApplicationId) -> String {
    let width = required_permissions().map(|right| name(right).len()).max().unwrap_or(0);
    let rights = required_permissions().map(|right| format!("  {:width$}  {}\n", name(right), purpose(right)));
    format!(
        "{}\n\nOpen it in a browser, as somebody who may manage the server. The bot gets a role with these rights and no \
         others, Administrator least of all:\n\n{}",
        link(application),
        rights.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letter_has_the_link_and_a_line_for_each_right() {
        let letter = letter(ApplicationId(123));
        let link =
            "https://discord.com/oauth2/authorize?client_id=123&scope=bot%20applications.commands&permissions=257040";
        assert_eq!(letter.lines().next(), Some(link));
        for right in required_permissions() {
            let told = letter.lines().find(|line| line.trim_start().starts_with(name(right)));
            assert!(told.is_some_and(|line| line.ends_with(purpose(right))), "{right:?}");
        }
        assert_eq!(letter.lines().filter(|line| line.starts_with("  ")).count(), 8);
        assert!(include_str!("../../README.md").contains(&link.replace("123", "ID")), "the README has the same link");
    }
}
