//! Channels that the bot may not view: unlisted, hidden on the gateway, and whole again as soon as it may.

use super::*;

impl Play {
    /// The ids of the channels that a bot is told of when it asks.
    fn listed(&mut self) -> Vec<String> {
        let list = self.check("GET", format!("/guilds/{}/channels", self.ids.guild), Value::Null, 200, None);
        list.as_array().into_iter().flatten().map(|channel| channel["id"].as_str().unwrap_or_default().into()).collect()
    }

    /// The channel as a session receives it first.
    fn in_guild_create(&self, channel: Snowflake) -> Value {
        let guild = self.world.guild_create();
        let found = guild["channels"].as_array().into_iter().flatten().find(|known| known["id"] == channel.to_string());
        found.cloned().unwrap_or_default()
    }

    /// The channel of the last update that was dispatched.
    fn updated(&mut self) -> Vec<(String, u64)> {
        let events = self.world.take_dispatches().into_iter().filter(|event| event.name == "CHANNEL_UPDATE");
        let shown =
            |data: &Value| (data["name"].as_str().unwrap_or_default().into(), data["flags"].as_u64().unwrap_or(0));
        events.map(|event| shown(&event.data)).collect()
    }

    fn overwrite_for_bot(&mut self, allow: Permissions, deny: Permissions) {
        let overwrite = Overwrite { id: self.ids.bot, kind: Target::Member, allow, deny };
        self.world.overwrite(self.ids.lounge, overwrite);
    }
}

fn hiding() -> Play {
    play_with(&Start { hides_channels: true, ..Start::default() })
}

const VIEW: Permissions = Permissions::VIEW_CHANNEL;
const NONE: Permissions = Permissions::NONE;

#[test]
fn what_may_not_be_viewed_is_unlisted_and_hidden() {
    let mut play = hiding();
    let (lounge, guild) = (play.ids.lounge, play.ids.guild);
    let whole = play.in_guild_create(lounge);
    assert_eq!((&whole["name"], &whole["flags"]), (&json!("lounge"), &json!(0)));
    assert!(play.listed().contains(&lounge.to_string()));

    play.overwrite_for_bot(NONE, VIEW);

    assert!(!play.listed().contains(&lounge.to_string()));
    assert_eq!(play.listed().len(), 2, "the others are listed as before");
    let hidden = play.in_guild_create(lounge);
    assert_eq!((&hidden["name"], &hidden["flags"]), (&json!("___hidden___"), &json!(1 << 17)));
    assert_eq!((&hidden["type"], &hidden["position"]), (&whole["type"], &whole["position"]), "these stay true");
    assert_eq!(
        (&hidden["topic"], &hidden["parent_id"], &hidden["last_message_id"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(
        hidden["permission_overwrites"],
        json!([{ "id": guild, "type": 0, "allow": "0", "deny": VIEW.0.to_string() }])
    );
    play.check("GET", format!("/channels/{lounge}"), Value::Null, 403, Some(50001));
}

#[test]
fn gaining_and_losing_the_view_is_told_as_a_change() {
    let mut play = hiding();
    play.updated();
    play.overwrite_for_bot(NONE, VIEW);
    assert_eq!(play.updated(), [("___hidden___".to_owned(), 1 << 17)]);
    play.overwrite_for_bot(VIEW, NONE);
    assert_eq!(play.updated(), [("lounge".to_owned(), 0)]);

    // By a role as well: what the channel itself grants stays whole.
    let (role, rights) = (play.ids.bot_role, Start::default().bot_permissions);
    play.world.change_role(role, |role| role.permissions = rights.without(VIEW));
    assert_eq!(play.updated(), vec![("___hidden___".to_owned(), 1 << 17); 2]);
    play.world.change_role(role, |role| role.permissions = rights);
    assert_eq!(play.updated(), [("tickets".to_owned(), 0), ("support".to_owned(), 0)]);
}

#[test]
fn a_discord_of_before_hides_nothing() {
    let mut play = play();
    play.updated();
    play.overwrite_for_bot(NONE, VIEW);
    assert_eq!(play.in_guild_create(play.ids.lounge)["name"], "lounge");
    assert_eq!(play.listed().len(), 3);
    assert_eq!(play.updated(), []);
}
