//! The examples are tried as they are printed, as far as that is possible without systemd and Docker.

use std::fs;
use std::process::Command;

use crate::stage::Stage;

const UNIT: &str = include_str!("../../examples/talon.service");
const SETTINGS: &str = include_str!("../../examples/talon.env");
const CONTAINER: &str = include_str!("../../examples/Dockerfile");

/// The value that the unit gives to this key, once.
fn unit(key: &str) -> &'static str {
    let values: Vec<&str> = UNIT.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect();
    let [value] = values[..] else { panic!("{key} is given once: {values:?}") };
    value
}

/// The example's settings as a newcomer fills them in.
fn filled_in(stage: &Stage) -> String {
    let ids = stage.discord.ids();
    let values = [
        ("DISCORD_TOKEN", stage.discord.token().to_owned()),
        ("TICKET_BUTTON_CHANNEL_ID", ids.panel.to_string()),
        ("TICKET_CATEGORY_ID", ids.category.to_string()),
        ("SUPPORT_ROLE_ID", ids.support_role.to_string()),
    ];
    let mut text = SETTINGS.to_owned();
    for (name, value) in values {
        let (empty, full) = (format!("\n{name}=\n"), format!("\n{name}={value}\n"));
        assert!(text.contains(&empty), "{name} is there to be filled in");
        text = text.replace(&empty, &full);
    }
    text + &format!("DISCORD_PROXY={}\n", stage.discord.base_url())
}

/// No settings in the environment.
fn without_settings(stage: &mut Stage) {
    for name in ["DISCORD_TOKEN", "DISCORD_PROXY", "TICKET_BUTTON_CHANNEL_ID", "TICKET_CATEGORY_ID", "SUPPORT_ROLE_ID"]
    {
        stage.unset(name);
    }
}

#[tokio::test]
async fn the_unit_and_the_operators_commands_read_one_file() {
    let mut stage = Stage::empty();
    let text = filled_in(&stage);
    without_settings(&mut stage);
    let (name, source) = unit("LoadCredential").split_once(':').expect("a name and a file");
    let documented = format!("--env-file {source}\n");
    assert!(UNIT.matches(&documented).count() >= 2, "the operator's commands name the file of the unit");
    assert_eq!(unit("WorkingDirectory"), format!("/var/lib/{}", unit("StateDirectory")));
    assert!(UNIT.contains(&format!("cd {} && talon doctor", unit("WorkingDirectory"))));
    fs::create_dir(stage.file("credentials")).expect("a folder");
    fs::write(stage.file("credentials").join(name), &text).expect("a file");
    let credentials = stage.file("credentials").display().to_string();
    let line = unit("ExecStart").replace("${CREDENTIALS_DIRECTORY}", &credentials);
    let [program, "run", arguments @ ..] = &line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
    assert!(program.ends_with("/talon"), "{line}");

    stage.spawn_with(arguments);
    stage.discord.ready().await;
    stage.panel().await;
    stage.open(stage.discord.ids().alice).await;

    for command in ["tickets", "doctor"] {
        let told = stage.until_told(&[&[command][..], arguments].concat(), |_| true).await;
        assert!(!told.is_empty());
    }
}

#[tokio::test]
async fn wrong_settings_are_no_reason_to_start_again() {
    let stage = Stage::empty();
    let status = stage.ask(&["run"]).await.status.code().expect("a code");
    assert_eq!(unit("RestartPreventExitStatus"), status.to_string());
}

