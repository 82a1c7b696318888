use serde_json::{Value, json};

use super::*;
use crate::discord::estate::Application;
use crate::discord::standin::{Act, StandIn};
use crate::discord::start::Gateway;
use crate::ids::{ApplicationId, Intent, Owner, UserId};
use crate::lifecycle::ChannelName;

const PLACE: Place = Place::EXAMPLE;
const GUILD: GuildId = GuildId(4);
const DELETE: Call = Call::DeleteChannel { channel: ChannelId(50) };

fn reply(status: u16, body: &Value) -> Act {
    Act::Reply(status, String::new(), body.to_string())
}

fn forbidden(code: u64) -> Act {
    reply(403, &json!({"message": "Missing Permissions", "code": code}))
}

fn create() -> Call {
    let owner = Owner { guild: GUILD, member: UserId(7) };
    Call::CreateChannel { owner, name: ChannelName::Neutral, intent: Intent(60), attempt: 0, number: None }
}

/// A server whose bot may see and nothing more, and which lets it look at `visible` channels alone.
async fn forbidding(visible: &'static str) -> StandIn {
    StandIn::new(move |_, head| match head.split(" HTTP").next().unwrap_or_default() {
        "GET /api/v10/guilds/4" => {
            let roles = json!([{"id": "4", "permissions": "1024"}, {"id": "91", "permissions": "8"}]);
            reply(200, &json!({"id": "4", "owner_id": "1", "roles": roles}))
        }
        "GET /api/v10/guilds/4/members/9" => reply(200, &json!({"user": {"id": "9"}, "roles": []})),
        line if line == visible => reply(200, &json!({"id": "50", "guild_id": "4", "permission_overwrites": []})),
        line if line.starts_with("GET") => forbidden(50_001),
        _ => forbidden(50_013),
    })
    .await
}

#[tokio::test]
async fn a_call_is_performed() {
    let discord = StandIn::new(|_, _| reply(201, &json!({"id": "50", "type": 0}))).await;
    let client = Client::new(discord.transport(), PLACE);
    assert_eq!(client.perform(&create()).await, Answer::Created(ChannelId(50)));
    assert_eq!(discord.heard().len(), 1);
}

#[tokio::test]
async fn no_reply_is_unknown() {
    let discord = StandIn::new(|_, _| Act::Reset).await;
    let client = Client::new(discord.transport(), PLACE);
    assert_eq!(client.perform(&create()).await, Answer::Unknown);
    assert_eq!(discord.heard().len(), 1, "and is not tried again");
}

#[tokio::test]
async fn what_is_forbidden_is_looked_into() {
    let discord = forbidding("GET /api/v10/channels/50").await;
    let client = Client::new(discord.transport(), PLACE);
    let lacks = Refusal::Forbidden(vec![Right::ManageChannels]);
    assert_eq!(client.perform(&DELETE).await, Answer::Refused(lacks));
}

#[tokio::test]
async fn a_channel_that_looks_unused_is_so_only_to_a_bot_that_may_read() {
    const READ: Call = Call::ReadChannel { channel: ChannelId(50), after: None };
    let unused = Answer::Read { welcome: false, announcement: None, replied: false, others: false };
    let holding = async |rights: &'static str| {
        StandIn::new(move |_, head| match head.split(" HTTP").next().unwrap_or_default() {
            "GET /api/v10/channels/50/messages?&limit=100&after=50" => reply(200, &json!([])),
            "GET /api/v10/channels/50" => {
                reply(200, &json!({"id": "50", "guild_id": "4", "permission_overwrites": []}))
            }
            "GET /api/v10/guilds/4" => {
                let roles = json!([{"id": "4", "permissions": rights}]);
                reply(200, &json!({"id": "4", "owner_id": "1", "roles": roles}))
            }
            "GET /api/v10/guilds/4/members/9" => reply(200, &json!({"user": {"id": "9"}, "roles": []})),
            other => panic!("{other} is asked for"),
        })
        .await
    };
    let lacks = Answer::Refused(Refusal::Forbidden(vec![Right::ReadMessageHistory]));
    // View Channel; the same and Read Message History.
    for (rights, answer) in [("1024", lacks), ("66560", unused)] {
        let discord = holding(rights).await;
        assert_eq!(Client::new(discord.transport(), PLACE).perform(&READ).await, answer);
        assert_eq!(discord.heard().len(), 4);
    }
}

