use serde_json::{Value, json};

use super::*;
use crate::discord::estate::{Holders, Kind};
use crate::discord::rights::Denier;
use crate::discord::standin::{Act, StandIn};
use crate::discord::transport::Transport;

const SOUGHT: Sought = Sought { panel: ChannelId(1), category: ChannelId(2), support: RoleId(3) };

fn midnight() -> SystemTime {
    httpdate::parse_http_date("Thu, 01 Jan 2026 00:00:00 GMT").unwrap()
}

fn reply(status: u16, body: &Value) -> Act {
    Act::Reply(status, "date: Wed, 31 Dec 2025 23:59:00 GMT\r\n".into(), body.to_string())
}

/// Two servers: the chess club 4, and 5 with nothing in it but its general channel. `change` answers first.
async fn discord(change: impl Fn(&str) -> Option<Act> + Send + Sync + 'static) -> StandIn {
    StandIn::new(move |_, head| {
        let path = head.strip_prefix("GET /api/v10").and_then(|rest| rest.split([' ', '?']).next()).unwrap_or_default();
        change(path).unwrap_or_else(|| usual(path))
    })
    .await
}

fn usual(path: &str) -> Act {
    let channel = |id: &str, kind: u8, parent: Option<&str>| json!({"id": id, "type": kind, "guild_id": "4", "name": id, "parent_id": parent, "permission_overwrites": []});
    let roles = json!([{"id": "4", "permissions": "0", "name": "@everyone"},
        {"id": "3", "permissions": "0", "name": "support", "mentionable": true},
        {"id": "90", "permissions": "257040", "name": "talon", "managed": true}]);
    match path {
        "/users/@me" => reply(200, &json!({"id": "9", "username": "talon", "mfa_enabled": true})),
        "/oauth2/applications/@me" => reply(200, &json!({"id": "10", "flags": 1 << 19})),
        "/gateway/bot" => {
            let limit = json!({"total": 1000, "remaining": 7, "reset_after": 60_000, "max_concurrency": 1});
            reply(200, &json!({"url": "wss://gateway.discord.gg", "shards": 1, "session_start_limit": limit}))
        }
        "/applications/10/guilds/4/commands" => reply(200, &json!([{"id": "77", "name": "close"}])),
        "/users/@me/guilds" => reply(200, &json!([{"id": "5", "name": "other"}, {"id": "4", "name": "chess club"}])),
        "/channels/1" => reply(200, &channel("1", 0, None)),
        "/channels/2" => reply(200, &channel("2", 4, None)),
        "/guilds/4" => reply(
            200,
            &json!({"id": "4", "name": "chess club", "owner_id": "7", "mfa_level": 0, "approximate_member_count": 70, "roles": roles}),
        ),
        "/guilds/4/roles/member-counts" => reply(200, &json!({"3": 2, "90": 1})),
        "/guilds/4/channels" => {
            let ticket = channel("50", 0, Some("2"));
            reply(200, &json!([channel("1", 0, None), channel("2", 4, None), ticket, {"id": "51", "type": "new"}]))
        }
        "/guilds/5" => {
            let everyone = json!([{"id": "5", "permissions": "0", "name": "@everyone"}]);
            reply(200, &json!({"id": "5", "name": "other", "owner_id": "7", "roles": everyone}))
        }
        "/guilds/5/channels" => reply(200, &json!([])),
        "/guilds/4/members/9" => reply(200, &json!({"roles": ["90"]})),
        _ => reply(404, &json!({"code": 0})),
    }
}

async fn surveyed(transport: Transport) -> Result<Survey, StartError> {
    transport.survey(SOUGHT, midnight).await
}

#[tokio::test]
async fn all_is_found() {
    let discord = discord(|_| None).await;
    let survey = surveyed(discord.transport()).await.unwrap();
    assert_eq!(survey.bot, Named { id: UserId(9), name: "talon".into() });
    assert!(survey.application.is_ok_and(|application| application.content() == Some(true)));
    assert_eq!(survey.clock, Clock::Fast(Duration::from_secs(59)));
    assert_eq!(survey.gateway.unwrap().session_start_limit.map(|limit| limit.remaining), Some(7));
    assert_eq!(survey.commands, Ok(true));
    let home = survey.home.unwrap();
    assert_eq!(home.server.name, "chess club");
    assert_eq!(home.listing, Ok(Listing { channels: 3, tickets: 1 }), "what cannot be read hides no other");
    assert!(matches!(&home.panel, Spot::Here(channel) if channel.kind == Kind::Text));
    assert!(matches!(&home.category, Spot::Here(channel) if channel.kind == Kind::Category));
    assert!(home.support.unwrap().is_some_and(|role| role.mentionable));
    let of_roles = [(RoleId(3), 2), (RoleId(90), 1)].into();
    assert_eq!(home.holders, Holders { members: Some(70), of_roles });
    assert_eq!(home.rights.unwrap().lacks, []);
}

