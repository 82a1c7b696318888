use serde_json::{Value, json};

use super::*;
use crate::discord::guild::Application;
use crate::discord::lookup::BotGateway;
use crate::discord::scripted_server::{Reaction, ScriptedServer};
use crate::ids::{ApplicationId, Owner, RequestId, UserId};
use crate::lifecycle::ChannelName;

const PLACE: Place = Place::EXAMPLE;
const GUILD: GuildId = GuildId(4);
const DELETE: Request = Request::DeleteChannel { channel: ChannelId(50) };

fn respond(status: u16, body: &Value) -> Reaction {
    Reaction::Respond(status, String::new(), body.to_string())
}

fn forbidden(code: u64) -> Reaction {
    respond(403, &json!({"message": "Missing Permissions", "code": code}))
}

fn create() -> Request {
    let owner = Owner { guild: GUILD, member: UserId(7) };
    Request::CreateChannel { owner, name: ChannelName::Neutral, request_id: RequestId(60), attempt: 0, number: None }
}

/// A server in which the bot has only View Channel; the request `visible` for a channel is answered, others are forbidden.
async fn forbidding_server(visible: &'static str) -> ScriptedServer {
    ScriptedServer::new(move |_, head| match head.split(" HTTP").next().unwrap_or_default() {
        "GET /api/v10/guilds/4" => {
            let roles = json!([{"id": "4", "permissions": "1024"}, {"id": "91", "permissions": "8"}]);
            respond(200, &json!({"id": "4", "owner_id": "1", "roles": roles}))
        }
        "GET /api/v10/guilds/4/members/9" => respond(200, &json!({"user": {"id": "9"}, "roles": []})),
        line if line == visible => respond(200, &json!({"id": "50", "guild_id": "4", "permission_overwrites": []})),
        line if line.starts_with("GET") => forbidden(50_001),
        _ => forbidden(50_013),
    })
    .await
}

#[tokio::test]
async fn a_call_is_executed() {
    let discord = ScriptedServer::new(|_, _| respond(201, &json!({"id": "50", "type": 0}))).await;
    let client = Client::new(discord.transport(), PLACE);
    assert_eq!(client.execute(&create()).await, Outcome::Created(ChannelId(50)));
    assert_eq!(discord.requests().len(), 1);
}

#[tokio::test]
async fn no_response_is_unknown() {
    let discord = ScriptedServer::new(|_, _| Reaction::Reset).await;
    let client = Client::new(discord.transport(), PLACE);
    assert_eq!(client.execute(&create()).await, Outcome::Indeterminate);
    assert_eq!(discord.requests().len(), 1, "and is not tried again");
}

#[tokio::test]
async fn a_forbidden_call_names_the_missing_permission() {
    let discord = forbidding_server("GET /api/v10/channels/50").await;
    let client = Client::new(discord.transport(), PLACE);
    let missing = ApiError::Forbidden(vec![Permission::ManageChannels]);
    assert_eq!(client.execute(&DELETE).await, Outcome::Refused(missing));
}

#[tokio::test]
async fn an_empty_list_of_messages_counts_only_if_the_bot_may_read() {
    const READ: Request = Request::ReadChannel { channel: ChannelId(50), after: None };
    let unused = Outcome::Read { welcome: false, announcement: None, replied: false, others: false };
    let server = async |permissions: &'static str| {
        ScriptedServer::new(move |_, head| match head.split(" HTTP").next().unwrap_or_default() {
            "GET /api/v10/channels/50/messages?&limit=100&after=50" => respond(200, &json!([])),
            "GET /api/v10/channels/50" => {
                respond(200, &json!({"id": "50", "guild_id": "4", "permission_overwrites": []}))
            }
            "GET /api/v10/guilds/4" => {
                let roles = json!([{"id": "4", "permissions": permissions}]);
                respond(200, &json!({"id": "4", "owner_id": "1", "roles": roles}))
            }
            "GET /api/v10/guilds/4/members/9" => respond(200, &json!({"user": {"id": "9"}, "roles": []})),
            other => panic!("unexpected request {other}"),
        })
        .await
    };
    let missing = Outcome::Refused(ApiError::Forbidden(vec![Permission::ReadMessageHistory]));
    // View Channel; View Channel and Read Message History.
    for (permissions, answer) in [("1024", missing), ("66560", unused)] {
        let discord = server(permissions).await;
        assert_eq!(Client::new(discord.transport(), PLACE).execute(&READ).await, answer);
        assert_eq!(discord.requests().len(), 4);
    }
}

#[tokio::test]
async fn a_channel_that_cannot_be_fetched_lacks_view_channel() {
    let discord = forbidding_server("").await;
    let client = Client::new(discord.transport(), PLACE);
    let missing = ApiError::Forbidden(vec![Permission::ViewChannel]);
    assert_eq!(client.execute(&DELETE).await, Outcome::Refused(missing));
}

