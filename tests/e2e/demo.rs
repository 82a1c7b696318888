//! `talon sandbox` at a terminal: what it prints is true, and it ends when it is asked to.

#[path = "../support/demo.rs"]
mod process;

use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use self::process::{Demo, PATIENCE};

/// The commands it has printed, without what follows them.
fn commands(talon: &Demo) -> impl Iterator<Item = &str> {
    let lines = talon.guide.lines().map(|line| line.split(" #").next().unwrap_or(line).trim());
    lines.filter(|line| line.starts_with("curl"))
}

#[tokio::test]
async fn every_command_it_prints_works_as_printed() {
    for arguments in [&[] as &[&str], &["--bot", "none"]] {
        let talon = Demo::start(arguments).await;
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        assert!(commands(&talon).count() >= 3, "{}", talon.guide);
        for command in commands(&talon) {
            let url = command.split('\'').nth(1).expect("the address is quoted for the shell");
            let method = if command.contains("-X POST") { reqwest::Method::POST } else { reqwest::Method::GET };
            let answer = http.request(method, url).send().await.expect("an answer");
            assert!(answer.status().is_success(), "{command}: {}", answer.status());
        }
        let ended = talon.stop("INT").await;
        assert!(ended.success(), "Ctrl-C is no failure: {ended}");
    }
}

#[tokio::test]
async fn without_a_bot_it_prints_what_a_bot_needs() {
    let talon = Demo::start(&["--bot", "none"]).await;
    let value = |name: &str| {
        let line = talon.guide.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_else(|| panic!("{name} is not told: {}", talon.guide)).to_owned()
    };
    let http = reqwest::Client::builder().no_proxy().user_agent("DiscordBot (somebody, 1)").build().expect("a client");
    let me = http.get(format!("{}/api/v10/users/@me", value("DISCORD_PROXY")));
    let me = me.header("authorization", format!("Bot {}", value("DISCORD_TOKEN"))).send().await.expect("an answer");
    assert_eq!(me.status(), 200);
    for id in ["GUILD_ID", "TICKET_BUTTON_CHANNEL_ID", "TICKET_CATEGORY_ID", "SUPPORT_ROLE_ID"] {
        value(id).parse::<u64>().expect("an id is a number");
    }
    assert!(talon.stop("TERM").await.success());
}

#[tokio::test]
async fn a_taken_port_is_told_in_a_sentence() {
    let talon = Demo::start(&["--bot", "none"]).await;
    let port = talon.port().to_owned();
    let second = Command::new(env!("CARGO_BIN_EXE_talon")).args(["sandbox", "--port", &port]).output();
    let second = timeout(PATIENCE, second).await.expect("it ends at once").expect("talon starts");
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains(&format!("port {port} is taken")), "{said}");
    assert_eq!(second.status.code(), Some(1));
}

#[tokio::test]
async fn a_killed_sandbox_leaves_no_bot_behind() {
    let mut talon = Demo::start(&[]).await;
    talon.process.kill().await.expect("it can be killed");
    talon.until_silent().await;
}

/// The title of the panel, once it speaks this language.
async fn until_panel(talon: &Demo, title: &str) {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let spoken = async {
        loop {
            let view = http.get(format!("{}/sandbox/view?as=alice", talon.address())).send().await.expect("an answer");
            if view.text().await.expect("a text").contains(title) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, spoken).await.unwrap_or_else(|_| panic!("the panel never said {title}"));
}

#[tokio::test]
async fn the_bot_speaks_the_language_that_was_asked_for_and_changes_it_while_one_looks() {
    let talon = Demo::start(&["--locale", "en"]).await;
    until_panel(&talon, "SUPPORT SYSTEM").await;
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    for (name, title) in [("speak-ru", "СИСТЕМА ПОДДЕРЖКИ"), ("speak-en", "SUPPORT SYSTEM")] {
        let thrown = http.post(format!("{}/sandbox/switches?name={name}", talon.address())).send().await;
        assert!(thrown.expect("an answer").status().is_success());
        until_panel(&talon, title).await;
    }
    assert!(talon.stop("INT").await.success());
}

#[tokio::test]
async fn the_language_is_that_of_the_environment_unless_something_else_is_said() {
    for (variables, title) in [
        (&[("LANG", "en_US.UTF-8")][..], "SUPPORT SYSTEM"),
        (&[("LANG", "ru_RU.UTF-8")], "СИСТЕМА ПОДДЕРЖКИ"),
        (&[("LANG", "ru_RU.UTF-8"), ("LOCALE", "en")], "SUPPORT SYSTEM"),
    ] {
        let mut process = Command::new(env!("CARGO_BIN_EXE_talon"));
        process.env_clear().envs(variables.iter().copied());
        let talon = Demo::run(process, "0", &[]).await;
        until_panel(&talon, title).await;
        assert!(talon.stop("INT").await.success());
    }
}

#[tokio::test]
async fn a_clean_stop_warns_of_nothing() {
    for arguments in [&[] as &[&str], &["--bot", "none"]] {
        for signal in ["INT", "TERM"] {
            let log = tempfile::NamedTempFile::new().expect("a file");
            let mut process = Command::new(env!("CARGO_BIN_EXE_talon"));
            process.env("LOCALE", "ru").stderr(log.reopen().expect("it can be opened"));
            let talon = Demo::run(process, "0", arguments).await;
            assert!(talon.stop(signal).await.success());
            let logged = std::fs::read_to_string(log.path()).expect("a text");
            assert!(!logged.contains("WARN") && !logged.contains("ERROR"), "{logged}");
        }
    }
}

#[tokio::test]
async fn the_bot_serves_its_health_where_the_environment_says() {
    let log = tempfile::NamedTempFile::new().expect("a file");
    let mut process = Command::new(env!("CARGO_BIN_EXE_talon"));
    process.env("LOCALE", "ru").env("HEALTH_ADDR", "127.0.0.1:0").stderr(log.reopen().expect("it can be opened"));
    let talon = Demo::run(process, "0", &[]).await;

    let logged = std::fs::read_to_string(log.path()).expect("a text");
    let line = logged.lines().find(|line| line.contains("serving /healthz")).expect("the log names the address");
    let address = line.split("address=").nth(1).expect("an address").trim();
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let page = http.get(format!("http://{address}/healthz")).send().await.expect("an answer");
    let page: serde_json::Value = serde_json::from_str(&page.text().await.expect("a text")).expect("JSON");
    assert_eq!(page["store"]["writable"], true, "{page}");
    assert!(talon.stop("TERM").await.success());

    let mut process = Command::new(env!("CARGO_BIN_EXE_talon"));
    process.args(["sandbox", "--port", "0"]).env_clear().env("HEALTH_ADDR", "here").env("LOCALE", "klingon");
    let wrong = timeout(PATIENCE, process.output()).await.expect("it ends at once").expect("talon starts");
    let said = String::from_utf8_lossy(&wrong.stderr);
    assert_eq!(wrong.status.code(), Some(2), "{said}");
    assert!(said.contains("HEALTH_ADDR: ") && said.contains("LOCALE: "), "{said}");
}
