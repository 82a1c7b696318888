//! The operator lets the bot into a server.

use std::process::Output;

use talon_sandbox::world::Permissions;

use crate::stage::Stage;

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("the letter is text")
}

#[tokio::test]
async fn the_invitation_names_what_the_doctor_wants() {
    let mut stage = Stage::empty();
    let ids = stage.discord.ids();
    for name in ["TICKET_BUTTON_CHANNEL_ID", "TICKET_CATEGORY_ID", "SUPPORT_ROLE_ID"] {
        stage.set(name, "");
    }

    let asked = stage.run("invite").await;

    assert!(asked.status.success(), "{asked:?}");
    let letter = text(&asked);
    let link = letter.lines().next().expect("the link");
    let permissions = link.split_once("permissions=").and_then(|(_, number)| number.parse().ok()).expect("a number");
    assert!(link.contains(&format!("client_id={}&scope=bot%20applications.commands&", ids.application)), "{link}");
    stage.discord.set_bot_permissions(Permissions(permissions));
    stage.set("TICKET_BUTTON_CHANNEL_ID", ids.panel.to_string());
    stage.set("TICKET_CATEGORY_ID", ids.category.to_string());
    stage.set("SUPPORT_ROLE_ID", ids.support_role.to_string());
    let examined = stage.run("doctor").await;
    assert!(examined.status.success(), "{}", text(&examined));
}

#[tokio::test]
async fn an_invitation_needs_no_token_where_the_application_is_known() {
    let mut stage = Stage::empty();
    stage.set("DISCORD_TOKEN", "");
    let told = stage.program("invite").args(["--application", "42"]).output().expect("the program runs");
    assert!(text(&told).contains("client_id=42&"), "{told:?}");
    let nothing = stage.run("invite").await;
    assert_eq!(nothing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("DISCORD_TOKEN: is not set"), "{nothing:?}");
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("`talon invite --application ID`"), "{nothing:?}");
    assert_eq!(stage.discord.calls().len(), 0);
}
