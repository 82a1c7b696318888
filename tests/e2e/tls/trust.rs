//! Certificates that must not be trusted: the operator learns what is wrong, and the bot goes on when it is mended.

use talon::lifecycle::State;

use super::proxy::Certificate;
use super::{GIVEN_UP, is_open, stage_behind};
use crate::stage::{Stage, each};

impl Certificate {
    /// What the log says about it: the cause, and what the operator looks at.
    const fn complaint(self) -> [&'static str; 2] {
        match self {
            Self::Good => ["", ""],
            Self::Expired => ["certificate expired", "clock"],
            Self::UnknownAuthority => ["certificate not trusted", "SSL_CERT_FILE"],
            Self::OtherName => ["certificate for another name", "DISCORD_PROXY"],
        }
    }
}

/// Waits until a warning, written after so much of the log, names the cause and the remedy.
async fn until_warned(stage: &Stage, certificate: Certificate, after: usize) {
    let words = certificate.complaint();
    let warned = || {
        let log = stage.logged();
        let is_warning = |line: &&str| line.contains("WARN") && words.iter().all(|words| line.contains(words));
        log[after..].lines().find(is_warning).map(|_| ())
    };
    stage.until_in(GIVEN_UP, "the log names the cause and the remedy", warned).await;
}

async fn until_connected(stage: &Stage) {
    stage.until_in(GIVEN_UP, "the bot is connected", || (stage.discord.connected() > 0).then_some(())).await;
}

#[tokio::test]
async fn a_bad_certificate_at_the_start_is_named_and_waited_out() {
    each(Certificate::BAD, |certificate| async move {
        let (mut stage, proxy) = stage_behind(certificate);
        stage.spawn();
        until_warned(&stage, certificate, 0).await;
        assert_eq!(proxy.exchanges().len(), 0, "nothing, and no token, is sent to such a server");

        proxy.show_certificate(Certificate::Good);
        until_connected(&stage).await;
        stage.panel().await;
        stage.open(stage.discord.ids().alice).await;
    })
    .await;
}

#[tokio::test]
async fn a_certificate_that_goes_bad_while_the_bot_runs_is_named_and_no_ticket_suffers() {
    each(Certificate::BAD, |certificate| async move {
        let (mut stage, proxy) = stage_behind(Certificate::Good);
        stage.set("CLOSE_DELAY", "1s");
        stage.start().await;
        let ids = stage.discord.ids();
        let (stays, goes) = (stage.open(ids.alice).await, stage.open(ids.bob).await);
        stage.press_close(ids.bob, goes);
        stage.until_row(ids.bob, |row| matches!(row.state, State::Closing { .. })).await;
        stage.announced(goes).await;

        let log = stage.logged().len();
        proxy.show_certificate(certificate);
        proxy.cut_all();
        until_warned(&stage, certificate, log).await;
        assert!(is_open(&stage.row(ids.alice)));
        assert_eq!(stage.tickets(), [stays, goes]);

        proxy.show_certificate(Certificate::Good);
        until_connected(&stage).await;
        stage.until_in(GIVEN_UP, "the closing ends", || (stage.tickets() == [stays]).then_some(())).await;
        let press = stage.press_create(ids.alice);
        assert_eq!(stage.answer(press).await, format!("❌ у тебя уже есть тикет: <#{stays}>"));
        stage.until_row(ids.bob, |row| row.state == State::Absent).await;
    })
    .await;
}
