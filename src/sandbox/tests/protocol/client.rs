//! The sandbox under a client that was not written for it: the real serenity, over real sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use serenity::all::{
    ButtonStyle, ChannelId, Client, Context, CreateActionRow, CreateButton, CreateInteractionResponse,
    CreateInteractionResponseMessage, CreateMessage, EventHandler, GatewayIntents, GuildId, Http, HttpBuilder,
    Interaction, Message, Ready, ResumedEvent,
};

use talon_sandbox::*;

/// Answers a press in private, and echoes `ping`.
#[derive(Clone, Default)]
struct Echo {
    resumed: Arc<AtomicUsize>,
}

#[serenity::async_trait]
impl EventHandler for Echo {
    async fn ready(&self, context: Context, _: Ready) {
        let _ = context.http.get_current_application_info().await;
    }

    async fn message(&self, context: Context, message: Message) {
        if message.content == "ping" {
            message.reply(&context.http, "pong").await.expect("the reply is taken");
        }
    }

    async fn interaction_create(&self, context: Context, interaction: Interaction) {
        let Interaction::Component(press) = interaction else { return };
        let words = CreateInteractionResponseMessage::new().content("pressed").ephemeral(true);
        press
            .create_response(&context.http, CreateInteractionResponse::Message(words))
            .await
            .expect("the answer is taken");
    }

    async fn resume(&self, _: Context, _: ResumedEvent) {
        self.resumed.fetch_add(1, Ordering::SeqCst);
    }
}

