//! The application and its commands
//! (Discord documentation, *Application Resource*; *Application Commands*: "Registering a Command").

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::World;
use super::form::{Fields, Form};
use super::refusal::Refusal;
use super::rest::{Answer, Outcome, Request, Scope};
use super::snowflake::Snowflake;

/// "100 global `CHAT_INPUT` commands", and as many in a server ("Registering a Command").
const MOST_COMMANDS: usize = 100;
const UNIQUE_COMMANDS: &str = "Application command names must be unique";
const UNIQUE_OPTIONS: &str = "Option name already exists";

/// The bot's side of the developer portal.
#[derive(Clone, Debug)]
pub struct Application {
    pub id: Snowflake,
    pub token: String,
    /// The privileged intents that are switched on.
    pub content_intent: bool,
    pub members_intent: bool,
    pub presence_intent: bool,
    /// Registered commands, by the server they are for; none means everywhere.
    pub commands: BTreeMap<Option<Snowflake>, Vec<Value>>,
}

impl Application {
    /// A small application's intents show as the "limited" flags.
    fn flags(&self) -> u64 {
        let switches = [(self.presence_intent, 13), (self.members_intent, 15), (self.content_intent, 19)];
        switches.iter().filter(|(on, _)| *on).map(|(_, bit)| 1 << bit).sum()
    }

    /// The application object of READY.
    #[must_use]
    pub fn partial(&self) -> Value {
        json!({ "id": self.id, "flags": self.flags() })
    }
}

impl World {
    pub(super) fn get_application(&self) -> Answer {
        let bot = &self.users[&self.bot()];
        let owner = self.users.get(&self.guild.owner).map(super::guild::User::json);
        Answer::ok(json!({
            "id": self.application.id, "name": bot.username, "icon": null, "description": "", "summary": "",
            "type": null, "bot_public": true, "bot_require_code_grant": false, "verify_key": "0".repeat(64),
            "flags": self.application.flags(), "hook": true, "owner": owner, "team": null, "bot": bot.json(),
            "redirect_uris": [], "interactions_endpoint_url": null, "role_connections_verification_url": null,
            "approximate_guild_count": 1, "approximate_user_install_count": 0, "tags": [],
            "integration_types_config": { "0": {} }, "event_webhooks_status": 1, "flags_new": self.application.flags().to_string(),
            "approximate_user_authorization_count": 0, "explicit_content_filter": 0, "eligible_oauth2_scopes": [],
        }))
    }

    fn check_scope(&self, scope: Scope) -> Result<(), Refusal> {
        if scope.application != self.application.id {
            return Err(Refusal::unknown_application());
        }
        let elsewhere = scope.guild.is_some_and(|guild| self.neighbour_with(guild).is_some());
        scope.guild.filter(|_| !elsewhere).map_or(Ok(()), |guild| self.check_guild(guild))
    }

    /// "Whether to include full localization dictionaries in the returned objects", which is not the default.
    pub(super) fn list_commands(&self, scope: Scope, request: &Request) -> Outcome {
        self.check_scope(scope)?;
        let mut commands = self.application.commands.get(&scope.guild).cloned().unwrap_or_default();
        if !matches!(request.asked("with_localizations"), Some("true" | "True" | "1")) {
            commands.iter_mut().for_each(strip_localizations);
        }
        Ok(Answer::ok(commands.into()))
    }

    pub(super) fn put_commands(&mut self, scope: Scope, request: &Request) -> Outcome {
        self.check_scope(scope)?;
        Form::read_list(request.body.as_ref(), |commands| {
            commands.iter().for_each(check_command);
            check_unique(commands, &["name", "type"], "APPLICATION_COMMANDS_DUPLICATE_NAME", UNIQUE_COMMANDS);
        })?;
        let listed = request.body.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
        if listed.len() > MOST_COMMANDS {
            return Err(Refusal::too_many_commands());
        }
        let commands: Vec<Value> = listed.iter().map(|command| self.registered(scope, command)).collect();
        self.application.commands.insert(scope.guild, commands.clone());
        Ok(Answer::ok(commands.into()))
    }

