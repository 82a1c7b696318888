//! Each actor of the staff may end at any moment: another one takes its place, and the rest goes on.

use super::*;
use crate::actors::journal::JournalMsg;
use crate::actors::panel::PanelMsg;
use crate::actors::watchdog::WatchdogMsg;

impl SupervisorState {
    /// Ends the one actor of this kind, and waits until another one is in its place. Meanwhile a member opens a ticket.
    async fn replace<M: Message>(&self, name: &str, member: Snowflake) {
        let [former] = &self.actors::<M>()[..] else { panic!("there is one {name}") };
        former.kill();
        let press = self.press(member);
        let answer = self.answer(press).await;
        assert!(answer.starts_with("✅ тикет создан"), "{name}: {answer}");
        let successor = || match &self.actors::<M>()[..] {
            [actor] if actor.get_id() != former.get_id() => Some(()),
            _ => None,
        };
        self.until(name, successor).await;
        assert_eq!(self.restarts(name), 1, "{name}");
    }

    fn say(&self, text: &str) -> Snowflake {
        let ids = self.discord.ids();
        self.discord.say(ids.adam, ids.lounge, text).expect("an administrator may write there")
    }

    /// Waits for the reply to a message in the lounge.
    async fn reply(&self, message: Snowflake) -> String {
        let ids = self.discord.ids();
        let reply = self.discord.until("a reply", |world| {
            let seen = world.messages_seen(ids.adam, ids.lounge).into_iter();
            seen.filter(|seen| seen.reply_to == Some(message)).map(|seen| seen.content).next()
        });
        reply.await
    }
}

#[tokio::test]
async fn a_panel_actor_that_ends_is_replaced_and_keeps_the_panel_in_place() {
    let house = SupervisorState::new().await;
    let ids = house.discord.ids();
    house.until("its id is kept", || house.home.path().join("panel.json").exists().then_some(())).await;
    house.replace::<PanelMsg>("panel", ids.alice).await;

    assert_eq!(house.reply(house.say("!setuptickets")).await, "✅ панель на месте");
    let panels = house.discord.look(|world| world.messages_seen(ids.bot, ids.panel).len());
    assert_eq!(panels, 1, "it knows the message that its predecessor sent");
}

#[tokio::test]
async fn a_journal_actor_that_ends_is_replaced_and_tells_from_the_journal() {
    let house = SupervisorState::new().await;
    house.replace::<JournalMsg>("journal", house.discord.ids().alice).await;

    let reply = house.reply(house.say("!explain")).await;
    assert_eq!(reply, "❌ это не тикет, рассказывать здесь не о чем");
}

#[tokio::test]
async fn a_watchdog_that_ends_is_replaced_and_polls_the_supervisor() {
    let house = SupervisorState::new().await;
    house.replace::<WatchdogMsg>("watchdog", house.discord.ids().alice).await;
}
