use serde_json::{Value, json};

use super::*;
use crate::discord::guild::{ChannelKind, RoleHolders};
use crate::discord::permissions::DeniedBy;
use crate::discord::scripted_server::{Reaction, ScriptedServer};
use crate::discord::transport::Transport;

const IDS: ConfiguredIds = ConfiguredIds { panel: ChannelId(1), category: ChannelId(2), support: RoleId(3) };

fn midnight() -> SystemTime {
    httpdate::parse_http_date("Thu, 01 Jan 2026 00:00:00 GMT").unwrap()
}

fn respond(status: u16, body: &Value) -> Reaction {
    Reaction::Respond(status, "date: Wed, 31 Dec 2025 23:59:00 GMT\r\n".into(), body.to_string())
}

/// Two servers: the chess club 4, and 5 with nothing in it but its general channel. `change` answers first.
async fn discord(change: impl Fn(&str) -> Option<Reaction> + Send + Sync + 'static) -> ScriptedServer {
    ScriptedServer::new(move |_, head| {
        let path = head.strip_prefix("GET /api/v10").and_then(|rest| rest.split([' ', '?']).next()).unwrap_or_default();
        change(path).unwrap_or_else(|| usual(path))
    })
    .await
}

fn usual(path: &str) -> Reaction {
    let channel = |id: &str, kind: u8, parent: Option<&str>| json!({"id": id, "type": kind, "guild_id": "4", "name": id, "parent_id": parent, "permission_overwrites": []});
    let roles = json!([{"id": "4", "permissions": "0", "name": "@everyone"},
        {"id": "3", "permissions": "0", "name": "support", "mentionable": true},
        {"id": "90", "permissions": "257040", "name": "talon", "managed": true}]);
    match path {
        "/users/@me" => respond(200, &json!({"id": "9", "username": "talon", "mfa_enabled": true})),
        "/oauth2/applications/@me" => respond(200, &json!({"id": "10", "flags": 1 << 19})),
        "/gateway/bot" => {
            let limit = json!({"total": 1000, "remaining": 7, "reset_after": 60_000, "max_concurrency": 1});
            respond(200, &json!({"url": "wss://gateway.discord.gg", "shards": 1, "session_start_limit": limit}))
        }
        "/applications/10/guilds/4/commands" => respond(200, &json!([{"id": "77", "name": "close"}])),
        "/users/@me/guilds" => respond(200, &json!([{"id": "5", "name": "other"}, {"id": "4", "name": "chess club"}])),
        "/channels/1" => respond(200, &channel("1", 0, None)),
        "/channels/2" => respond(200, &channel("2", 4, None)),
        "/guilds/4" => respond(
            200,
            &json!({"id": "4", "name": "chess club", "owner_id": "7", "mfa_level": 0, "approximate_member_count": 70, "roles": roles}),
        ),
        "/guilds/4/roles/member-counts" => respond(200, &json!({"3": 2, "90": 1})),
        "/guilds/4/channels" => {
            let ticket = channel("50", 0, Some("2"));
            respond(200, &json!([channel("1", 0, None), channel("2", 4, None), ticket, {"id": "51", "type": "new"}]))
        }
        "/guilds/5" => {
            let everyone = json!([{"id": "5", "permissions": "0", "name": "@everyone"}]);
            respond(200, &json!({"id": "5", "name": "other", "owner_id": "7", "roles": everyone}))
        }
        "/guilds/5/channels" => respond(200, &json!([])),
        "/guilds/4/members/9" => respond(200, &json!({"roles": ["90"]})),
        _ => respond(404, &json!({"code": 0})),
    }
}

async fn diagnose(transport: Transport) -> Result<Diagnostics, DiscordError> {
    transport.run_diagnostics(IDS, midnight).await
}