    pub(super) fn post_command(&mut self, scope: Scope, request: &Request) -> Outcome {
        self.check_scope(scope)?;
        Form::read(request.body.as_ref(), check_command)?;
        let command = self.registered(scope, request.body.as_ref().unwrap_or(&Value::Null));
        let list = self.application.commands.entry(scope.guild).or_default();
        let same = |known: &Value| known["name"] == command["name"] && known["type"] == command["type"];
        let existed = list.iter().any(same);
        if !existed && list.len() >= MOST_COMMANDS {
            return Err(Refusal::too_many_commands());
        }
        list.retain(|known| !same(known));
        list.push(command.clone());
        Ok(if existed { Answer::ok(command) } else { Answer::created(command) })
    }

    pub(super) fn remove_command(&mut self, scope: Scope, command: Snowflake) -> Outcome {
        self.check_scope(scope)?;
        let list = self.application.commands.entry(scope.guild).or_default();
        let before = list.len();
        list.retain(|known| known["id"] != command.to_string());
        if list.len() < before { Ok(Answer::nothing()) } else { Err(Refusal::unknown_command()) }
    }

    /// `dm_permission`, `contexts` and `integration_types` exist "only for globally-scoped commands"
    /// (*Application Commands*, "Application Command Structure").
    fn registered(&mut self, scope: Scope, body: &Value) -> Value {
        let known = self.application.commands.get(&scope.guild).into_iter().flatten();
        let kept =
            known.filter(|known| known["name"] == body["name"]).find_map(|known| known["id"].as_str()?.parse().ok());
        let id = kept.unwrap_or_else(|| self.next_id());
        let mut command = json!({ "type": 1, "description": "", "default_member_permissions": null, "nsfw": false });
        if scope.guild.is_none() {
            command["dm_permission"] = true.into();
            command["contexts"] = Value::Null;
            command["integration_types"] = json!([0]);
        }
        // What is null was not said, and is not kept.
        for (name, value) in body.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
            let everywhere = ["dm_permission", "contexts", "integration_types"].contains(&name.as_str());
            if scope.guild.is_none() || !everywhere {
                command[name] = value.clone();
            }
        }
        command["id"] = json!(id);
        command["application_id"] = json!(self.application.id);
        command["version"] = json!(self.next_id());
        if let Some(guild) = scope.guild {
            command["guild_id"] = json!(guild);
        }
        command
    }
}

fn strip_localizations(command: &mut Value) {
    let Some(object) = command.as_object_mut() else { return };
    object.remove("name_localizations");
    object.remove("description_localizations");
    for list in ["options", "choices"] {
        let inner = object.get_mut(list).and_then(Value::as_array_mut);
        inner.into_iter().flatten().for_each(strip_localizations);
    }
}

fn check_command(form: &Fields<'_>) {
    form.require("name");
    let kind = form.choice("type", &[1, 2, 3, 4]).unwrap_or(1);
    let name = form.text("name", 1..=32).unwrap_or_default();
    if kind == 1 {
        form.require("description");
        form.text("description", 1..=100);
        check_name(form, &name);
    }
    check_options(form);
}

/// "Names must match the following regex `^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$`", in lower case where there
/// is one ("Application Command Naming").
fn check_name(form: &Fields<'_>, name: &str) {
    let fits = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_' || letter == '\'';
    if name.chars().any(|letter| letter.is_uppercase() || !fits(letter)) {
        form.mistake("name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid");
    }
}

/// "Required `options` must be listed before optional options", with "max 25" of them and of their choices ("Application
/// Command Option Structure").
fn check_options(form: &Fields<'_>) {
    let options = form.objects("options", 0..=25).unwrap_or_default();
    let mut optional = false;
    for option in &options {
        for name in ["type", "name", "description"] {
            option.require(name);
        }
        option.choice("type", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        check_name(option, &option.text("name", 1..=32).unwrap_or_default());
        option.text("description", 1..=100);
        option.list("choices", 0..=25);
        let required = option.flag("required").unwrap_or(false);
        if required && optional {
            let sentence = "Required options must be placed before non-required options";
            option.mistake("", "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", sentence);
        }
        optional |= !required;
        check_options(option);
    }
    check_unique(&options, &["name"], "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", UNIQUE_OPTIONS);
}

/// Notes each that is like an earlier one in all of these fields.
fn check_unique(list: &[Fields<'_>], fields: &[&str], code: &str, sentence: &str) {
    let mut known = BTreeSet::new();
    for one in list {
        let key: Vec<String> =
            fields.iter().map(|name| one.value(name).map(Value::to_string).unwrap_or_default()).collect();
        if !known.insert(key) {
            one.mistake("", code, sentence);
        }
    }
}
