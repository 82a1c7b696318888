//! The questions, one after the other. A wrong answer is asked again, and so is Discord when it does not answer.

use std::collections::BTreeMap;
use std::path::Path;

use secrecy::SecretString;

use crate::config::{self, Access, Config, Environment};
use crate::discord::{DiscordError, Named, Transport};
use crate::ids::{ChannelId, GuildId, RoleId, UserId};
use crate::language::Locale;
use crate::operator::invite;
use crate::operator::setup::menu::{Item, Menu, Pick};
use crate::operator::setup::person::Person;
use crate::operator::setup::wishes::{CATEGORY, PANEL, SUPPORT, Wish};
use crate::operator::setup::{Chosen, Stop};
use crate::printable::printable;

const TOKEN: &str = "
First, the bot's token: discord.com/developers/applications → New Application, or one that you have → Bot → Reset Token.
On the same page, under Privileged Gateway Intents, switch \"Message Content Intent\" on if people are to write !close \
beside /close.
";

const LANGUAGE: &str = "
In which language shall the bot speak? ru is Russian, en is English; auto is Russian in the channels, and for each member \
their own language in what only they can see.
";

/// Through all the questions.
pub struct Walk<'a> {
    pub person: &'a mut Person,
    /// Where the settings will be written.
    pub file: &'a Path,
    pub made: &'a mut Vec<String>,
    /// What the ids that could be chosen are called.
    pub names: BTreeMap<u64, String>,
}

/// A bot that Discord knows.
struct Bot {
    transport: Transport,
    me: Named<UserId>,
    /// None: the one that is configured already.
    token: Option<SecretString>,
}

