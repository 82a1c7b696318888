//! `talon health` beside a bot, and beside none: the exit code, and one line that says why.

use std::fs;
use std::process::Output;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::health::{healthz, ready};
use crate::stage::Stage;

/// Asks the bot at this address, as the settings file of a container does.
async fn check(stage: &Stage, address: &str) -> Output {
    fs::write(stage.file("health.env"), format!("HEALTH_ADDR={address}\n")).expect("a file");
    stage.ask(&["health", "--env-file", "health.env"]).await
}

/// The only line that was written, to whichever stream.
fn line(output: &Output) -> String {
    let text = [&*output.stdout, &*output.stderr].concat();
    let text = String::from_utf8(text).expect("the line is text");
    assert_eq!(text.matches('\n').count(), 1, "one line: {text}");
    text.trim_end().to_owned()
}

#[tokio::test]
async fn it_follows_the_bot() {
    let (stage, url) = ready().await;
    let address = url.strip_prefix("http://").expect("an address");
    healthz(&url, 200).await;

    let healthy = check(&stage, address).await;
    assert_eq!(healthy.status.code(), Some(0), "{}", line(&healthy));
    assert!(line(&healthy).starts_with("healthy: "), "{}", line(&healthy));

    let everywhere = check(&stage, &address.replace("127.0.0.1", "0.0.0.0")).await;
    assert_eq!(everywhere.status.code(), Some(0), "{}", line(&everywhere));

    stage.discord.refuse_gateway(true);
    stage.discord.drop_gateway();
    let page = healthz(&url, 503).await;
    let unhealthy = check(&stage, address).await;
    assert_eq!(unhealthy.status.code(), Some(1), "{}", line(&unhealthy));
    let problem = page["problems"][0].as_str().expect("a problem").split(' ').next().expect("a word").to_owned();
    assert!(line(&unhealthy).contains(&problem), "{} does not name {problem}", line(&unhealthy));
}

#[tokio::test]
async fn a_bot_that_has_ended_is_unhealthy() {
    let (mut stage, url) = ready().await;
    let address = url.strip_prefix("http://").expect("an address").to_owned();
    stage.stop().await;

    let output = check(&stage, &address).await;

    assert_eq!(output.status.code(), Some(1), "{}", line(&output));
    assert!(line(&output).contains("does not answer"), "{}", line(&output));
}

#[tokio::test]
async fn what_is_not_the_bot_is_not_healthy() {
    let stage = Stage::empty();
    for (response, reason) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nIt works!", "another program answers there, with status 200"),
        ("HTTP/1.1 200 OK\r\n\r\n{\"ok\": true", "another program answers there"),
        ("220 mail.example.org ESMTP\r\n", "no valid HTTP response"),
        // Nothing at all, and the connection stays open.
        ("", "no response within"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let serve = async {
            let (mut socket, _) = listener.accept().await.expect("the program connects");
            if response.is_empty() {
                return Some(socket);
            }
            let length = socket.read(&mut [0; 1024]).await.expect("a request can be read");
            assert_ne!(length, 0, "a request comes");
            socket.write_all(response.as_bytes()).await.expect("it can be answered");
            None
        };
        let (output, _held) = tokio::join!(check(&stage, &address), serve);
        assert_eq!(output.status.code(), Some(1), "{}", line(&output));
        assert!(line(&output).contains(reason), "{} does not say {reason}", line(&output));
    }
}

#[tokio::test]
async fn without_an_address_the_settings_are_wrong() {
    let stage = Stage::empty();
    let missing = stage.ask(&["health"]).await;
    assert_eq!(missing.status.code(), Some(2));
    assert!(line(&missing).starts_with("HEALTH_ADDR: is not set"), "{}", line(&missing));

    for wrong in ["8080", "127.0.0.1:0"] {
        let output = check(&stage, wrong).await;
        assert_eq!(output.status.code(), Some(2), "{}", line(&output));
        assert!(line(&output).starts_with("HEALTH_ADDR: "), "{}", line(&output));
    }
}