#[tokio::test]
async fn a_bot_that_was_removed_lacks_no_permission() {
    let discord = ScriptedServer::new(|_, _| forbidden(50_001)).await;
    let client = Client::new(discord.transport(), PLACE);
    assert_eq!(client.execute(&create()).await, Outcome::Refused(ApiError::NotInGuild));
    // A category that is hidden from it is another matter.
    let discord = forbidding_server("").await;
    let missing = ApiError::Forbidden(vec![Permission::ViewChannel]);
    assert_eq!(Client::new(discord.transport(), PLACE).execute(&create()).await, Outcome::Refused(missing));
}

#[tokio::test]
async fn a_failed_lookup_changes_nothing() {
    let discord = ScriptedServer::new(|number, _| match number {
        0 => forbidden(50_013),
        _ => respond(500, &json!({})),
    })
    .await;
    let client = Client::new(discord.transport(), PLACE);
    assert_eq!(client.execute(&DELETE).await, Outcome::Refused(ApiError::Forbidden(vec![])));
}

#[tokio::test]
async fn administrators_are_recognized() {
    let discord = forbidding_server("").await;
    let client = Client::new(discord.transport(), PLACE);
    assert_eq!(client.fetch_admin_status(GUILD, UserId(1), &[]).await, AdminStatus::Administrator);
    assert_eq!(client.fetch_admin_status(GUILD, UserId(7), &[RoleId(91)]).await, AdminStatus::Administrator);
    assert_eq!(client.fetch_admin_status(GUILD, UserId(7), &[]).await, AdminStatus::Member);
    assert_eq!(client.fetch_admin_status(GuildId(5), UserId(7), &[]).await, AdminStatus::Unknown);
}

#[tokio::test]
async fn the_start_learns_the_bot_the_gateway_and_the_application() {
    let discord = ScriptedServer::new(|_, head| match head {
        head if head.starts_with("GET /api/v10/users/@me ") => respond(200, &json!({"id": "9", "username": "talon"})),
        head if head.starts_with("GET /api/v10/gateway/bot ") => {
            let limit = json!({"total": 1000, "remaining": 999, "reset_after": 14_400_000, "max_concurrency": 1});
            respond(200, &json!({"url": "wss://gateway.discord.gg", "shards": 1, "session_start_limit": limit}))
        }
        head if head.starts_with("GET /api/v10/oauth2/applications/@me ") => {
            respond(200, &json!({"id": "8", "flags": (1 << 19) | (1 << 23)}))
        }
        _ => respond(404, &json!({})),
    })
    .await;
    let transport = discord.transport();
    assert_eq!(transport.fetch_bot_id().await.unwrap(), UserId(9));
    let gateway = transport.fetch_gateway().await.unwrap();
    assert_eq!((gateway.url.as_str(), gateway.shards), ("wss://gateway.discord.gg", 1));
    assert_eq!(gateway.session_start_limit.unwrap().remaining, 999);
    assert_eq!(
        transport.fetch_application().await.unwrap(),
        Application { id: ApplicationId(8), flags: Some(1 << 19 | 1 << 23) }
    );
}

#[tokio::test]
async fn application_flags_show_the_message_content_intent() {
    let cases = [
        (json!({"flags": 1 << 18}), Some(true), true),
        (json!({"flags": 1 << 19}), Some(true), true),
        (json!({"flags": 1 << 15}), Some(false), false),
        // Switched off, or a server that keeps no flags: only an attempt shows.
        (json!({"flags": 0}), Some(false), true),
        (json!({"flags": "524288"}), Some(true), true),
        (json!({"flags": null}), None, true),
        (json!({}), None, true),
    ];
    for (mut body, content, may_request) in cases {
        body["id"] = json!("8");
        let name = body.to_string();
        let discord = ScriptedServer::new(move |_, _| respond(200, &body)).await;
        let application = discord.transport().fetch_application().await.unwrap();
        assert_eq!(
            (application.has_message_content(), application.may_request_message_content()),
            (content, may_request),
            "{name}"
        );
    }
}

#[tokio::test]
async fn only_the_url_of_the_gateway_is_required() {
    let cases = [
        ("gateway/bot", json!({}), 1),
        ("gateway/bot", json!({"shards": null, "session_start_limit": null}), 1),
        ("gateway/bot", json!({"shards": 0, "session_start_limit": {}}), 1),
        ("gateway/bot", json!({"shards": "2", "session_start_limit": "none"}), 2),
        ("gateway", json!({}), 1),
    ];
    for (route, mut body, shards) in cases {
        body["url"] = json!("ws://there");
        let (line, name) = (format!("GET /api/v10/{route} "), format!("{route} {body}"));
        let discord = ScriptedServer::new(move |_, head| match head {
            head if head.starts_with(&line) => respond(200, &body),
            _ => respond(404, &json!({"message": "404: Not Found", "code": 0})),
        })
        .await;
        let gateway = BotGateway { url: "ws://there".into(), shards, session_start_limit: None };
        assert_eq!(discord.transport().fetch_gateway().await.unwrap(), gateway, "{name}");
    }
}
