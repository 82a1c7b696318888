//! The sandbox under a second client that was not written for it. Where serenity lets odd shapes pass in silence,
//! twilight refuses them: an event or an answer that does not fit its model fails the story.

mod asking;
mod limits;
mod listening;
mod pressing;
mod richer;

use std::time::Duration;

use twilight_gateway::error::ReceiveMessageErrorType;
use twilight_gateway::queue::InMemoryQueue;
use twilight_gateway::{ConfigBuilder, EventTypeFlags, Intents, Shard, ShardId, StreamExt};
use twilight_http::error::ErrorType;
use twilight_http::{Client, Error, api_error::ApiError};
use twilight_model::channel::message::component::{ActionRow, Button, ButtonStyle, Component};
use twilight_model::gateway::event::Event;
use twilight_model::id::Id;

use talon_sandbox::world::Snowflake;
use talon_sandbox::*;

/// A sandbox with twilight in it: its REST client with its rate limiter on, and one shard that is connected.
struct Rig {
    sandbox: Sandbox,
    http: Client,
    shard: Shard,
}

async fn rig() -> Rig {
    let sandbox = Sandbox::start(Setup::default()).expect("loopback is free");
    let host = sandbox.base_url().replace("http://", "");
    let http = Client::builder().token(sandbox.token().to_owned()).proxy(host, true).build();
    let shard = shard(&sandbox, Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT);
    let mut rig = Rig { sandbox, http, shard };
    rig.hear(|event| matches!(event, Event::GuildCreate(_)).then_some(())).await;
    rig
}

/// A shard that starts a session whenever it likes: the sandbox counts only where its limits are on.
fn shard(sandbox: &Sandbox, intents: Intents) -> Shard {
    let at_once = InMemoryQueue::new(0, 1000, Duration::ZERO, 1000);
    let url = sandbox.base_url().replace("http", "ws");
    let config = ConfigBuilder::new(sandbox.token().to_owned(), intents).proxy_url(url).queue(at_once).build();
    Shard::with_config(ShardId::ONE, config)
}

impl Rig {
    /// Listens until an event is the one that is awaited. A lost connection is twilight's to mend; anything that it
    /// cannot read is a mistake of the sandbox.
    async fn hear<T>(&mut self, pick: impl FnMut(Event) -> Option<T>) -> T {
        let heard = hear(&mut self.shard, pick);
        tokio::time::timeout(Duration::from_secs(10), heard).await.expect("the event comes")
    }
}

async fn hear<T>(shard: &mut Shard, mut pick: impl FnMut(Event) -> Option<T>) -> T {
    loop {
        match shard.next_event(EventTypeFlags::all()).await.expect("the shard lives") {
            Ok(event) => {
                if let Some(found) = pick(event) {
                    return found;
                }
            }
            Err(error) if matches!(error.kind(), ReceiveMessageErrorType::Reconnect) => {}
            Err(error) => panic!("twilight cannot read this: {error:?}"),
        }
    }
}

/// The sandbox's id as twilight's, whatever it is the id of.
fn id<T>(id: Snowflake) -> Id<T> {
    Id::new(id.get())
}

/// The status and the code with which a call was refused.
fn refused<T>(answer: Result<T, Error>) -> (u16, u64) {
    let Err(error) = answer else { panic!("the call is refused") };
    match error.kind() {
        ErrorType::Response { error: ApiError::General(error), status, .. } => (status.get(), error.code),
        other => panic!("no refusal of Discord's: {other:?}"),
    }
}

fn row(custom_id: &str) -> Component {
    let button = Button {
        custom_id: Some(custom_id.to_owned()),
        disabled: false,
        emoji: None,
        id: None,
        label: Some(custom_id.to_owned()),
        sku_id: None,
        style: ButtonStyle::Primary,
        url: None,
    };
    Component::ActionRow(ActionRow { components: vec![Component::Button(button)], id: None })
}