#[tokio::test]
async fn everything_is_found() {
    let discord = discord(|_| None).await;
    let diagnostics = diagnose(discord.transport()).await.unwrap();
    assert_eq!(diagnostics.bot, Named { id: UserId(9), name: "talon".into() });
    assert!(diagnostics.application.is_ok_and(|application| application.has_message_content() == Some(true)));
    assert_eq!(diagnostics.clock, ClockSkew::Ahead(Duration::from_secs(59)));
    assert_eq!(diagnostics.gateway.unwrap().session_start_limit.map(|limit| limit.remaining), Some(7));
    assert_eq!(diagnostics.commands, Ok(true));
    let home = diagnostics.home.unwrap();
    assert_eq!(home.guild.name, "chess club");
    assert_eq!(
        home.channel_counts,
        Ok(ChannelCounts { total: 3, in_category: 1 }),
        "an unreadable channel hides no other"
    );
    assert!(matches!(&home.panel, ChannelLookup::Found(channel) if channel.kind == ChannelKind::Text));
    assert!(matches!(&home.category, ChannelLookup::Found(channel) if channel.kind == ChannelKind::Category));
    assert!(home.support.unwrap().is_some_and(|role| role.mentionable));
    let per_role = [(RoleId(3), 2), (RoleId(90), 1)].into();
    assert_eq!(home.holders, RoleHolders { members: Some(70), per_role });
    assert_eq!(home.permissions.unwrap().missing, []);
}

#[tokio::test]
async fn channels_that_only_the_list_shows_are_found() {
    let discord = discord(|path| path.starts_with("/channels/").then(|| respond(403, &json!({"code": 50_001})))).await;
    let home = diagnose(discord.transport()).await.unwrap().home.unwrap();
    assert!(matches!((home.panel, home.category), (ChannelLookup::Found(_), ChannelLookup::Found(_))));
}

#[tokio::test]
async fn an_id_without_channel_is_missing() {
    let discord = discord(|path| match path {
        "/users/@me/guilds" => Some(respond(200, &json!([{"id": "4", "name": "chess club"}]))),
        "/channels/1" => Some(respond(404, &json!({"code": 0, "message": "404: Not Found"}))),
        "/channels/2" => Some(respond(404, &json!({"code": 10_003}))),
        "/guilds/4/channels" => Some(respond(200, &json!([]))),
        _ => None,
    });
    let home = diagnose(discord.await.transport()).await.unwrap().home.unwrap();
    assert_eq!(
        (home.panel, home.category),
        (ChannelLookup::Missing, ChannelLookup::Missing),
        "the list decides where a code does not"
    );
}

#[tokio::test]
async fn a_channel_that_discord_refuses_to_show_is_hidden_and_not_missing() {
    let hidden = |listed: Value| {
        discord(move |path| match path {
            "/users/@me/guilds" => Some(respond(200, &json!([{"id": "4", "name": "chess club"}]))),
            "/guilds/4/channels" => Some(respond(200, &listed)),
            path if path.starts_with("/channels/") => Some(respond(403, &json!({"code": 50_001}))),
            _ => None,
        })
    };
    let home = diagnose(hidden(json!([])).await.transport()).await.unwrap().home.unwrap();
    assert_eq!((home.panel, home.category), (ChannelLookup::Hidden(ChannelId(1)), ChannelLookup::Hidden(ChannelId(2))));
    let permissions = home.permissions.unwrap();
    assert!(
        permissions.missing.iter().all(|missing| missing.denied_by == Some(DeniedBy::Hidden))
            && permissions.missing.len() == 2
    );
}

#[tokio::test]
async fn a_channel_of_another_server_differs_from_a_missing_one() {
    let other = json!({"id": "1", "type": 0, "guild_id": "5", "name": "1", "permission_overwrites": []});
    let discord = discord(move |path| match path {
        "/channels/1" => Some(respond(200, &other)),
        "/guilds/5/channels" => Some(respond(200, &json!([other]))),
        "/guilds/5/roles" => Some(respond(200, &json!([{"id": "5", "permissions": "0", "name": "@everyone"}]))),
        "/guilds/5/members/9" => Some(respond(200, &json!({"roles": []}))),
        "/channels/2" => Some(respond(404, &json!({"code": 10_003}))),
        _ => None,
    });
    let home = diagnose(discord.await.transport()).await.unwrap().home.unwrap();
    assert_eq!(home.guild.id, GuildId(5));
    assert!(matches!(home.panel, ChannelLookup::Found(_)) && home.category == ChannelLookup::Missing);
}