#[tokio::test]
async fn every_setting_of_the_example_is_one_that_the_bot_takes() {
    let mut stage = Stage::empty();
    // What is offered in a comment is taken as it stands.
    let offered =
        |line: &str| line.strip_prefix('#').filter(|rest| rest.starts_with(char::is_uppercase)).map(str::to_owned);
    let text: String =
        filled_in(&stage).lines().map(|line| offered(line).unwrap_or_else(|| line.to_owned()) + "\n").collect();
    without_settings(&mut stage);
    fs::write(stage.file("all.env"), &text).expect("a file");
    assert!(text.contains("\nCLOSE_DELAY=") && text.contains("\nHEALTH_ADDR="), "{text}");

    let examined = stage.ask(&["doctor", "--env-file", "all.env"]).await;

    let told = String::from_utf8_lossy(&examined.stderr);
    assert!(examined.status.success() && !told.contains("meant?"), "{told}");
    let readme = include_str!("../../README.md");
    for name in text.lines().filter_map(|line| line.split_once('=').map(|(name, _)| name)) {
        assert!(readme.contains(&format!("`{name}`")), "{name} is in the README, too");
    }
}

#[tokio::test]
async fn the_container_reads_what_setup_wrote_into_its_volume() {
    let instruction = |name: &str| {
        let line = CONTAINER.lines().filter_map(|line| line.strip_prefix(name)).next_back();
        line.unwrap_or_else(|| panic!("{name} is there")).trim().to_owned()
    };
    let list = |text: &str| serde_json::from_str::<Vec<String>>(text).expect("a list of words");
    let words = |name: &str| list(&instruction(name));
    assert_eq!(instruction("WORKDIR"), instruction("VOLUME"), "what is written in the folder survives");
    assert_eq!((words("ENTRYPOINT"), words("CMD")), (vec!["talon".to_owned()], vec!["run".to_owned()]));

    let check = instruction("HEALTHCHECK");
    let (_, check) = check.split_once(" CMD ").expect("a command");
    assert_eq!(list(check), ["talon", "health"]);
    assert!(instruction("USER").starts_with(char::is_numeric) && !instruction("USER").starts_with('0'), "not root");
    // With the address of the image the check has all it needs: it fails because nothing answers, not because of settings.
    let stage = Stage::empty();
    let variables = instruction("ENV");
    let address = variables.split(' ').find_map(|variable| variable.strip_prefix("HEALTH_ADDR=")).expect("an address");
    fs::write(stage.file("image.env"), format!("HEALTH_ADDR={address}\n")).expect("a file");
    let asked = stage.ask(&["health", "--env-file", "image.env"]).await;
    assert_eq!(asked.status.code(), Some(1), "{asked:?}");

    let mut stage = Stage::empty();
    let text = filled_in(&stage);
    without_settings(&mut stage);
    fs::write(stage.file(".env"), text).expect("a file");
    stage.spawn();
    stage.discord.ready().await;
    stage.open(stage.discord.ids().alice).await;
    let listed = stage.until_told(&["tickets"], |told| told.contains("open")).await;
    assert!(listed.contains("#1"), "{listed}");
}

#[test]
fn cargo_binstall_finds_the_archives_of_a_release() {
    let manifest = include_str!("../../Cargo.toml");
    let url = |suffix: &str| {
        let mut urls = manifest.lines().filter_map(|line| line.strip_prefix("pkg-url = \"")?.strip_suffix('"'));
        urls.rfind(|url| url.ends_with(suffix)).expect("an address").rsplit('/').next().expect("a name")
    };
    let workflow = include_str!("../../.github/workflows/release.yml");
    let targets = workflow.lines().filter_map(|line| line.split("target: ").nth(1)?.split(',').next());
    let targets: Vec<&str> = targets.filter(|target| target.matches('-').count() >= 2).collect();
    assert_eq!(targets.len(), 7, "{targets:?}");
    for target in targets {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/.ci/package");
        let packed = Command::new(script).args(["name", "--target", target]).output().expect("the script runs");
        let packed = String::from_utf8(packed.stdout).expect("a name");
        let template = url(if target.contains("windows") { ".zip" } else { ".tar.gz" });
        let sought = template.replace("{ version }", env!("CARGO_PKG_VERSION")).replace("{ target }", target);
        assert_eq!(packed.trim(), sought);
    }
}
