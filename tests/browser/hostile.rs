//! A page of somebody else's, open in the same browser, can neither change the sandbox nor learn anything from it.

use talon_sandbox::{Sandbox, Setup};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::chromium::Chromium;
use super::window::Window;

const PAGE: &str = include_str!("hostile.html");
/// What a browser says of requests that were refused.
const REFUSED: [&str; 6] = ["status of 403", "net::ERR_FAILED", "CORS", "WebSocket", "MIME type", "ERR_BLOCKED_BY"];

/// Serves the hostile page on a port of its own, for as long as the test's runtime lives.
async fn serve_hostile_page() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback is free");
    let port = listener.local_addr().expect("it has an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Browsers open connections ahead that they do not use, so none may hold up the others.
            tokio::spawn(send_hostile_page(stream));
        }
    });
    port
}

async fn send_hostile_page(mut stream: TcpStream) {
    let mut head = [0; 4096];
    let _ = stream.read(&mut head).await;
    let length = PAGE.len();
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    let _ = stream.write_all(format!("{head}{PAGE}").as_bytes()).await;
}

/// All that can be seen of the sandbox from outside, but for the clock.
async fn everything(discord: &Sandbox) -> String {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let mut seen = String::new();
    for path in ["", "/people", "/view?as=alice", "/view?as=adam", "/calls", "/faults", "/gateway"] {
        let answer = http.get(format!("{}/sandbox{path}", discord.base_url())).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        seen += &answer.text().await.expect("a text");
    }
    seen
}

#[tokio::test]
async fn a_foreign_page_changes_nothing_and_reads_nothing() {
    let discord = Sandbox::start(Setup::default()).expect("the sandbox listens");
    let ids = discord.ids();
    discord.say(ids.alice, ids.lounge, "hello").expect("alice may write there");
    let before = everything(&discord).await;
    let (port, here) = (serve_hostile_page().await, discord.base_url());
    let own_port = here.rsplit(':').next().expect("an address has a port").to_owned();
    let browser = Chromium::start().await;
    let window = Window::open(&browser, "about:blank").await;

    for (from, at) in [("127.0.0.1", "127.0.0.1"), ("localhost", "127.0.0.1"), ("hostile.test", "localhost")] {
        window.go(&format!("http://{from}:{port}/?at=http://{at}:{own_port}")).await;
        window.until("every attempt to be made", "document.title === 'done'").await;
        assert_eq!(window.value("found.join('\\n')").await, "", "from {from} at {at}");
        assert_eq!(everything(&discord).await, before, "from {from} at {at}");
    }
    browser.end_after(&REFUSED).await;
}

#[tokio::test]
async fn a_foreign_name_for_this_machine_leads_nowhere() {
    let discord = Sandbox::start(Setup::default()).expect("the sandbox listens");
    let browser = Chromium::start().await;
    let foreign = discord.base_url().replace("127.0.0.1", "hostile.test");
    let window = Window::open(&browser, "about:blank").await;

    for path in ["/", "/sandbox", "/sandbox/view?as=alice", "/api/v10/gateway"] {
        window.go(&format!("{foreign}{path}")).await;
        window.until_says("the sandbox answers only as 127.0.0.1").await;
        assert!(!window.text().await.contains(discord.token()), "{path}");
    }
    let own = window
        .value("fetch('/sandbox/join?name=Mallory', { method: 'POST' }).then(() => { document.title = 'done'; })");
    own.await;
    window.until("the answer", "document.title === 'done'").await;
    let names = "Mallory";
    assert!(!discord.look(|world| world.users.values().any(|user| user.global_name.as_deref() == Some(names))));

    // The page itself works under every name of this machine.
    for host in ["127.0.0.1", "localhost"] {
        window.go(&discord.base_url().replace("127.0.0.1", host)).await;
        window.focus("textbox", "Message #support").await;
        window.write(&format!("written at {host}")).await;
        window.key("Enter").await;
        window.until_says(&format!("written at {host}")).await;
    }
    browser.end_after(&["status of 421"]).await;
}
