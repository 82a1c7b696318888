//! A window of the browser, used as a person uses it: things are found by what a screen reader calls them, clicked where
//! they are, and waited for. So each story also proves that what it touches has an accessible name.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::chromium::{Chromium, Line};

/// How long a story waits for what it expects.
const PATIENCE: Duration = Duration::from_secs(15);
/// Until the page changes, or a moment has passed for what changes without a trace in the page.
const NEXT_CHANGE: &str = "new Promise((done) => {
    const eye = new MutationObserver(() => { eye.disconnect(); done(); });
    eye.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    setTimeout(() => { eye.disconnect(); done(); }, 100);
})";
const SHOWN: &str = "[...document.querySelectorAll('body > :not(#news)')]\
                     .filter((part) => part.checkVisibility()).map((part) => part.innerText).join('\\n')";
/// What can be used, or gone to, and so must have a name.
const USABLE: [&str; 9] =
    ["button", "link", "textbox", "combobox", "menuitem", "checkbox", "list", "complementary", "navigation"];

/// One window.
pub struct Window {
    line: Line,
    session: String,
}

impl Window {
    /// Opens an address in a window of its own.
    pub async fn open(browser: &Chromium, address: &str) -> Self {
        let line = browser.line();
        let target = line.ask(None, "Target.createTarget", json!({ "url": "about:blank", "newWindow": true })).await;
        let target = &target.expect("a window opens")["targetId"];
        let attached = line.ask(None, "Target.attachToTarget", json!({ "targetId": target, "flatten": true })).await;
        let session = attached.expect("a window can be steered")["sessionId"].as_str().expect("a session").to_owned();
        let window = Self { line, session };
        for domain in ["Page.enable", "Runtime.enable", "Log.enable", "DOM.enable", "Accessibility.enable"] {
            window.ask(domain, json!({})).await;
        }
        window.resize(1500, 900).await;
        window.go(address).await;
        window
    }

    /// Goes to an address.
    pub async fn go(&self, address: &str) {
        self.ask("Page.navigate", json!({ "url": address })).await;
    }