struct Rig {
    sandbox: Sandbox,
    http: Arc<Http>,
    echo: Echo,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn rig() -> Rig {
    let sandbox = Sandbox::start(Setup::default()).expect("loopback is free");
    let echo = Echo::default();
    let http = HttpBuilder::new(sandbox.token()).proxy(sandbox.base_url()).ratelimiter_disabled(true).build();
    let intents = GatewayIntents::GUILDS | GatewayIntents::GUILD_MESSAGES | GatewayIntents::MESSAGE_CONTENT;
    let builder = serenity::client::ClientBuilder::new_with_http(http, intents).event_handler(echo.clone());
    let mut client: Client = builder.await.expect("the client builds");
    let http = Arc::clone(&client.http);
    let task = tokio::spawn(async move {
        let _ = client.start().await;
    });
    sandbox.ready().await;
    Rig { sandbox, http, echo, task }
}

#[tokio::test]
async fn serenity_hears_a_message_and_replies() {
    let rig = rig().await;
    let ids = rig.sandbox.ids();
    rig.sandbox.say(ids.alice, ids.lounge, "ping").expect("alice may write");
    let pong = rig.sandbox.until("the bot replied", |world| {
        world.messages_seen(ids.bob, ids.lounge).into_iter().find(|message| message.content == "pong")
    });
    assert!(pong.await.reply_to.is_some());
}

#[tokio::test]
async fn serenity_answers_a_press_in_private() {
    let rig = rig().await;
    let ids = rig.sandbox.ids();
    let button = CreateButton::new("go").label("go").style(ButtonStyle::Primary);
    let message = CreateMessage::new().content("press").components(vec![CreateActionRow::Buttons(vec![button])]);
    ChannelId::new(ids.panel.get()).send_message(&rig.http, message).await.expect("the bot may write");
    let press = rig.sandbox.press(ids.alice, ids.panel, "go").expect("there is a button");
    let reply = rig.sandbox.answered(press).await.expect("there is an answer");
    assert_eq!((reply.content.as_str(), reply.ephemeral), ("pressed", true));
    assert_eq!(rig.sandbox.messages(ids.alice, ids.panel).len(), 2);
    assert_eq!(rig.sandbox.messages(ids.bob, ids.panel).len(), 1);
}

#[tokio::test]
async fn serenity_resumes_and_hears_what_it_missed() {
    let rig = rig().await;
    let ids = rig.sandbox.ids();
    rig.sandbox.refuse_gateway(true);
    rig.sandbox.drop_gateway();
    rig.sandbox.say(ids.alice, ids.lounge, "ping").expect("alice may write");
    rig.sandbox.refuse_gateway(false);
    rig.sandbox
        .until("the missed message was answered", |world| {
            world.messages_seen(ids.bob, ids.lounge).into_iter().find(|message| message.content == "pong")
        })
        .await;
}

#[tokio::test]
async fn serenity_makes_and_deletes_a_channel() {
    let rig = rig().await;
    let ids = rig.sandbox.ids();
    let wish = json!({ "name": "Ticket Alice", "parent_id": ids.category, "permission_overwrites": [
        { "id": ids.guild, "type": 0, "deny": "1024" },
        { "id": ids.bot, "type": 1, "allow": "3088" },
    ]});
    let channel =
        rig.http.create_channel(GuildId::new(ids.guild.get()), &wish, Some("a ticket")).await.expect("allowed");
    assert_eq!(channel.name, "ticket-alice");
    assert!(!rig.sandbox.channels(ids.alice).iter().any(|seen| seen.name == "ticket-alice"));
    let reason = rig.sandbox.look(|world| world.audit.back().and_then(|entry| entry.reason.clone()));
    assert_eq!(reason.as_deref(), Some("a ticket"));
    rig.http.delete_channel(channel.id, None).await.expect("allowed");
    assert!(rig.sandbox.look(|world| world.children_of(ids.category).is_empty()));
}

#[tokio::test]
async fn a_held_call_waits_for_the_test() {
    let rig = rig().await;
    let ids = rig.sandbox.ids();
    let mut hold = rig.sandbox.hold("POST /channels/*/messages", When::After);
    rig.sandbox.say(ids.alice, ids.lounge, "ping").expect("alice may write");
    hold.reached().await;
    assert_eq!(rig.sandbox.messages(ids.bob, ids.lounge).len(), 2);
    assert_eq!(rig.sandbox.calls_matching("POST /channels/*/messages")[0].ending, Ending::Pending);
    hold.release();
    rig.sandbox.until_called("POST /channels/*/messages", 1).await;
    assert_eq!(rig.echo.resumed.load(Ordering::SeqCst), 0);
}

/// What a call under `/sandbox` answers.
async fn by_hand(rig: &Rig, method: reqwest::Method, path: &str) -> serde_json::Value {
    let url = format!("{}/sandbox/{path}", rig.sandbox.base_url());
    let request = reqwest::Client::builder().no_proxy().build().expect("a client").request(method, url);
    let text = request.send().await.expect("an answer").text().await.expect("a text");
    serde_json::from_str(&text).expect("JSON")
}

#[tokio::test]
async fn a_press_from_a_terminal_shows_what_comes_of_it() {
    let rig = rig().await;
    let ids = rig.sandbox.ids();
    let button = CreateButton::new("go").label("go").style(ButtonStyle::Primary);
    let message = CreateMessage::new().content("press").components(vec![CreateActionRow::Buttons(vec![button])]);
    ChannelId::new(ids.panel.get()).send_message(&rig.http, message).await.expect("the bot may write");
    let shown = by_hand(&rig, reqwest::Method::POST, "press?as=alice").await;
    assert_eq!(shown["progress"], "answered");
    assert_eq!(shown["reply"]["content"], "pressed");
    let said = by_hand(&rig, reqwest::Method::POST, "say?as=bob&text=hi&channel=lounge").await;
    assert_eq!(said["channel"], ids.lounge.to_string());
    let view = by_hand(&rig, reqwest::Method::GET, "view?as=bob").await;
    assert_eq!(view["as"]["name"], "Bob");
    let mistaken = by_hand(&rig, reqwest::Method::GET, "view?as=nobody").await;
    assert_eq!(mistaken["error"], "there is no such person");
}
