//! A ticket's story of more steps than fit into one message, as the scenes need it.

use std::collections::BTreeSet;
use std::time::Duration;

use talon::ids::{GuildId, Owner, UserId};
use talon::lifecycle::{JournalEvent, Source, State};
use talon::store::Store;
use talon_sandbox::world::Snowflake;

use crate::stage::Stage;

/// Steps that everybody may know of, and so many of them are told in Discord.
const STEPS: u64 = 40;
/// By whom the first of them was made; the next by the one after.
const FIRST: u64 = 1_000;

/// A newcomer's open ticket with a long story; the bot runs.
pub async fn written(stage: &mut Stage, newcomer: &mut Snowflake) -> Snowflake {
    *newcomer = stage.discord.join("newcomer");
    let ticket = stage.open(*newcomer).await;
    stage.until_row(*newcomer, |row| matches!(row.state, State::Open { .. })).await;
    stage.kill().await;
    let owner = Owner { guild: GuildId(stage.discord.ids().guild.get()), member: UserId(newcomer.get()) };
    let asked = |number| JournalEvent::CloseAsked { by: UserId(FIRST + number), way: Source::Button };
    let store = Store::open(&stage.file("json/talon.db")).expect("the bot does not run");
    store.note(owner, &(0..STEPS).map(asked).collect::<Vec<_>>(), stage.discord.now() + Duration::from_secs(1));
    drop(store);
    stage.start().await;
    ticket
}

/// Waits until whoever asked has been told the whole story, on several pages. A page for them alone may be there twice,
/// one for all may not.
pub async fn until_told(stage: &Stage, ticket: Snowflake, asked: Snowflake) {
    let told = || {
        let mut pages = stage.discord.messages(stage.discord.ids().adam, ticket);
        pages.retain(|page| page.id > asked);
        let steps: Vec<u64> = pages.iter().flat_map(|page| page.content.lines()).filter_map(step).collect();
        let distinct: BTreeSet<&u64> = steps.iter().collect();
        let whole = distinct.len() as u64 == STEPS && pages.len() > 1;
        let doubled = steps.len() as u64 > STEPS && pages.iter().all(|page| !page.ephemeral);
        (whole || stage.came_too_late(asked)).then_some(doubled)
    };
    let doubled = stage.until("the whole story is told", told).await;
    assert!(!doubled, "told twice for all to read: {}", stage.story());
}

/// Which of the steps this line tells.
fn step(line: &str) -> Option<u64> {
    let (_, rest) = line.split_once("<@")?;
    let number: u64 = rest.split_once('>')?.0.parse().ok()?;
    (FIRST..FIRST + STEPS).contains(&number).then_some(number)
}
