//! A browser without a window, driven over two pipes by the protocol of its developer tools: JSON texts, each ended by a
//! zero byte (`--remote-debugging-pipe`). No port is opened.

use std::{
    collections::VecDeque,
    env,
    io::{BufRead, BufReader, PipeReader, PipeWriter, Write},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use command_fds::{CommandFdExt, FdMapping};
use serde_json::{Value, json};

/// Where the browser is, as the driver tells it.
const PROGRAM: &str = "TRACETAX_CHROMIUM";

/// A machine that is busy starts a browser slowly; nothing else here takes long.
const PATIENCE: Duration = Duration::from_secs(180);

/// A browser with one page. It ends with this value.
pub struct Browser {
    child: Child,
    commands: PipeWriter,
    messages: Receiver<Value>,
    /// Events that have come and were not asked for yet.
    events: VecDeque<Value>,
    /// The page.
    session: String,
    last: u64,
    /// Its profile: removed with it.
    _home: tempfile::TempDir,
}

impl Browser {
    /// Starts it, with an empty page.
    pub fn start() -> Self {
        let program = env::var_os(PROGRAM).unwrap_or_else(|| {
            panic!("{PROGRAM} is not set: run `cargo xtask test`, or name a Chromium by it")
        });
        let home = tempfile::tempdir().unwrap();
        let (to_browser, commands) = std::io::pipe().unwrap();
        let (answers, from_browser) = std::io::pipe().unwrap();
        let mut command = Command::new(program);
        command.args(["--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu"]);
        // Without another user to become, it has no sandbox for root. It opens nothing but files that were written here.
        command.args([
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "about:blank",
        ]);
        command.arg(format!("--user-data-dir={}", home.path().display()));
        command.env("HOME", home.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mappings = [(to_browser.into(), 3), (from_browser.into(), 4)];
        let mappings = mappings.map(|(parent_fd, child_fd)| FdMapping { parent_fd, child_fd });
        let child = command.fd_mappings(mappings.into()).unwrap().spawn().unwrap();
        // The browser's ends of the pipes are the command's: they close here, so that its end is seen.
        drop(command);
        let (events, session) = (VecDeque::new(), String::new());
        let mut browser =
            Self { child, commands, messages: listen(answers), events, session, last: 0, _home: home };
        let target = browser.send("Target.createTarget", &json!({"url": "about:blank"}))["targetId"].clone();
        let attached = browser.send("Target.attachToTarget", &json!({"targetId": target, "flatten": true}));
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.send(&format!("{domain}.enable"), &json!({}));
        }
        browser.send("Emulation.setFocusEmulationEnabled", &json!({"enabled": true}));
        browser
    }

    /// Sends a command, and waits for what comes of it.
    pub fn send(&mut self, method: &str, params: &Value) -> Value {
        self.last += 1;
        let mut command = json!({"id": self.last, "method": method, "params": params});
        if !self.session.is_empty() {
            command["sessionId"] = self.session.as_str().into();
        }
        let mut text = serde_json::to_vec(&command).unwrap();
        text.push(0);
        self.commands.write_all(&text).unwrap();
        let end = Instant::now() + PATIENCE;
        loop {
            let message = self.next(end, method);
            if message["id"] == self.last {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            self.events.push_back(message);
        }
    }

    fn next(&self, end: Instant, waiting_for: &str) -> Value {
        let left = end.saturating_duration_since(Instant::now());
        self.messages
            .recv_timeout(left)
            .unwrap_or_else(|error| panic!("no {waiting_for} from the browser: {error}"))
    }

    /// Waits for an event of this name.
    pub fn wait_for(&mut self, event: &str) {
        if self.events.iter().any(|message| message["method"] == event) {
            return;
        }
        let end = Instant::now() + PATIENCE;
        loop {
            let message = self.next(end, event);
            let found = message["method"] == event;
            self.events.push_back(message);
            if found {
                return;
            }
        }
    }

    /// All events since the last time.
    pub fn take_events(&mut self) -> Vec<Value> {
        self.events.drain(..).collect()
    }

    /// What an expression comes to in the page; a promise is waited for.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let outcome = self.send("Runtime.evaluate", &params);
        assert!(outcome["exceptionDetails"].is_null(), "{}", outcome["exceptionDetails"]);
        outcome["result"]["value"].clone()
    }
}

fn listen(answers: PipeReader) -> Receiver<Value> {
    let (sender, messages) = channel();
    thread::spawn(move || {
        for message in BufReader::new(answers).split(0) {
            let Ok(message) = message else { return };
            if sender.send(serde_json::from_slice(&message).unwrap()).is_err() {
                return;
            }
        }
    });
    messages
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
