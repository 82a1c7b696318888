//! Members ask for tickets.

use talon_sandbox::world::{Permissions, Snowflake};

use crate::stage::{CLOSE, Stage};

#[tokio::test]
async fn the_first_press_opens_a_private_channel() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();

    let press = stage.press_create(ids.alice);

    let reply = stage.discord.answered(press).await.expect("an answer");
    let [ticket] = stage.tickets()[..] else { panic!("one ticket: {}", stage.story()) };
    assert_eq!(reply.content, format!("✅ тикет создан: <#{ticket}>"));
    assert!(reply.ephemeral, "for the member alone");
    let sees = |who| stage.discord.channels(who).iter().any(|channel| channel.id == ticket);
    assert!(sees(ids.alice) && sees(ids.sue) && sees(ids.bot));
    assert!(!sees(ids.bob), "nobody else");
}

#[tokio::test]
async fn the_channel_grants_exactly_what_it_should() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;

    let view = Permissions::VIEW_CHANNEL | Permissions::READ_MESSAGE_HISTORY;
    let channel = stage.discord.look(|world| world.channels[&ticket].clone());
    let granted = |id| {
        let overwrite = channel.overwrites.get(&id).expect("an overwrite");
        (overwrite.allow, overwrite.deny)
    };
    assert_eq!(channel.parent, Some(ids.category));
    assert_eq!(channel.name, "alice");
    assert_eq!(channel.overwrites.len(), 4);
    assert_eq!(granted(ids.guild), (Permissions::NONE, Permissions::VIEW_CHANNEL));
    let member = view | Permissions::SEND_MESSAGES | Permissions::ATTACH_FILES;
    assert_eq!(granted(ids.alice), (member, Permissions::NONE));
    let support = view | Permissions::SEND_MESSAGES | Permissions::MANAGE_MESSAGES;
    assert_eq!(granted(ids.support_role), (support, Permissions::NONE));
    let bot = view | Permissions::SEND_MESSAGES | Permissions::MANAGE_CHANNELS;
    assert_eq!(granted(ids.bot), (bot, Permissions::NONE));
}

#[tokio::test]
async fn member_and_support_are_welcomed_and_notified() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;

    let welcome = stage.welcome(ticket).await;

    assert_eq!(welcome.content, format!("<@{}> <@&{}> - новый тикет!", ids.alice, ids.support_role));
    assert_eq!(welcome.notified, [ids.alice, ids.sue]);
    assert_eq!(welcome.embeds.len(), 1);
    assert_eq!(welcome.embeds[0]["title"], "🎫 ТИКЕТ ПОДДЕРЖКИ");
    assert_eq!(welcome.embeds[0]["description"], format!("<@{}>, добро пожаловать в поддержку!", ids.alice));
    let fields = welcome.embeds[0]["fields"].as_array().expect("fields");
    assert_eq!(fields.len(), 1);
    assert_eq!(fields[0]["name"], "📝 опиши свою проблему");
    assert_eq!(fields[0]["value"], "команда поддержки скоро ответит");
    let [button] = &welcome.buttons[..] else { panic!("one button: {:?}", welcome.buttons) };
    assert_eq!(button.custom_id.as_deref(), Some(CLOSE));
    assert_eq!(button.label.as_deref(), Some("закрыть тикет"));
    assert_eq!(button.emoji.as_deref(), Some("🔒"));
}

#[tokio::test]
async fn a_second_press_points_to_the_open_ticket() {
    let stage = Stage::ready().await;
    let alice = stage.discord.ids().alice;
    let ticket = stage.open(alice).await;

    let press = stage.press_create(alice);

    assert_eq!(stage.answer(press).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
    assert_eq!(stage.tickets(), [ticket]);
}

#[tokio::test]
async fn two_members_have_two_tickets() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();

    let of_alice = stage.open(ids.alice).await;
    let of_bob = stage.open(ids.bob).await;

    assert_ne!(of_alice, of_bob);
    let sees = |who, ticket| stage.discord.channels(who).iter().any(|channel| channel.id == ticket);
    assert!(sees(ids.alice, of_alice) && !sees(ids.alice, of_bob));
    assert!(sees(ids.bob, of_bob) && !sees(ids.bob, of_alice));
}

#[tokio::test]
async fn twenty_presses_at_once_open_one_ticket() {
    let stage = Stage::ready().await;
    let alice = stage.discord.ids().alice;

    let presses: Vec<_> = (0..20).map(|_| stage.press_create(alice)).collect();

    let mut answers = Vec::new();
    for press in presses {
        answers.push(stage.answer(press).await);
    }
    let [ticket] = stage.tickets()[..] else { panic!("one ticket: {}", stage.story()) };
    let created = answers.iter().filter(|answer| **answer == format!("✅ тикет создан: <#{ticket}>")).count();
    let pointed = answers.iter().filter(|answer| **answer == format!("❌ у тебя уже есть тикет: <#{ticket}>")).count();
    assert_eq!((created, pointed), (1, 19), "{answers:#?}");
}

#[tokio::test]
async fn an_opening_is_three_calls() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    stage.discord.clear_record();

    let ticket = stage.open(ids.alice).await;

    let mut calls: Vec<String> =
        stage.discord.calls().iter().map(|call| format!("{} {}", call.method, call.path)).collect();
    calls.sort();
    assert_eq!(calls.len(), 3, "{calls:#?}");
    assert!(calls[0].ends_with(&format!("/channels/{ticket}/messages")), "{calls:#?}");
    assert!(calls[1].ends_with(&format!("/guilds/{}/channels", ids.guild)), "{calls:#?}");
    assert!(calls[2].ends_with("/callback"), "{calls:#?}");
}

#[tokio::test]
async fn thirty_members_at_once_have_thirty_tickets() {
    let stage = Stage::ready().await;
    let members: Vec<Snowflake> = (0..30).map(|number| stage.discord.join(&format!("m{number}"))).collect();

    let presses: Vec<Snowflake> = members.iter().map(|member| stage.press_create(*member)).collect();
    for (member, press) in members.into_iter().zip(presses) {
        let answer = stage.discord.answered(press).await;
        let one = || <[Snowflake; 1]>::try_from(stage.tickets_of(member)).ok();
        let [ticket] = stage.until("there is one each", one).await;
        if !stage.came_too_late(press) {
            let answer = answer.map(|answer| answer.content);
            assert_eq!(answer, Some(format!("✅ тикет создан: <#{ticket}>")), "{}", stage.story());
        }
        stage.welcome(ticket).await;
    }
    assert_eq!(stage.tickets().len(), 30);
}

#[tokio::test]
async fn button_and_command_at_once_open_one_ticket() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let press = stage.press_create(ids.alice);
    let message = stage.discord.say(ids.alice, ids.lounge, "!ticket").expect("she may write there");

    let answers = [stage.answer(press).await, stage.reply(ids.lounge, message).await.content];

    let [ticket] = stage.tickets()[..] else { panic!("one ticket: {}", stage.story()) };
    assert_eq!(answers, [format!("✅ тикет создан: <#{ticket}>"), format!("❌ у тебя уже есть тикет: <#{ticket}>")]);
}
