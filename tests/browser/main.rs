//! The sandbox's page in a real browser: what a newcomer sees, clicks and reads.

#[path = "../support/demo.rs"]
mod demo;
#[path = "../support/stage.rs"]
mod stage;
#[path = "../support/test_bot.rs"]
mod test_bot;

mod chat;
mod chromium;
mod forms;
mod hands;
mod hostile;
mod keyboard;
mod live;
mod looks;
mod messages;
mod newcomers;
mod trouble;
mod window;

use chromium::Chromium;
use window::Window;

use talon_sandbox::Sandbox;

use crate::stage::Stage;

/// What the panel's button is called, and the ticket's.
const CREATE: &str = "создать тикет";
const CLOSE: &str = "закрыть тикет";

/// The page as this person, in a window of its own.
async fn look_as(browser: &Chromium, stage: &Stage, who: &str) -> Window {
    look_at(browser, &stage.discord, who).await
}

/// The same, where there is no bot.
async fn look_at(browser: &Chromium, discord: &Sandbox, who: &str) -> Window {
    let window = Window::open(browser, &format!("{}/?as={who}", discord.base_url())).await;
    window.until_there("button", "support").await;
    window
}

/// Opens a ticket by clicking, and follows the link to it.
async fn open_ticket(window: &Window, name: &str) {
    window.click("button", CREATE).await;
    window.click("link", &format!("#{name}")).await;
    window.until_there("button", CLOSE).await;
}