/// Lets one lookup fail in every possible way and checks the result each time.
async fn with_failing(lookup: &'static str, check: impl Fn(&Diagnostics)) {
    let failures: [fn() -> Reaction; 6] = [
        || respond(403, &json!({"code": 20_001, "message": "no"})),
        || respond(404, &json!({"code": 0, "message": "404: Not Found"})),
        || respond(503, &json!({})),
        || Reaction::Respond(403, String::new(), "<html>no</html>".into()),
        || Reaction::Respond(200, String::new(), "<html>log in</html>".into()),
        || respond(200, &json!({})),
    ];
    for failure in failures {
        let discord = discord(move |path| (path == lookup).then(failure)).await;
        check(&diagnose(discord.transport()).await.unwrap());
    }
}

#[tokio::test]
async fn a_failed_lookup_leaves_the_others_intact() {
    let known = |diagnostics: &Diagnostics| diagnostics.home.clone().unwrap();
    let all_but_channels = |diagnostics: &Diagnostics| {
        let home = known(diagnostics);
        assert!(home.channel_counts.is_err() && home.support.is_ok_and(|role| role.is_some()));
        assert!(
            matches!((home.panel, home.category), (ChannelLookup::Found(_), ChannelLookup::Found(_))),
            "their own lookups show them"
        );
        assert_eq!(home.permissions.unwrap().missing, []);
    };
    with_failing("/guilds/4/channels", all_but_channels).await;
    with_failing("/guilds/4/members/9", |diagnostics| {
        let home = known(diagnostics);
        assert!(home.permissions.is_err() && home.channel_counts.is_ok() && home.support.is_ok());
    })
    .await;
    with_failing("/users/@me/guilds", |diagnostics| assert_eq!(known(diagnostics).guild.name, "chess club")).await;
    with_failing("/oauth2/applications/@me", |diagnostics| {
        assert!(diagnostics.application.is_err() && known(diagnostics).permissions.is_ok())
    })
    .await;
    with_failing("/guilds/4/roles/member-counts", |diagnostics| {
        let home = known(diagnostics);
        assert!(home.holders.per_role.is_empty() && home.support.is_ok() && home.permissions.is_ok());
    })
    .await;
    with_failing("/channels/1", |diagnostics| assert!(matches!(known(diagnostics).panel, ChannelLookup::Found(_))))
        .await;
}

#[tokio::test]
async fn roles_that_the_guild_object_leaves_out_are_requested() {
    let roles = || json!([{"id": "4", "permissions": "0", "name": "@everyone"}, {"id": "3", "permissions": "0", "name": "support"}, {"id": "90", "permissions": "257040", "name": "talon"}]);
    for body in [json!({"id": "4", "name": "chess club"}), json!({"code": 0, "message": "404: Not Found"})] {
        let whole = body.get("id").is_some();
        let discord = discord(move |path| match path {
            "/guilds/4" => Some(respond(if whole { 200 } else { 404 }, &body)),
            "/guilds/4/roles" => Some(respond(200, &roles())),
            _ => None,
        });
        let home = diagnose(discord.await.transport()).await.unwrap().home.unwrap();
        assert_eq!((home.permissions.unwrap().missing, home.guild.name.as_str()), (vec![], "chess club"));
        assert!(home.support.unwrap().is_some() && home.requires_two_factor.is_err());
    }
    let silent = discord(|path| {
        path.starts_with("/guilds/4/")
            .then(|| respond(404, &json!({"code": 0})))
            .or_else(|| (path == "/guilds/4").then(|| respond(200, &json!({"id": "4", "name": "chess club"}))))
    });
    let home = diagnose(silent.await.transport()).await.unwrap().home.unwrap();
    assert!(home.support.is_err() && home.permissions.is_err(), "an empty list of roles is unknown, not missing");
}

