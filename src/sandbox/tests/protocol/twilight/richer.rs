//! What is more than words and buttons: files, forms, menus, reactions, private messages.

use serde_json::json;
use twilight_gateway::Intents;
use twilight_http::request::channel::reaction::RequestReactionType;
use twilight_model::application::interaction::{InteractionData, InteractionType};
use twilight_model::channel::ChannelType;
use twilight_model::channel::message::EmojiReactionType;
use twilight_model::channel::message::component::{ActionRow, Component, SelectMenu, SelectMenuType};
use twilight_model::gateway::event::Event;
use twilight_model::http::attachment::Attachment;
use twilight_model::http::interaction::{InteractionResponse, InteractionResponseData, InteractionResponseType};

use super::{hear, id, rig, shard};
use talon_sandbox::world::Permissions;

#[tokio::test]
async fn a_file_is_sent_and_described() {
    let mut rig = rig().await;
    let ids = rig.sandbox.ids();
    let files = [Attachment::from_bytes("log.txt".to_owned(), b"all of it".to_vec(), 1)];
    rig.http.create_message(id(ids.lounge)).attachments(&files).await.expect("the bot may");
    let heard = rig.hear(|event| if let Event::MessageCreate(heard) = event { Some(heard) } else { None }).await;
    let file = &heard.attachments[0];
    assert_eq!((file.filename.as_str(), file.size), ("log.txt", 9));
    let fetched = reqwest::Client::builder().no_proxy().build().expect("a client").get(&file.url).send().await;
    assert_eq!(fetched.expect("it is served").text().await.expect("a text"), "all of it");
}

#[tokio::test]
async fn a_form_is_opened_and_comes_back_filled_in() {
    let mut rig = rig().await;
    let ids = rig.sandbox.ids();
    let (press, heard) = rig.press().await;
    let input = json!({ "type": 4, "custom_id": "about", "style": 2, "max_length": 100 });
    let label = json!({ "type": 18, "label": "about", "component": input });
    let label: Component = serde_json::from_value(label).expect("twilight knows labels");
    let data = InteractionResponseData {
        custom_id: Some("form".to_owned()),
        title: Some("What is it?".to_owned()),
        components: Some(vec![label]),
        ..InteractionResponseData::default()
    };
    let form = InteractionResponse { kind: InteractionResponseType::Modal, data: Some(data) };
    rig.answers().create_response(heard.id, &heard.token, &form).await.expect("it is in time");
    assert_eq!(rig.sandbox.look(|world| world.open_form(ids.alice).map(|(opened, _)| opened)), Some(press));
    let values = json!({ "about": "a bill" });
    let sent = rig.sandbox.submit(ids.alice, &values).expect("the form is open");
    let heard = rig.interaction().await;
    assert_eq!(heard.kind, InteractionType::ModalSubmit);
    let Some(InteractionData::ModalSubmit(data)) = &heard.data else { panic!("it is a form: {heard:?}") };
    assert_eq!(data.custom_id, "form");
    rig.answer(&heard, InteractionResponseType::ChannelMessageWithSource, Some("thanks")).await.expect("in time");
    assert_eq!(rig.sandbox.reply(sent).map(|reply| reply.content).as_deref(), Some("thanks"));
    let said = rig.answers().response(&heard.token).await.expect("it is there").model().await.expect("a model");
    assert!(said.interaction_metadata.is_some());
}

#[tokio::test]
async fn a_menu_of_people_comes_with_the_people() {
    let mut rig = rig().await;
    let ids = rig.sandbox.ids();
    let menu = SelectMenu {
        channel_types: None,
        custom_id: "whom".to_owned(),
        default_values: None,
        disabled: false,
        id: None,
        kind: SelectMenuType::User,
        max_values: None,
        min_values: None,
        options: None,
        placeholder: None,
        required: None,
    };
    let row = Component::ActionRow(ActionRow { components: vec![Component::SelectMenu(menu)], id: None });
    rig.http.create_message(id(ids.panel)).components(&[row]).await.expect("the bot may");
    rig.sandbox.choose(ids.alice, ids.panel, "whom", &[&ids.sue.to_string()]).expect("she is offered");
    let heard = rig.interaction().await;
    let Some(InteractionData::MessageComponent(data)) = heard.data else { panic!("it is a menu") };
    let resolved = data.resolved.expect("the people are told");
    assert!(resolved.members[&id(ids.sue)].roles.contains(&id(ids.support_role)));
    assert_eq!(resolved.users[&id(ids.sue)].name, "sue");
}

#[tokio::test]
async fn reactions_and_private_messages_are_heard_with_their_own_intents() {
    let rig = rig().await;
    let ids = rig.sandbox.ids();
    rig.sandbox
        .set_bot_permissions(talon_sandbox::world::Start::default().bot_permissions | Permissions::ADD_REACTIONS);
    let intents = Intents::GUILD_MESSAGE_REACTIONS | Intents::DIRECT_MESSAGES;
    let mut shard = shard(&rig.sandbox, intents);
    hear(&mut shard, |event| matches!(event, Event::Ready(_)).then_some(())).await;
    let said = rig.sandbox.say(ids.alice, ids.lounge, "hi").expect("alice may write");
    let ticket = RequestReactionType::Unicode { name: "🎫" };
    rig.http.create_reaction(id(ids.lounge), id(said), &ticket).await.expect("the bot may");
    let heard =
        hear(&mut shard, |event| if let Event::ReactionAdd(heard) = event { Some(heard.0) } else { None }).await;
    assert!(matches!(&heard.emoji, EmojiReactionType::Unicode { name } if name == "🎫"));
    assert_eq!((heard.user_id, heard.message_id), (id(ids.bot), id(said)));
    let private = rig.http.create_private_channel(id(ids.bob)).await.expect("he may be reached");
    let private = private.model().await.expect("a model");
    assert_eq!(private.kind, ChannelType::Private);
    rig.http.create_message(private.id).content("psst").await.expect("he may be reached");
    let heard =
        hear(&mut shard, |event| if let Event::MessageCreate(heard) = event { Some(heard) } else { None }).await;
    assert_eq!((heard.content.as_str(), heard.guild_id, heard.channel_id), ("psst", None, private.id));
}
