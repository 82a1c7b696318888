//! The program `talon-sandbox`: what it prints is true, and it ends when it is asked to.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use reqwest::StatusCode;
use serde_json::Value;

/// A running `talon-sandbox` on a free port.
struct Program {
    process: Child,
    stdout: BufReader<ChildStdout>,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_talon-sandbox"))
            .args(["--port", "0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stdout = BufReader::new(process.stdout.take().expect("it is piped"));
        Self { process, stdout }
    }

    /// Reads the guide up to its last line, which is the address alone.
    fn read_guide(&mut self) -> String {
        let mut guide = String::new();
        while !guide.lines().last().is_some_and(|line| line.trim().starts_with("http://")) {
            assert_ne!(self.stdout.read_line(&mut guide).expect("it can be read"), 0, "it goes on running");
        }
        guide
    }

    /// Asks it to stop, as Ctrl-C or a service manager does.
    fn stop(mut self, signal: &str) {
        let sent = Command::new("kill").args(["-s", signal, &self.process.id().to_string()]).status();
        assert!(sent.expect("`kill` can be run").success());
        assert!(self.process.wait().expect("it ends").success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn ask_who_i_am(url: &str, token: &str) -> StatusCode {
    let http = reqwest::Client::builder().no_proxy().user_agent("DiscordBot (test, 1)").build().expect("a client");
    let me = http.get(format!("{url}/api/v10/users/@me")).header("authorization", format!("Bot {token}"));
    me.send().await.expect("an answer").status()
}

#[tokio::test]
async fn as_json_it_tells_a_program_how_to_connect() {
    let mut program = Program::start(&["--json"]);
    let told = serde_json::Deserializer::from_reader(&mut program.stdout).into_iter().next();
    let told: Value = told.expect("it prints").expect("it is JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    assert_eq!(ask_who_i_am(&text(&told["url"]), &text(&told["token"])).await, 200);
    let ids = [&told["application"], &told["guild"]["id"], &told["channels"][0]["id"], &told["roles"][0]["id"]];
    assert!(ids.into_iter().all(|id| text(id).parse::<u64>().is_ok()), "{told}");
    program.stop("INT");
}

#[tokio::test]
async fn as_text_it_tells_a_person_how_to_connect() {
    let mut program = Program::start(&[]);
    let guide = program.read_guide();
    let value = |name: &str| {
        let line = guide.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_else(|| panic!("{name} is not told: {guide}"))
    };
    assert_eq!(ask_who_i_am(value("DISCORD_PROXY"), value("DISCORD_TOKEN")).await, 200);
    for id in ["GUILD_ID", "CHANNEL_ID", "PANEL_CHANNEL_ID", "CATEGORY_ID", "SUPPORT_ROLE_ID"] {
        value(id).parse::<u64>().expect("an id is a number");
    }
    program.stop("TERM");
}

#[test]
fn a_taken_port_is_told_in_a_sentence() {
    let mut first = Program::start(&[]);
    let guide = first.read_guide();
    let port = guide.trim_end().rsplit(':').next().expect("the address has a port");
    let second = Command::new(env!("CARGO_BIN_EXE_talon-sandbox")).args(["--port", port]).output();
    let second = second.expect("the program starts");
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains(&format!("port {port} is taken")), "{said}");
    assert_eq!(second.status.code(), Some(1));
    first.stop("INT");
}
