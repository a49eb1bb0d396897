//! A temporary place with a scenario of its own, in which the real release binary runs and is watched.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    ffi::OsString,
    fs::{self, File},
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _, process::ExitStatusExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Weak},
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use tempfile::TempDir;
use tracetax::results::Folder;

use super::traces::Traces;

/// For whatever a test waits for; reached only when something hangs.
const PATIENCE: Duration = Duration::from_secs(120);
/// For processes to end that nobody waits for.
pub const GONE_WITHIN: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(10);

/// Where `cargo xtask build` puts what a run starts.
const RELEASE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/release");
pub const BINARIES: [&str; 4] = ["tracetax", "tracer", "target", "load"];

/// Codes of a verdict that a sound run may come to. One more is allowed where others took the
/// processors away.
pub const SOUND: [i32; 3] = [0, 4, 99];

/// No other process has this user, so that a limit on its processes limits ours alone.
const OTHER_USER: u32 = 63_999;

/// The place.
pub struct Site {
    _turn: Turn,
    folder: TempDir,
    binaries: PathBuf,
    environment: BTreeMap<&'static str, OsString>,
}

/// A run, by its keeper: the process that a user starts. Asked to end, and waited for, when a test gives up.
pub struct Run<'a> {
    site: &'a Site,
    process: Child,
    output: PathBuf,
}

/// A file that `cargo xtask build` has made; its folder where there is no name.
pub fn built(file: &str) -> PathBuf {
    Path::new(RELEASE).join(file)
}

/// A run refuses to begin while another measures, so the places take turns: those of this process, of other tests, and of
/// other checkouts on this machine. The places of one test have one turn: it runs in one after the other.
struct Turn(#[expect(dead_code, reason = "held, never looked at")] Arc<File>);

thread_local! {
    /// The turn of the test that runs in this thread.
    static TURN: RefCell<Weak<File>> = const { RefCell::new(Weak::new()) };
}

impl Turn {
    fn take() -> Self {
        let held = TURN.with_borrow(Weak::upgrade);
        let turn = held.unwrap_or_else(|| {
            let everybodys = File::open(std::env::temp_dir()).unwrap();
            everybodys.lock().unwrap();
            Arc::new(everybodys)
        });
        TURN.set(Arc::downgrade(&turn));
        Self(turn)
    }
}

/// How a lab ended.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Site {
    /// A place with one scenario.
    pub fn new(scenario: &str, text: &str) -> Self {
        for file in BINARIES.into_iter().chain(["tracer.bpf.o"]) {
            let built = built(file);
            assert!(built.is_file(), "{} is missing: run `cargo xtask build`", built.display());
        }
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(folder.path().join("scenarios")).unwrap();
        fs::write(folder.path().join("scenarios").join(scenario).with_extension("toml"), text).unwrap();
        let _turn = Turn::take();
        Self { _turn, folder, binaries: RELEASE.into(), environment: BTreeMap::new() }
    }

    /// The same with a variable in the lab's environment.
    pub fn with_variable(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.environment.insert(name, value.into());
        self
    }

    /// The same without it.
    #[allow(dead_code, reason = "wanted by the tests of baselines alone")]
    pub fn without_variable(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    /// The same with copies of these files alone; the lab looks for all that it starts beside itself.
    pub fn with_copies(mut self, files: &[&str]) -> Self {
        self.binaries = self.folder.path().join("bin");
        fs::create_dir(&self.binaries).unwrap();
        for file in files {
            fs::copy(built(file), self.binaries.join(file)).unwrap();
        }
        self
    }

    /// The same with all files under names of its own, so that its processes are told from all others. Nobody may write to
    /// them; to replace one is harmless.
    pub fn with_links(mut self) -> Self {
        self.binaries = self.folder.path().canonicalize().unwrap().join("bin");
        fs::create_dir(&self.binaries).unwrap();
        for file in BINARIES.into_iter().chain(["tracer.bpf.o"]) {
            let (from, to) = (built(file), self.binaries.join(file));
            fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(drop)).unwrap();
        }
        self
    }

    /// The same with one more scenario.
    pub fn with_scenario(self, scenario: &str, text: &str) -> Self {
        fs::write(self.folder.path().join("scenarios").join(scenario).with_extension("toml"), text).unwrap();
        self
    }

    pub fn binaries(&self) -> &Path {
        &self.binaries
    }

    /// The folder of all results, as the kernel names it.
    pub fn results(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("results")
    }

    /// The newest run's folder.
    pub fn latest(&self) -> Folder {
        Folder::open(&self.results().join("latest")).unwrap()
    }

    /// Blocks that are on the disk by now.
    pub fn blocks_so_far(&self) -> usize {
        let lines = fs::read(self.results().join("latest/blocks.jsonl")).unwrap_or_default();
        lines.iter().filter(|byte| **byte == b'\n').count()
    }

    /// Starts the lab with nothing of this process's environment.
    pub fn start(&self, args: &[&str]) -> Run<'_> {
        self.spawn(self.lab(args))
    }

    /// Runs the lab to its end.
    pub fn run(&self, args: &[&str]) -> Ended {
        self.start(args).end()
    }

    /// Starts the lab from a shell, in the same process, after what this line does.
    pub fn start_after(&self, line: &str, args: &[&str]) -> Run<'_> {
        self.start_by("/bin/sh", &["-c", &format!("{line} && exec \"$0\" \"$@\"")], args)
    }

    /// Starts the lab with signals as a terminal leaves them, also where this process ignores some, as under `nohup`.
    pub fn start_heedful(&self, args: &[&str]) -> Run<'_> {
        self.start_by("/usr/bin/env", &["--default-signal"], args)
    }

    /// Starts the lab from a program that becomes it.
    fn start_by(&self, program: &str, first: &[&str], args: &[&str]) -> Run<'_> {
        let lab = self.lab(args);
        let mut command = Command::new(program);
        command.args(first).arg(lab.get_program()).args(lab.get_args()).env_clear();
        command.envs(lab.get_envs().filter_map(|(name, value)| Some((name, value?))));
        self.spawn(command)
    }

    /// Runs the lab as a user who may not do what root may, nor start any process or thread.
    pub fn run_as_other_user(&self, args: &[&str]) -> Ended {
        let mut lab = self.lab(args);
        lab.uid(OTHER_USER).gid(OTHER_USER);
        let _limit = OneProcess::begin();
        self.spawn(lab).end()
    }

    /// Fails where anything is there still of what the run of this lab had.
    pub fn assert_nothing_left(&self, lab: i32, seen: &Traces) {
        assert_eq!(seen.left(lab, &self.results()), Traces::default());
    }

    /// Fails where `clean` finds something of the run of this lab. Other runs may be killed meanwhile: they are swept as well,
    /// and looked past.
    pub fn assert_nothing_to_sweep(&self, lab: i32) {
        let end = Instant::now() + GONE_WITHIN;
        loop {
            let clean = self.run(&["clean"]);
            if clean.stdout == "nothing to sweep\n" {
                break;
            }
            assert!(!clean.stdout.contains(&format!("tracetax-{lab}-")), "{}", clean.stdout);
            assert!(Instant::now() < end, "there is always something to sweep: {clean:?}");
        }
    }

    /// The lab, not yet started.
    pub fn lab(&self, args: &[&str]) -> Command {
        let mut lab = Command::new(self.binaries.join("tracetax"));
        lab.args(args).env_clear();
        lab.env("TRACETAX_ROOT", self.folder.path()).env("OUTPUT_DIR", self.results());
        lab.envs(&self.environment);
        lab
    }

    /// Starts it.
    pub fn spawn(&self, mut lab: Command) -> Run<'_> {
        let output = tempfile::tempdir_in(self.folder.path()).unwrap().keep();
        let file = |name| File::create(output.join(name)).unwrap();
        lab.stdin(Stdio::null()).stdout(file("stdout")).stderr(file("stderr"));
        Run { site: self, process: lab.spawn().unwrap(), output }
    }
}

