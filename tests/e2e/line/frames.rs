//! Frames that are far larger than any that Discord sends: they cost a connection, not the memory of the machine.

use talon::lifecycle::State;
use talon_sandbox::{GatewayAction, HugeFrame};

use crate::line::{is_heard, until_live_again, warnings};
use crate::stage::{Stage, each};

const MIB: usize = 1024 * 1024;
/// How much memory the bot may have held at any time, in MiB.
const PEAK: u32 = 200;

#[tokio::test]
async fn a_frame_beyond_all_bounds_costs_a_connection_at_most() {
    each([HugeFrame::Text(80 * MIB), HugeFrame::Compressed(300 * MIB)], |frame| async move {
        let stage = Stage::ready().await;
        let ids = stage.discord.ids();
        let ticket = stage.open(ids.alice).await;
        stage.until_row(ids.alice, |row| matches!(row.state, State::Open { .. })).await;
        let (moment, logged) = (stage.discord.now(), stage.logged().len());

        let inflates = matches!(frame, HugeFrame::Compressed(_));
        stage.discord.strike_gateway(&GatewayAction::Send(frame));

        let is_warned = || !warnings(&stage.logged()[logged..]).is_empty();
        stage.until("a warning says so", || is_warned().then_some(())).await;
        // What only inflates too far is passed over; what is too long is not read to its end.
        if !inflates {
            until_live_again(&stage, moment).await;
        }
        is_heard(&stage, ids.alice, ticket).await;
        assert!(matches!(stage.row(ids.alice).state, State::Open { .. }));
        assert!(stage.peak_memory() < PEAK, "{} MiB", stage.peak_memory());
    })
    .await;
}

#[tokio::test]
async fn a_server_with_very_many_channels_is_read() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    stage.until_row(ids.alice, |row| matches!(row.state, State::Open { .. })).await;

    stage.discord.strike_gateway(&GatewayAction::Send(HugeFrame::Guild { channels: 10_000 }));
    stage.until_logged("channels=100").await;

    is_heard(&stage, ids.alice, ticket).await;
    assert_eq!(stage.discord.gateway_connections().len(), 1, "{}", stage.story());
    assert!(stage.peak_memory() < PEAK, "{} MiB", stage.peak_memory());
}
