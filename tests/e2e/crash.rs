//! Crashes: the bot dies at each single call, and whatever was begun comes to its end all the same.

use talon_sandbox::When;

use crate::scenes::{Point, Scene};
use crate::stage::{Stage, each};

/// What becomes of the call that was on its way when its caller died.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// It never arrived.
    Lost,
    /// It is carried out before the bot is back.
    Done,
    /// It is carried out when nobody expects it any more.
    Late,
    /// It had been carried out, and nobody has heard the answer.
    Unheard,
}

impl Fate {
    const ALL: [Self; 4] = [Self::Lost, Self::Done, Self::Late, Self::Unheard];

    fn when(self) -> When {
        if matches!(self, Self::Unheard) { When::After } else { When::Before }
    }

    /// What only looks has no effect that could come late.
    fn matters(self, point: &Point) -> bool {
        !point.looks() || matches!(self, Self::Lost | Self::Unheard)
    }
}

/// Every call of these scenes, with everything that may become of it.
async fn everything(scenes: &[Scene]) -> Vec<(Scene, Point, Fate)> {
    let mut all = Vec::new();
    for &scene in scenes {
        for point in scene.points().await {
            let fates = Fate::ALL.into_iter().filter(|fate| fate.matters(&point));
            all.extend(fates.map(|fate| (scene, point.clone(), fate)));
        }
    }
    all
}

async fn crash((scene, point, fate): (Scene, Point, Fate)) {
    let mut stage = Stage::empty();
    let mut deed = scene.prepare(&mut stage).await;
    let mut hold = stage.discord.hold_after(&point.call, fate.when(), point.nth);
    deed.begin(&mut stage);
    hold.reached().await;

    stage.kill().await;
    let late = match fate {
        Fate::Lost => {
            hold.discard();
            None
        }
        Fate::Done | Fate::Unheard => {
            hold.release();
            stage.until_quiet().await;
            None
        }
        Fate::Late => Some(hold),
    };
    stage.start().await;
    deed.settled(&stage).await;

    match late {
        Some(late) => {
            late.release();
            stage.until_quiet().await;
            deed.settled(&stage).await;
        }
        None => deed.never_doubled(&stage),
    }
    deed.goes_on(&stage).await;
}

/// The bot is asked to stop in the middle of a call; what it cannot finish in time it takes up at the next start.
async fn stop((scene, point, when): (Scene, Point, When)) {
    let mut stage = Stage::empty();
    let mut deed = scene.prepare(&mut stage).await;
    let mut hold = stage.discord.hold_after(&point.call, when, point.nth);
    deed.begin(&mut stage);
    hold.reached().await;

    stage.ask_to_stop();
    hold.release();
    assert!(stage.ended().await.success());
    stage.start().await;

    deed.settled(&stage).await;
    deed.never_doubled(&stage);
    deed.goes_on(&stage).await;
}

mod every_call_is_survived_by {
    crate::scenes::try_every_scene!(super::crash_everywhere);
}

async fn crash_everywhere(scenes: &[Scene]) {
    each(everything(scenes).await, crash).await;
}

#[tokio::test]
async fn nothing_is_lost_by_an_order_to_stop_at_any_call() {
    let mut all = Vec::new();
    let scenes = [Scene::OPENINGS, Scene::CLOSINGS, Scene::STORIES, &[Scene::FirstStart, Scene::SetUp, Scene::TakenUp]];
    for &scene in scenes.into_iter().flatten() {
        for point in scene.points().await {
            all.extend([When::Before, When::After].map(|when| (scene, point.clone(), when)));
        }
    }
    each(all, stop).await;
}
