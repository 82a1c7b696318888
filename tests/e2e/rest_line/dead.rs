use std::time::Duration;

use talon_sandbox::world::Progress;
use talon_sandbox::{Fault, When};

use crate::stage::{Stage, each};

const ANSWER: &str = "POST /interactions/*/*/callback";

#[tokio::test]
async fn an_answer_that_hangs_twice_is_still_in_time() {
    each([When::Before, When::After], |when| async move {
        let stage = Stage::ready().await;
        let alice = stage.discord.ids().alice;
        let ticket = stage.open(alice).await;
        stage.discord.clear_record();
        stage.discord.fault(Fault::hang(ANSWER, when).times(2));

        let pressed = stage.discord.now();
        let press = stage.press_create(alice);

        assert_eq!(stage.answer(press).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
        let tries = || Some(stage.discord.calls_matching(ANSWER)).filter(|tries| tries.len() >= 3);
        let tries = stage.until("it is tried a third time", tries).await;
        let last = tries.last().expect("it was tried").at.duration_since(pressed).unwrap_or_default();
        assert!(tries.len() == 3 && last < Duration::from_millis(2_900), "{last:?}\n{}", stage.story());
        assert!(matches!(stage.discord.progress(press), Some(Progress::Answered)), "{}", stage.story());
    })
    .await;
}