#[tokio::test]
async fn a_server_without_any_configured_id_is_not_home() {
    let of = |body: Value| discord(move |path| (path == "/users/@me/guilds").then(|| respond(200, &body)));
    let none = of(json!([])).await;
    assert_eq!(diagnose(none.transport()).await.unwrap().home, Err(NoGuild::NotInAny));

    let strangers = json!([{"id": "5", "name": "other"}, {"id": "5", "name": "twin"}]);
    let elsewhere = discord(move |path| match path {
        "/users/@me/guilds" => Some(respond(200, &strangers)),
        path if path.starts_with("/channels/") => Some(respond(404, &json!({"code": 10_003}))),
        _ => None,
    });
    let home = diagnose(elsewhere.await.transport()).await.unwrap().home;
    assert!(matches!(home, Err(NoGuild::Elsewhere(servers)) if servers.len() == 2));

    let of_two = |status: u16, body: Value| {
        discord(move |path| match path {
            "/users/@me/guilds" => {
                Some(respond(200, &json!([{"id": "5", "name": "other"}, {"id": "6", "name": "third"}])))
            }
            "/guilds/6" => Some(respond(200, &json!({"id": "6", "roles": [{"id": "6", "permissions": "0"}]}))),
            "/guilds/6/channels" => Some(respond(200, &json!([]))),
            path if path.starts_with("/channels/") => Some(respond(status, &body)),
            _ => None,
        })
    };
    let hidden = of_two(403, json!({"code": 50_001})).await;
    let home = diagnose(hidden.transport()).await.unwrap().home;
    assert!(matches!(home, Err(NoGuild::Hidden(servers)) if servers.len() == 2), "it may be in one of them");
    let lost = of_two(503, json!({})).await;
    assert!(matches!(diagnose(lost.transport()).await.unwrap().home, Err(NoGuild::Unknown(_))));
}

#[tokio::test]
async fn what_no_response_contains_is_unknown() {
    let silent = discord(|path| (path != "/users/@me").then(|| respond(503, &json!({})))).await;
    let diagnostics = diagnose(silent.transport()).await.unwrap();
    let why = LookupFailure("discord answers with status 503".to_owned());
    assert_eq!((diagnostics.application, diagnostics.home), (Err(why.clone()), Err(NoGuild::Unknown(why))));

    let closed = discord(|_| Some(respond(401, &json!({})))).await;
    assert!(matches!(diagnose(closed.transport()).await, Err(DiscordError::TokenRejected)));
    let gone = discord(|_| Some(Reaction::Reset)).await;
    assert!(matches!(diagnose(gone.transport()).await, Err(DiscordError::Unreachable { .. })));
}

#[test]
fn a_clock_is_right_within_a_second_and_the_round_trip() {
    let at = |millis: u64| SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
    let measure = |requested, date: u64, received| ClockSkew::measure(at(requested), Some(at(date)), at(received));
    let right = ClockSkew::Behind(Duration::ZERO);
    assert_eq!(measure(10_200, 10_000, 10_300), right);
    assert_eq!(measure(10_999, 10_000, 11_500), right);
    assert_eq!(measure(9_500, 10_000, 10_500), right);
    assert_eq!(measure(14_000, 10_000, 14_100), ClockSkew::Ahead(Duration::from_secs(3)));
    assert_eq!(measure(6_900, 10_000, 7_000), ClockSkew::Behind(Duration::from_secs(3)));
    assert_eq!(ClockSkew::measure(at(0), None, at(0)), ClockSkew::Unknown);
}

#[tokio::test]
async fn a_missing_commands_scope_differs_from_a_failed_lookup() {
    for (status, code, expected) in [(403, 50_001, Some(false)), (503, 0, None)] {
        let body = json!({"message": "Missing Access", "code": code});
        let discord = discord(move |path| path.ends_with("/commands").then(|| respond(status, &body))).await;
        assert_eq!(diagnose(discord.transport()).await.unwrap().commands.ok(), expected);
    }
}
