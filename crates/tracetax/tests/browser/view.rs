//! A page as it is seen: in this width, in light or dark; what is wrong with it, and a picture of it.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::chromium::Browser;

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Light,
    Dark,
}

impl Scheme {
    fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// Every way in which a page is looked at: widths of a desk and of a phone, in CSS pixels.
pub const VIEWS: [(u32, Scheme); 4] =
    [(1280, Scheme::Light), (1280, Scheme::Dark), (390, Scheme::Light), (390, Scheme::Dark)];

/// Opens a page that may not say anything to the console, nor ask the network for anything.
pub fn open(browser: &mut Browser, page: &Path, view: (u32, Scheme)) {
    let wrong = wrong(browser, page, view);
    assert!(wrong.is_empty(), "{} {view:?}: {wrong:#?}", page.display());
}

/// Opens a page, and gives whatever it said to the console and asked the network for.
pub fn wrong(browser: &mut Browser, page: &Path, (width, scheme): (u32, Scheme)) -> Vec<Value> {
    let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500});
    browser.send("Emulation.setDeviceMetricsOverride", &size);
    let scheme = json!([{"name": "prefers-color-scheme", "value": scheme.name()}]);
    browser.send("Emulation.setEmulatedMedia", &json!({"features": scheme}));
    browser.take_events();
    let address = format!("file://{}", page.display());
    let opened = browser.send("Page.navigate", &json!({"url": address}));
    assert!(opened["errorText"].is_null(), "{opened}");
    browser.wait_for("Page.loadEventFired");
    browser.take_events().into_iter().filter(|event| is_wrong(event, &address)).collect()
}

fn is_wrong(event: &Value, own: &str) -> bool {
    match event["method"].as_str().unwrap_or_default() {
        "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded" => true,
        "Network.requestWillBeSent" => {
            let asked = event["params"]["request"]["url"].as_str().unwrap_or_default();
            asked != own && !asked.starts_with("data:")
        }
        _ => false,
    }
}

/// Keeps a picture of the whole page, for people.
pub fn keep(browser: &mut Browser, name: &str, (width, scheme): (u32, Scheme)) {
    let height = browser.evaluate("document.documentElement.scrollHeight").as_u64().unwrap().min(12_000);
    let clip = json!({"x": 0, "y": 0, "width": width, "height": height, "scale": 1});
    let picture =
        browser.send("Page.captureScreenshot", &json!({"clip": clip, "captureBeyondViewport": true}));
    let bytes = STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
    let folder = pictures();
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{name}-{width}-{}.png", scheme.name())), bytes).unwrap();
}

/// Where pictures are kept: `target/report-pages`, unless the driver says otherwise.
fn pictures() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/report-pages");
    env::var_os("TRACETAX_PICTURES").map_or(here, PathBuf::from)
}