    /// Gives the page this much room.
    pub async fn resize(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.ask("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Tells the page that its reader prefers `light` or `dark`.
    pub async fn prefer(&self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.ask("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Tells the page that its reader lives in this time zone.
    pub async fn live_in(&self, zone: &str) {
        self.ask("Emulation.setTimezoneOverride", json!({ "timezoneId": zone })).await;
    }

    /// Clicks the thing of this role and name, as soon as it is there.
    pub async fn click(&self, role: &str, name: &str) {
        self.click_with(role, name, "left").await;
    }

    /// Clicks it with the other button.
    pub async fn right_click(&self, role: &str, name: &str) {
        self.click_with(role, name, "right").await;
    }

    async fn click_with(&self, role: &str, name: &str, button: &str) {
        let what = format!("the {role} “{name}”");
        self.wait(&what, async || {
            let node = self.find(role, name).await?;
            self.try_ask("DOM.scrollIntoViewIfNeeded", json!({ "backendNodeId": node })).await?;
            let quads = self.try_ask("DOM.getContentQuads", json!({ "backendNodeId": node })).await?;
            let corner = |index: usize| quads["quads"][0][index].as_f64();
            let (x, y) = (f64::midpoint(corner(0)?, corner(4)?), f64::midpoint(corner(1)?, corner(5)?));
            for kind in ["mousePressed", "mouseReleased"] {
                let event = json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": 1 });
                self.ask("Input.dispatchMouseEvent", event).await;
            }
            Some(())
        })
        .await;
    }

    /// Puts the focus on a thing, without a click.
    pub async fn focus(&self, role: &str, name: &str) {
        self.wait(&format!("the {role} “{name}”"), async || {
            let node = self.find(role, name).await?;
            self.try_ask("DOM.focus", json!({ "backendNodeId": node })).await
        })
        .await;
    }

    /// Chooses files in the input with this id, as the dialog of the browser would.
    pub async fn choose_files(&self, id: &str, files: &[&Path]) {
        let input = self.evaluate(&format!("document.getElementById('{id}')"), false).await;
        let wish = json!({ "objectId": input["objectId"], "files": files });
        self.ask("DOM.setFileInputFiles", wish).await;
    }

    /// Types text where the focus is.
    pub async fn write(&self, text: &str) {
        self.ask("Input.insertText", json!({ "text": text })).await;
    }

    /// Presses a key: `Enter`, `Tab`, `ArrowDown`, or a letter.
    pub async fn key(&self, key: &str) {
        let text = match key {
            "Enter" => "\r",
            letter if letter.chars().count() == 1 => letter,
            _ => "",
        };
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            "Escape" => 27,
            "End" => 35,
            "ArrowUp" => 38,
            "ArrowDown" => 40,
            letter => letter.to_uppercase().bytes().next().unwrap_or_default(),
        };
        let down = json!({ "type": "keyDown", "key": key, "code": key, "text": text, "windowsVirtualKeyCode": code });
        self.ask("Input.dispatchKeyEvent", down).await;
        let up = json!({ "type": "keyUp", "key": key, "code": key, "windowsVirtualKeyCode": code });
        self.ask("Input.dispatchKeyEvent", up).await;
    }

    /// Walks with the Tab key until the focus is on a thing of this name.
    pub async fn tab_to(&self, name: &str) {
        let mut passed = Vec::new();
        while passed.len() < 60 {
            self.key("Tab").await;
            let here = self.focused().await;
            if here == name {
                return;
            }
            passed.push(here);
        }
        panic!("the Tab key never came to “{name}”, but to {passed:#?}");
    }

    /// The accessible name of what has the focus.
    pub async fn focused(&self) -> String {
        let element = self.evaluate("document.activeElement", false).await;
        let wish = json!({ "objectId": element["objectId"], "fetchRelatives": false });
        let tree = self.try_ask("Accessibility.getPartialAXTree", wish).await.unwrap_or_default();
        tree["nodes"][0]["name"]["value"].as_str().unwrap_or_default().to_owned()
    }

    /// Waits until an expression is true in the page.
    pub async fn until(&self, what: &str, expression: &str) {
        self.wait(what, async || (self.value(expression).await == true).then_some(())).await;
    }

    /// Waits until a thing of this role and name is there.
    pub async fn until_there(&self, role: &str, name: &str) {
        self.wait(&format!("the {role} “{name}”"), async || self.find(role, name).await).await;
    }

    /// Waits until there is no such thing.
    pub async fn until_not_there(&self, role: &str, name: &str) {
        let what = format!("the {role} “{name}” is gone");
        self.wait(&what, async || self.find(role, name).await.is_none().then_some(())).await;
    }

    /// Whether such a thing is there now.
    pub async fn has(&self, role: &str, name: &str) -> bool {
        self.find(role, name).await.is_some()
    }

    /// Waits until the page shows these words.
    pub async fn until_says(&self, words: &str) {
        self.wait(words, async || self.text().await.contains(words).then_some(())).await;
    }

    /// Waits until the page does not show these words.
    pub async fn until_silent(&self, words: &str) {
        let what = format!("“{words}” is gone");
        self.wait(&what, async || (!self.text().await.contains(words)).then_some(())).await;
    }

    /// All words that can be read on the page now; what is said to a screen reader is not among them.
    pub async fn text(&self) -> String {
        self.value(SHOWN).await.as_str().unwrap_or_default().to_owned()
    }

    /// What an expression comes to in the page.
    pub async fn value(&self, expression: &str) -> Value {
        self.evaluate(expression, true).await["value"].take()
    }

    /// What can be used on the page now and has no accessible name.
    pub async fn nameless(&self) -> Vec<String> {
        let tree = self.ask("Accessibility.getFullAXTree", json!({})).await;
        let nodes = tree["nodes"].as_array().cloned().unwrap_or_default();
        let usable = nodes.iter().filter(|node| node["ignored"] != true);
        let usable = usable.filter(|node| USABLE.iter().any(|role| node["role"]["value"] == *role));
        usable.filter(|node| node["name"]["value"].as_str().is_none_or(str::is_empty)).map(Value::to_string).collect()
    }

    async fn find(&self, role: &str, name: &str) -> Option<Value> {
        let root = self.evaluate("document", false).await["objectId"].take();
        let wish = json!({ "objectId": root, "role": role, "accessibleName": name });
        let found = self.try_ask("Accessibility.queryAXTree", wish).await?;
        let mut found = found["nodes"].as_array()?.iter().filter(|node| node["ignored"] != true);
        found.next().map(|node| node["backendDOMNodeId"].clone())
    }

    /// Looks again whenever the page has changed.
    async fn wait<T>(&self, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(found) = look().await {
                return found;
            }
            let _ = self.try_ask("Runtime.evaluate", json!({ "expression": NEXT_CHANGE, "awaitPromise": true })).await;
        }
        panic!("waited in vain for {what}; the page says:\n{}", self.text().await);
    }

    async fn evaluate(&self, expression: &str, by_value: bool) -> Value {
        let wish = json!({ "expression": expression, "returnByValue": by_value });
        self.try_ask("Runtime.evaluate", wish).await.unwrap_or_default()["result"].take()
    }

    /// What may fail because the page is just changing; a page that is left may take the answer with it.
    async fn try_ask(&self, method: &str, params: Value) -> Option<Value> {
        let answer = self.line.ask(Some(&self.session), method, params);
        tokio::time::timeout(PATIENCE / 3, answer).await.ok()?.ok()
    }

    async fn ask(&self, method: &str, params: Value) -> Value {
        let answer = self.line.ask(Some(&self.session), method, params).await;
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }
}
