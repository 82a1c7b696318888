//! Rate limits, met by a client that does not know the numbers and learns of them as it is refused.

use std::time::{Duration, Instant};

use super::{id, rig};
use talon_sandbox::Call;
use talon_sandbox::world::{Limits, Rate};

#[tokio::test]
async fn a_client_that_is_refused_waits_as_long_as_it_is_told() {
    let rig = rig().await;
    rig.sandbox.set_limits(Some(Limits { write: Rate::new(3, Duration::from_secs(1)), ..Limits::default() }));
    for number in 0..7 {
        let sent = rig.http.create_message(id(rig.sandbox.ids().lounge)).content("x").await;
        sent.unwrap_or_else(|error| panic!("message {number}: {error}"));
    }
    let calls = rig.sandbox.calls_matching("POST /channels/*/messages");
    let refused: Vec<bool> = calls.iter().map(|call| call.status() == Some(429)).collect();
    assert!(refused.contains(&true), "a limit was met: {}", rig.sandbox.story());
    assert!(!refused.windows(2).any(|pair| pair == [true, true]), "never early: {}", rig.sandbox.story());
    assert_eq!(refused.iter().filter(|refused| !**refused).count(), 7);
}

#[tokio::test]
async fn a_client_without_a_word_of_warning_is_told_how_long_to_wait() {
    let rig = rig().await;
    let fresh = || {
        let host = rig.sandbox.base_url().replace("http://", "");
        twilight_http::Client::builder().token(rig.sandbox.token().to_owned()).proxy(host, true).build()
    };
    rig.sandbox.set_limits(Some(Limits { write: Rate::new(1, Duration::from_secs(2)), ..Limits::default() }));
    let lounge = id(rig.sandbox.ids().lounge);
    // Each knows nothing of what the other has used up.
    fresh().create_message(lounge).content("first").await.expect("there is room");
    let begun = Instant::now();
    fresh().create_message(lounge).content("second").await.expect("it waits and tries again");
    assert!(begun.elapsed() >= Duration::from_millis(1000));
    let statuses: Vec<Option<u16>> =
        rig.sandbox.calls_matching("POST /channels/*/messages").iter().map(Call::status).collect();
    assert_eq!(statuses, [Some(200), Some(429), Some(200)]);
}
