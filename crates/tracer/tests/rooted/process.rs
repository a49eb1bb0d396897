//! Processes that a test starts: they are killed with it, and nothing is waited for without an end.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader, Read, Write as _},
    path::PathBuf,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    process::{Pid, Signal, kill_process},
    time::{ClockId, clock_gettime},
};

/// Only against hanging forever: no test depends on how long anything takes.
pub(crate) const FOREVER: Duration = Duration::from_secs(60);

/// A file that `cargo xtask build` makes.
pub(crate) fn built(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/release").join(name);
    assert!(path.exists(), "there is no {}: run `cargo xtask build`", path.display());
    path
}

/// A running process.
pub(crate) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: Receiver<String>,
    errors: Receiver<String>,
}

impl Process {
    /// Starts what `cargo xtask build` has built as `name`.
    pub(crate) fn start(name: &str, args: &[&OsStr]) -> Self {
        Self::spawn(Command::new(built(name)).args(args))
    }

    /// Starts any command.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let input = child.stdin.take();
        let output = lines(child.stdout.take().unwrap());
        let errors = lines(child.stderr.take().unwrap());
        Self { child, input, output, errors }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes to its standard input.
    pub(crate) fn write(&self, text: &str) {
        self.input.as_ref().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// The next line of its standard output.
    pub(crate) fn line(&self) -> String {
        self.output.recv_timeout(FOREVER).unwrap_or_else(|error| {
            panic!("no line: {error}; on standard error: {:?}", self.errors.try_iter().collect::<Vec<_>>())
        })
    }

    /// The next line of its standard output, if one comes within `limit`.
    pub(crate) fn line_within(&self, limit: Duration) -> Option<String> {
        match self.output.recv_timeout(limit) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => panic!("it has ended: {:?}", self.rest_of_errors()),
        }
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Closes standard input.
    pub(crate) fn end_input(&mut self) {
        drop(self.input.take());
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let child = &mut self.child;
        eventually("the process ends", || child.try_wait().unwrap())
    }

    /// All lines of standard output that were not taken yet. To be called after the end.
    pub(crate) fn rest(&self) -> Vec<String> {
        self.output.iter().collect()
    }

    /// All lines of standard error. To be called after the end.
    pub(crate) fn rest_of_errors(&self) -> Vec<String> {
        self.errors.iter().collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            self.errors.iter().for_each(|line| eprintln!("process {}: {line}", self.pid()));
        }
    }
}

fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            if line.is_err() || sender.send(line.unwrap()).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Now, in nanoseconds of `CLOCK_MONOTONIC`, by which records tell the time.
pub(crate) fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Asks until there is an answer.
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < FOREVER, "{what}: not within {FOREVER:?}");
        thread::sleep(Duration::from_millis(5));
    }
}