#[tokio::test]
async fn what_the_bot_cannot_see_is_found_all_the_same() {
    let discord = discord(|path| path.starts_with("/channels/").then(|| reply(403, &json!({"code": 50_001})))).await;
    let home = surveyed(discord.transport()).await.unwrap().home.unwrap();
    assert!(matches!((home.panel, home.category), (Spot::Here(_), Spot::Here(_))));
}

#[tokio::test]
async fn an_id_of_nothing_is_missing() {
    let discord = discord(|path| match path {
        "/users/@me/guilds" => Some(reply(200, &json!([{"id": "4", "name": "chess club"}]))),
        "/channels/1" => Some(reply(404, &json!({"code": 0, "message": "404: Not Found"}))),
        "/channels/2" => Some(reply(404, &json!({"code": 10_003}))),
        "/guilds/4/channels" => Some(reply(200, &json!([]))),
        _ => None,
    });
    let home = surveyed(discord.await.transport()).await.unwrap().home.unwrap();
    assert_eq!((home.panel, home.category), (Spot::Missing, Spot::Missing), "the list decides where a code does not");
}

#[tokio::test]
async fn what_discord_refuses_to_show_is_hidden_and_not_gone() {
    let hidden = |listed: Value| {
        discord(move |path| match path {
            "/users/@me/guilds" => Some(reply(200, &json!([{"id": "4", "name": "chess club"}]))),
            "/guilds/4/channels" => Some(reply(200, &listed)),
            path if path.starts_with("/channels/") => Some(reply(403, &json!({"code": 50_001}))),
            _ => None,
        })
    };
    let home = surveyed(hidden(json!([])).await.transport()).await.unwrap().home.unwrap();
    assert_eq!((home.panel, home.category), (Spot::Hidden(ChannelId(1)), Spot::Hidden(ChannelId(2))));
    let rights = home.rights.unwrap();
    assert!(rights.lacks.iter().all(|lack| lack.denier == Some(Denier::Hidden)) && rights.lacks.len() == 2);
}

#[tokio::test]
async fn a_channel_of_another_server_is_told_from_one_that_is_gone() {
    let other = json!({"id": "1", "type": 0, "guild_id": "5", "name": "1", "permission_overwrites": []});
    let discord = discord(move |path| match path {
        "/channels/1" => Some(reply(200, &other)),
        "/guilds/5/channels" => Some(reply(200, &json!([other]))),
        "/guilds/5/roles" => Some(reply(200, &json!([{"id": "5", "permissions": "0", "name": "@everyone"}]))),
        "/guilds/5/members/9" => Some(reply(200, &json!({"roles": []}))),
        "/channels/2" => Some(reply(404, &json!({"code": 10_003}))),
        _ => None,
    });
    let home = surveyed(discord.await.transport()).await.unwrap().home.unwrap();
    assert_eq!(home.server.id, GuildId(5));
    assert!(matches!(home.panel, Spot::Here(_)) && home.category == Spot::Missing);
}

/// One look fails in every way in which it can, and each time this is unknown and the rest is known.
async fn without(look: &'static str, check: impl Fn(&Survey)) {
    let failures: [fn() -> Act; 6] = [
        || reply(403, &json!({"code": 20_001, "message": "no"})),
        || reply(404, &json!({"code": 0, "message": "404: Not Found"})),
        || reply(503, &json!({})),
        || Act::Reply(403, String::new(), "<html>no</html>".into()),
        || Act::Reply(200, String::new(), "<html>log in</html>".into()),
        || reply(200, &json!({})),
    ];
    for failure in failures {
        let discord = discord(move |path| (path == look).then(failure)).await;
        check(&surveyed(discord.transport()).await.unwrap());
    }
}

#[tokio::test]
async fn a_look_that_fails_costs_itself() {
    let known = |survey: &Survey| survey.home.clone().unwrap();
    let all_but_channels = |survey: &Survey| {
        let home = known(survey);
        assert!(home.listing.is_err() && home.support.is_ok_and(|role| role.is_some()));
        assert!(matches!((home.panel, home.category), (Spot::Here(_), Spot::Here(_))), "they tell of themselves");
        assert_eq!(home.rights.unwrap().lacks, []);
    };
    without("/guilds/4/channels", all_but_channels).await;
    without("/guilds/4/members/9", |survey| {
        let home = known(survey);
        assert!(home.rights.is_err() && home.listing.is_ok() && home.support.is_ok());
    })
    .await;
    without("/users/@me/guilds", |survey| assert_eq!(known(survey).server.name, "chess club")).await;
    without("/oauth2/applications/@me", |survey| assert!(survey.application.is_err() && known(survey).rights.is_ok()))
        .await;
    without("/guilds/4/roles/member-counts", |survey| {
        let home = known(survey);
        assert!(home.holders.of_roles.is_empty() && home.support.is_ok() && home.rights.is_ok());
    })
    .await;
    without("/channels/1", |survey| assert!(matches!(known(survey).panel, Spot::Here(_)))).await;
}