impl Run<'_> {
    pub fn pid(&self) -> i32 {
        self.process.id().cast_signed()
    }

    /// Watches until processes of every role were seen at once, with their groups, BPF programs and sockets.
    pub fn watch(&mut self) -> Traces {
        let (lab, results) = (self.pid(), self.site.results());
        let mut seen = Traces::default();
        self.wait_until("a tracer at work", || {
            seen = Traces::of(lab, &results);
            seen.are_of_every_kind()
        });
        seen
    }

    /// Waits until so many blocks are on the disk.
    pub fn wait_for_blocks(&mut self, count: usize) {
        let site = self.site;
        self.wait_until("blocks", || site.blocks_so_far() >= count);
    }

    fn wait_until(&mut self, what: &str, mut is_so: impl FnMut() -> bool) {
        let end = Instant::now() + PATIENCE;
        while !is_so() {
            let ended = self.process.try_wait().unwrap();
            assert_eq!(ended, None, "the lab ended before there was {what}: {}", self.read("stderr"));
            assert!(Instant::now() < end, "no {what}: {}", self.read("stderr"));
            sleep(LOOK);
        }
    }

    pub fn is_running(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }

    /// Waits for its end.
    pub fn end(self) -> Ended {
        self.end_within(PATIENCE)
    }

    /// The same, for a run that is meant to be long.
    pub fn end_within(mut self, patience: Duration) -> Ended {
        let status = self.wait(patience);
        let status = status.unwrap_or_else(|| panic!("the lab does not end: {}", self.read("stderr")));
        Ended { status, stdout: self.read("stdout"), stderr: self.read("stderr") }
    }

    fn wait(&mut self, patience: Duration) -> Option<ExitStatus> {
        let end = Instant::now() + patience;
        while Instant::now() < end {
            if let Some(status) = self.process.try_wait().unwrap() {
                return Some(status);
            }
            sleep(LOOK);
        }
        None
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.output.join(name)).unwrap()
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        if self.process.try_wait().unwrap().is_none() {
            self.signal(Signal::TERM);
            let _ = self.wait(PATIENCE);
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}

impl Ended {
    /// The exit code of a lab that was not killed.
    pub fn code(&self) -> i32 {
        assert_eq!(self.status.signal(), None, "{}", self.stderr);
        self.status.code().unwrap()
    }

    /// As a shell tells it: 128 and the signal, for one that was killed.
    pub fn shell_code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| 128 + self.status.signal().unwrap())
    }
}

/// Until dropped, users other than root may have one process or thread each (setrlimit(2), `RLIMIT_NPROC`).
struct OneProcess(Rlimit);

impl OneProcess {
    fn begin() -> Self {
        let before = getrlimit(Resource::Nproc);
        let one = Rlimit { current: Some(1), maximum: before.maximum };
        setrlimit(Resource::Nproc, one).unwrap();
        Self(before)
    }
}

impl Drop for OneProcess {
    fn drop(&mut self) {
        let _ = setrlimit(Resource::Nproc, self.0);
    }
}
