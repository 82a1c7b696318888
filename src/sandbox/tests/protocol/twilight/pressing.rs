//! Interactions: a button, its answer in all its ways, and a command.

use twilight_http::client::InteractionClient;
use twilight_model::application::command::CommandType;
use twilight_model::application::interaction::{Interaction, InteractionData, InteractionType};
use twilight_model::channel::message::MessageFlags;
use twilight_model::gateway::event::Event;
use twilight_model::http::interaction::{InteractionResponse, InteractionResponseData, InteractionResponseType};

use super::{Rig, id, refused, rig, row};
use talon_sandbox::world::{Progress, Snowflake};

impl Rig {
    /// Puts up a button, lets Alice press it, and gives the press as twilight hears it.
    pub(super) async fn press(&mut self) -> (Snowflake, Interaction) {
        let ids = self.sandbox.ids();
        self.http.create_message(id(ids.panel)).content("press").components(&[row("go")]).await.expect("the bot may");
        let press = self.sandbox.press(ids.alice, ids.panel, "go").expect("there is a button");
        (press, self.interaction().await)
    }

    pub(super) async fn interaction(&mut self) -> Interaction {
        self.hear(|event| if let Event::InteractionCreate(heard) = event { Some(heard.0) } else { None }).await
    }

    pub(super) fn answers(&self) -> InteractionClient<'_> {
        self.http.interaction(id(self.sandbox.ids().application))
    }

    pub(super) async fn answer(
        &self,
        to: &Interaction,
        kind: InteractionResponseType,
        content: Option<&str>,
    ) -> Result<(), twilight_http::Error> {
        let data = InteractionResponseData {
            content: content.map(str::to_owned),
            flags: Some(MessageFlags::EPHEMERAL),
            ..InteractionResponseData::default()
        };
        let response = InteractionResponse { kind, data: Some(data) };
        self.answers().create_response(to.id, &to.token, &response).await.map(drop)
    }
}

#[tokio::test]
async fn a_press_is_heard_whole_and_answered_in_private() {
    let mut rig = rig().await;
    let ids = rig.sandbox.ids();
    let (press, heard) = rig.press().await;
    assert_eq!(heard.kind, InteractionType::MessageComponent);
    assert!(matches!(&heard.data, Some(InteractionData::MessageComponent(data)) if data.custom_id == "go"));
    assert_eq!((heard.author_id(), heard.guild_id), (Some(id(ids.alice)), Some(id(ids.guild))));
    assert_eq!(heard.message.as_ref().map(|message| message.content.as_str()), Some("press"));
    assert!(heard.member.as_ref().is_some_and(|member| member.permissions.is_some()));
    rig.answer(&heard, InteractionResponseType::ChannelMessageWithSource, Some("psst")).await.expect("it is in time");
    let reply = rig.sandbox.reply(press).expect("there is an answer");
    assert_eq!((reply.content.as_str(), reply.ephemeral), ("psst", true));
    let again = rig.answer(&heard, InteractionResponseType::ChannelMessageWithSource, Some("again")).await;
    assert_eq!(refused(again), (400, 40060));
    let original = rig.answers().response(&heard.token).await.expect("it is there").model().await.expect("a model");
    assert!(original.flags.is_some_and(|flags| flags.contains(MessageFlags::EPHEMERAL)));
}

#[tokio::test]
async fn a_deferral_is_kept_with_an_edit_and_followed_up() {
    let mut rig = rig().await;
    let ids = rig.sandbox.ids();
    let (press, heard) = rig.press().await;
    let early = rig.answers().update_response(&heard.token).content(Some("too soon")).await;
    assert_eq!(refused(early), (404, 10015));
    rig.answer(&heard, InteractionResponseType::DeferredChannelMessageWithSource, None).await.expect("it is in time");
    assert_eq!(rig.sandbox.progress(press), Some(Progress::Thinking));
    let edited = rig.answers().update_response(&heard.token).content(Some("done")).await.expect("it is there");
    assert_eq!(edited.model().await.expect("a model").content, "done");
    let reply = rig.sandbox.reply(press).expect("there is an answer");
    assert_eq!((reply.content.as_str(), reply.thinking, reply.ephemeral), ("done", false, true));
    let more = rig.answers().create_followup(&heard.token).content("more").await.expect("the token lives");
    let more = more.model().await.expect("a model");
    assert_eq!(rig.sandbox.messages(ids.alice, ids.panel).len(), 3);
    rig.answers().delete_followup(&heard.token, more.id).await.expect("it is the bot's own");
    rig.answers().delete_response(&heard.token).await.expect("it is the bot's own");
    assert_eq!(rig.sandbox.messages(ids.alice, ids.panel).len(), 1);
    assert_eq!(refused(rig.answers().response(&heard.token).await), (404, 10008));
}

#[tokio::test]
async fn the_pressed_message_itself_can_be_changed() {
    let mut rig = rig().await;
    let ids = rig.sandbox.ids();
    let (_, heard) = rig.press().await;
    let data = InteractionResponseData {
        content: Some("pressed".to_owned()),
        components: Some(Vec::new()),
        ..InteractionResponseData::default()
    };
    let response = InteractionResponse { kind: InteractionResponseType::UpdateMessage, data: Some(data) };
    rig.answers().create_response(heard.id, &heard.token, &response).await.expect("it is in time");
    let seen = rig.sandbox.messages(ids.bob, ids.panel).remove(0);
    assert_eq!((seen.content.as_str(), seen.buttons.len()), ("pressed", 0));
}

#[tokio::test]
async fn a_command_is_registered_used_and_taken_back() {
    let mut rig = rig().await;
    let ids = rig.sandbox.ids();
    let wish = rig.answers();
    let made = wish.create_guild_command(id(ids.guild)).chat_input("ticket", "opens a ticket").await;
    let made = made.expect("it is well formed").model().await.expect("a model");
    assert_eq!((made.name.as_str(), made.kind), ("ticket", CommandType::ChatInput));
    let command = rig.sandbox.command(ids.alice, ids.lounge, "ticket").expect("alice may");
    let heard = rig.interaction().await;
    assert_eq!(heard.kind, InteractionType::ApplicationCommand);
    assert!(matches!(&heard.data, Some(InteractionData::ApplicationCommand(data)) if Some(data.id) == made.id));
    rig.answer(&heard, InteractionResponseType::ChannelMessageWithSource, Some("opened")).await.expect("it is in time");
    assert_eq!(rig.sandbox.reply(command).map(|reply| reply.content).as_deref(), Some("opened"));
    let listed = rig.answers().guild_commands(id(ids.guild)).await.expect("a list").models().await.expect("models");
    assert_eq!(listed.len(), 1);
    let made = made.id.expect("it was given an id");
    rig.answers().delete_guild_command(id(ids.guild), made).await.expect("it is there");
    assert!(rig.sandbox.command(ids.alice, ids.lounge, "ticket").is_err());
    assert_eq!(refused(rig.answers().delete_guild_command(id(ids.guild), made).await), (404, 10063));
}