#[tokio::test]
async fn a_server_that_keeps_its_roles_to_themselves_is_asked_for_them() {
    let roles = || json!([{"id": "4", "permissions": "0", "name": "@everyone"}, {"id": "3", "permissions": "0", "name": "support"}, {"id": "90", "permissions": "257040", "name": "talon"}]);
    for told in [json!({"id": "4", "name": "chess club"}), json!({"code": 0, "message": "404: Not Found"})] {
        let whole = told.get("id").is_some();
        let discord = discord(move |path| match path {
            "/guilds/4" => Some(reply(if whole { 200 } else { 404 }, &told)),
            "/guilds/4/roles" => Some(reply(200, &roles())),
            _ => None,
        });
        let home = surveyed(discord.await.transport()).await.unwrap().home.unwrap();
        assert_eq!((home.rights.unwrap().lacks, home.server.name.as_str()), (vec![], "chess club"));
        assert!(home.support.unwrap().is_some() && home.wants_two_factor.is_err());
    }
    let silent = discord(|path| {
        path.starts_with("/guilds/4/")
            .then(|| reply(404, &json!({"code": 0})))
            .or_else(|| (path == "/guilds/4").then(|| reply(200, &json!({"id": "4", "name": "chess club"}))))
    });
    let home = surveyed(silent.await.transport()).await.unwrap().home.unwrap();
    assert!(home.support.is_err() && home.rights.is_err(), "no role at all is not told, and not lacking");
}

#[tokio::test]
async fn a_server_with_nothing_of_it_is_not_home() {
    let of = |body: Value| discord(move |path| (path == "/users/@me/guilds").then(|| reply(200, &body)));
    let none = of(json!([])).await;
    assert_eq!(surveyed(none.transport()).await.unwrap().home, Err(Homeless::NoServer));

    let strangers = json!([{"id": "5", "name": "other"}, {"id": "5", "name": "twin"}]);
    let elsewhere = discord(move |path| match path {
        "/users/@me/guilds" => Some(reply(200, &strangers)),
        path if path.starts_with("/channels/") => Some(reply(404, &json!({"code": 10_003}))),
        _ => None,
    });
    let home = surveyed(elsewhere.await.transport()).await.unwrap().home;
    assert!(matches!(home, Err(Homeless::Elsewhere(servers)) if servers.len() == 2));

    let of_two = |status: u16, body: Value| {
        discord(move |path| match path {
            "/users/@me/guilds" => {
                Some(reply(200, &json!([{"id": "5", "name": "other"}, {"id": "6", "name": "third"}])))
            }
            "/guilds/6" => Some(reply(200, &json!({"id": "6", "roles": [{"id": "6", "permissions": "0"}]}))),
            "/guilds/6/channels" => Some(reply(200, &json!([]))),
            path if path.starts_with("/channels/") => Some(reply(status, &body)),
            _ => None,
        })
    };
    let hidden = of_two(403, json!({"code": 50_001})).await;
    let home = surveyed(hidden.transport()).await.unwrap().home;
    assert!(matches!(home, Err(Homeless::Hidden(servers)) if servers.len() == 2), "it may be in one of them");
    let lost = of_two(503, json!({})).await;
    assert!(matches!(surveyed(lost.transport()).await.unwrap().home, Err(Homeless::Unknown(_))));
}

#[tokio::test]
async fn what_discord_does_not_tell_is_unknown() {
    let silent = discord(|path| (path != "/users/@me").then(|| reply(503, &json!({})))).await;
    let survey = surveyed(silent.transport()).await.unwrap();
    let why = Untold("discord answers with status 503".to_owned());
    assert_eq!((survey.application, survey.home), (Err(why.clone()), Err(Homeless::Unknown(why))));

    let closed = discord(|_| Some(reply(401, &json!({})))).await;
    assert!(matches!(surveyed(closed.transport()).await, Err(StartError::TokenRejected)));
    let gone = discord(|_| Some(Act::Reset)).await;
    assert!(matches!(surveyed(gone.transport()).await, Err(StartError::Unreachable { .. })));
}

#[test]
fn a_clock_is_right_within_the_second_and_the_way_there_and_back() {
    let at = |millis: u64| SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
    let read = |asked, date: u64, came| Clock::read(at(asked), Some(at(date)), at(came));
    let right = Clock::Slow(Duration::ZERO);
    assert_eq!(read(10_200, 10_000, 10_300), right);
    assert_eq!(read(10_999, 10_000, 11_500), right);
    assert_eq!(read(9_500, 10_000, 10_500), right);
    assert_eq!(read(14_000, 10_000, 14_100), Clock::Fast(Duration::from_secs(3)));
    assert_eq!(read(6_900, 10_000, 7_000), Clock::Slow(Duration::from_secs(3)));
    assert_eq!(Clock::read(at(0), None, at(0)), Clock::Untold);
}

#[tokio::test]
async fn a_bot_invited_without_commands_is_told_from_one_that_nothing_was_told_of() {
    for (status, code, expected) in [(403, 50_001, Some(false)), (503, 0, None)] {
        let body = json!({"message": "Missing Access", "code": code});
        let discord = discord(move |path| path.ends_with("/commands").then(|| reply(status, &body))).await;
        assert_eq!(surveyed(discord.transport()).await.unwrap().commands.ok(), expected);
    }
}