#[tokio::test]
async fn a_channel_that_may_not_be_looked_at_may_not_be_seen() {
    let discord = forbidding("").await;
    let client = Client::new(discord.transport(), PLACE);
    let lacks = Refusal::Forbidden(vec![Right::ViewChannel]);
    assert_eq!(client.perform(&DELETE).await, Answer::Refused(lacks));
}

#[tokio::test]
async fn a_failure_to_look_changes_nothing() {
    let discord = StandIn::new(|number, _| match number {
        0 => forbidden(50_013),
        _ => reply(500, &json!({})),
    })
    .await;
    let client = Client::new(discord.transport(), PLACE);
    assert_eq!(client.perform(&DELETE).await, Answer::Refused(Refusal::Forbidden(vec![])));
}

#[tokio::test]
async fn administrators_are_known() {
    let discord = forbidding("").await;
    let client = Client::new(discord.transport(), PLACE);
    assert_eq!(client.is_administrator(GUILD, UserId(1), &[]).await, Standing::Administrator);
    assert_eq!(client.is_administrator(GUILD, UserId(7), &[RoleId(91)]).await, Standing::Administrator);
    assert_eq!(client.is_administrator(GUILD, UserId(7), &[]).await, Standing::Member);
    assert_eq!(client.is_administrator(GuildId(5), UserId(7), &[]).await, Standing::Unknown);
}

#[tokio::test]
async fn the_start_learns_who_and_where() {
    let discord = StandIn::new(|_, head| match head {
        head if head.starts_with("GET /api/v10/users/@me ") => reply(200, &json!({"id": "9", "username": "talon"})),
        head if head.starts_with("GET /api/v10/gateway/bot ") => {
            let limit = json!({"total": 1000, "remaining": 999, "reset_after": 14_400_000, "max_concurrency": 1});
            reply(200, &json!({"url": "wss://gateway.discord.gg", "shards": 1, "session_start_limit": limit}))
        }
        head if head.starts_with("GET /api/v10/oauth2/applications/@me ") => {
            reply(200, &json!({"id": "8", "flags": (1 << 19) | (1 << 23)}))
        }
        _ => reply(404, &json!({})),
    })
    .await;
    let transport = discord.transport();
    assert_eq!(transport.me().await.unwrap(), UserId(9));
    let gateway = transport.gateway().await.unwrap();
    assert_eq!((gateway.url.as_str(), gateway.shards), ("wss://gateway.discord.gg", 1));
    assert_eq!(gateway.session_start_limit.unwrap().remaining, 999);
    assert_eq!(
        transport.application().await.unwrap(),
        Application { id: ApplicationId(8), flags: Some(1 << 19 | 1 << 23) }
    );
}

#[tokio::test]
async fn an_application_tells_whether_it_reads_messages() {
    let cases = [
        (json!({"flags": 1 << 18}), Some(true), true),
        (json!({"flags": 1 << 19}), Some(true), true),
        (json!({"flags": 1 << 15}), Some(false), false),
        // Switched off, or a server that keeps no flags: whoever asks is told.
        (json!({"flags": 0}), Some(false), true),
        (json!({"flags": "524288"}), Some(true), true),
        (json!({"flags": null}), None, true),
        (json!({}), None, true),
    ];
    for (mut told, content, may_read) in cases {
        told["id"] = json!("8");
        let name = told.to_string();
        let discord = StandIn::new(move |_, _| reply(200, &told)).await;
        let application = discord.transport().application().await.unwrap();
        assert_eq!((application.content(), application.may_read()), (content, may_read), "{name}");
    }
}

#[tokio::test]
async fn of_the_gateway_only_the_address_must_be_told() {
    let cases = [
        ("gateway/bot", json!({}), 1),
        ("gateway/bot", json!({"shards": null, "session_start_limit": null}), 1),
        ("gateway/bot", json!({"shards": 0, "session_start_limit": {}}), 1),
        ("gateway/bot", json!({"shards": "2", "session_start_limit": "none"}), 2),
        ("gateway", json!({}), 1),
    ];
    for (route, mut told, shards) in cases {
        told["url"] = json!("ws://there");
        let (line, name) = (format!("GET /api/v10/{route} "), format!("{route} {told}"));
        let discord = StandIn::new(move |_, head| match head {
            head if head.starts_with(&line) => reply(200, &told),
            _ => reply(404, &json!({"message": "404: Not Found", "code": 0})),
        })
        .await;
        let gateway = Gateway { url: "ws://there".into(), shards, session_start_limit: None };
        assert_eq!(discord.transport().gateway().await.unwrap(), gateway, "{name}");
    }
}