impl Walk<'_> {
    /// From the token to the last choice.
    pub async fn go(mut self, environment: &Environment) -> Result<Chosen, Stop> {
        let usual = Config::locale(environment).map_err(Stop::Settings)?;
        self.person.say(&format!(
            "This sets talon up: a few questions, and at the end a file {}.\n\
             Ctrl-C stops it at any point, and nothing is written then.",
            self.file.display()
        ));
        self.person.say(TOKEN);
        let bot = self.bot(environment).await?;
        self.person.say(&format!("Discord knows the bot as \"{}\".", printable(&bot.me.name)));
        let server = self.server(&bot).await?;
        let panel = ChannelId(self.thing(&bot, server, &PANEL).await?);
        let category = ChannelId(self.thing(&bot, server, &CATEGORY).await?);
        let support = RoleId(self.thing(&bot, server, &SUPPORT).await?);
        let locale = self.locale(usual).await?;
        Ok(Chosen { token: bot.token, panel, category, support, locale, names: self.names })
    }

    /// The language of the bot; just Enter is the one of whoever answers.
    async fn locale(&mut self, usual: Locale) -> Result<Locale, Stop> {
        self.person.say(LANGUAGE);
        loop {
            let answer = self.person.ask(&format!("ru, en or auto? Just Enter for {}:", usual.code())).await?;
            match config::locale(&answer) {
                _ if answer.is_empty() => return Ok(usual),
                Ok(locale) => return Ok(locale),
                Err(_) => self.person.say("Please answer ru, en or auto."),
            }
        }
    }

    async fn bot(&mut self, environment: &Environment) -> Result<Bot, Stop> {
        let proxy = Access::proxy(environment).map_err(Stop::Settings)?;
        let mut kept = Access::read(environment).ok().map(|access| access.token);
        if kept.is_some() && !self.person.agrees("There is a token in the settings already. Keep it?").await? {
            kept = None;
        }
        loop {
            let (token, new) = match kept.take() {
                Some(token) => (token, false),
                None => (self.token().await?, true),
            };
            let transport = Transport::new(&token, proxy.as_deref()).map_err(|why| Stop::Failed(why.to_string()))?;
            match self.heard(async || transport.fetch_bot().await).await? {
                Ok(me) => return Ok(Bot { transport, me, token: new.then_some(token) }),
                Err(DiscordError::TokenRejected) => {
                    self.person.say("Discord does not accept this token. Please copy it anew.");
                }
                Err(why) => return Err(Stop::Failed(why.to_string())),
            }
        }
    }

    async fn token(&mut self) -> Result<SecretString, Stop> {
        loop {
            let answer = self.person.ask_hidden("The token (it is not shown while you type or paste):").await?;
            match config::token(&answer) {
                Ok(token) => return Ok(token),
                Err(problem) => self.person.say(&format!("That {problem}. Please copy it in one piece.")),
            }
        }
    }

    async fn server(&mut self, bot: &Bot) -> Result<GuildId, Stop> {
        loop {
            let servers = self.heard(async || bot.transport.fetch_guilds().await).await?;
            let servers = servers.map_err(|why| Stop::Failed(why.to_string()))?;
            if servers.is_empty() {
                let application = self.heard(async || bot.transport.fetch_application().await).await?;
                let link = application.map_or_else(|_| "`talon invite`".to_owned(), |found| invite::link(found.id));
                self.person.say(&format!("The bot is in no server yet. Open this and choose one:\n\n  {link}\n"));
            }
            let item = |server: Named<GuildId>| Item {
                id: server.id.0,
                name: printable(&server.name).into_owned(),
                hint: None,
                warning: None,
            };
            let items = servers.into_iter().map(item).collect();
            let menu = Menu { title: "The servers the bot is in:", items, new: None };
            if let Pick::Id(server) = self.choose(&menu).await? {
                return Ok(GuildId(server));
            }
        }
    }

    /// Something in the server: one that is there, or one that is made for it.
    async fn thing(&mut self, bot: &Bot, server: GuildId, wish: &Wish) -> Result<u64, Stop> {
        loop {
            let found = self.heard(async || bot.transport.fetch_overview(server).await).await?;
            let found = found.map_err(|why| Stop::Failed(why.to_string()))?;
            let menu = Menu { title: wish.title, items: (wish.items)(&found), new: Some(wish.new) };
            self.names.extend(menu.items.iter().map(|item| (item.id, item.label())));
            match self.choose(&menu).await? {
                Pick::Id(id) => {
                    if self.insists(&menu, id).await? {
                        return Ok(id);
                    }
                }
                Pick::New => {
                    if let Some(id) = self.make(bot, server, wish).await? {
                        return Ok(id);
                    }
                }
                Pick::Again | Pick::Unclear(_) => {}
            }
        }
    }

    /// A choice that something speaks against is taken only if it is meant.
    async fn insists(&mut self, menu: &Menu, id: u64) -> Result<bool, Stop> {
        let chosen = menu.items.iter().find(|item| item.id == id);
        match chosen.and_then(|item| Some((item, item.warning.as_ref().filter(|warning| warning.asks)?))) {
            Some((item, warning)) => {
                self.person.insists(&format!("{} {}. Take it all the same?", item.name, warning.words)).await
            }
            None => Ok(true),
        }
    }

    /// Makes a new one, if that is really meant and can be done.
    async fn make(&mut self, bot: &Bot, server: GuildId, wish: &Wish) -> Result<Option<u64>, Stop> {
        let name = self.person.ask(&format!("What shall it be called? Just Enter for {}:", wish.name)).await?;
        let name = if name.is_empty() { wish.name } else { &name };
        if !self.person.agrees(&format!("Make the {} \"{name}\" in Discord?", wish.what)).await? {
            return Ok(None);
        }
        match bot.transport.create_resource(server, (wish.resource)(bot.me.id), name).await {
            Ok(id) => {
                self.names.insert(id, name.to_owned());
                self.made.push(format!("the {} \"{name}\"", wish.what));
                self.person.say("Made.");
                return Ok(Some(id));
            }
            Err(DiscordError::NoAnswer(Some(403))) => self.person.say(wish.forbidden),
            Err(
                DiscordError::NoAnswer(None | Some(500..))
                | DiscordError::Unreachable { .. }
                | DiscordError::NotDiscord(_)
                | DiscordError::IpBlocked(_),
            ) => {
                self.person.say("Discord did not answer. It may have been made all the same: look at the list.");
            }
            Err(why) => {
                self.person.say(&format!("That was refused ({why}): is the name too long, or the server full?"))
            }
        }
        Ok(None)
    }

    async fn choose(&mut self, menu: &Menu) -> Result<Pick, Stop> {
        self.person.say(&menu.text());
        loop {
            match menu.pick(&self.person.ask(menu.question()).await?) {
                Pick::Unclear(why) => self.person.say(why),
                pick => return Ok(pick),
            }
        }
    }

    /// Asks Discord something, again and again until it answers or the person has enough.
    async fn heard<T>(
        &mut self,
        asked: impl AsyncFn() -> Result<T, DiscordError>,
    ) -> Result<Result<T, DiscordError>, Stop> {
        loop {
            match asked().await {
                Err(
                    why @ (DiscordError::NoAnswer(None | Some(500..))
                    | DiscordError::Unreachable { .. }
                    | DiscordError::NotDiscord(_)
                    | DiscordError::IpBlocked(_)),
                ) => {
                    let question = format!("It seems that {why}. Enter tries again, Ctrl-C stops:");
                    self.person.ask(&question).await?;
                }
                answer => return Ok(answer),
            }
        }
    }
}
