//! The agent under a parent's control, and what it leaves in the kernel.

use std::{collections::BTreeSet, fs, path::PathBuf};

use clap::ValueEnum as _;
use record::agent::{AgentCommand, AgentReply, AgentStats, LoadedMap, LoadedProgram, RequestRecord};
use tempfile::TempDir;
use tracer::choice::Strategy;

use crate::{
    client::Truth,
    process::{Process, built, eventually},
};

/// A running agent that obeys commands and writes its records to a file.
pub(crate) struct Agent {
    pub(crate) process: Process,
    pub(crate) programs: Vec<LoadedProgram>,
    pub(crate) maps: Vec<LoadedMap>,
    folder: TempDir,
}

impl Agent {
    /// Starts it for the process `pid` and waits until it is ready. Nothing is attached then.
    pub(crate) fn start(pid: u32) -> Self {
        Self::start_with(pid, &[])
    }

    /// The same, with further arguments.
    pub(crate) fn start_with(pid: u32, more: &[&str]) -> Self {
        let object = built("tracer.bpf.o");
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("records.jsonl");
        let pid = pid.to_string();
        let mut args = vec!["--control".as_ref(), "--pid".as_ref(), pid.as_ref(), "--object".as_ref()];
        args.extend([object.as_os_str(), "--output".as_ref(), output.as_os_str()]);
        args.extend(more.iter().map(AsRef::<std::ffi::OsStr>::as_ref));
        let process = Process::start("tracer", &args);
        let line = process.line();
        match serde_json::from_str(&line) {
            Ok(AgentReply::Ready { pid, programs, maps, .. }) if pid == process.pid() => {
                Self { process, programs, maps, folder }
            }
            other => panic!("it is not ready: {other:?}"),
        }
    }

    /// The next reply.
    pub(crate) fn reply(&self) -> AgentReply {
        let line = self.process.line();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Sends a command and returns the reply.
    pub(crate) fn command(&self, command: &AgentCommand) -> AgentReply {
        self.process.write(&(serde_json::to_string(command).unwrap() + "\n"));
        self.reply()
    }

    pub(crate) fn attach(&self) {
        assert!(matches!(self.command(&AgentCommand::Attach), AgentReply::Attached { .. }));
    }

    pub(crate) fn detach(&self) {
        assert!(matches!(self.command(&AgentCommand::Detach), AgentReply::Detached { .. }));
    }

    /// Its ledger, which must close. To be called while nothing happens.
    pub(crate) fn stats(&self) -> AgentStats {
        match self.command(&AgentCommand::Stats) {
            AgentReply::Stats(stats) => {
                assert_closed(&stats);
                stats
            }
            other => panic!("no stats: {other:?}"),
        }
    }

    /// Where it writes its records.
    pub(crate) fn records_file(&self) -> PathBuf {
        self.folder.path().join("records.jsonl")
    }

    /// The records it has written so far.
    pub(crate) fn records(&self) -> Vec<RequestRecord> {
        let text = fs::read_to_string(self.records_file()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What its records say, as a client can know it.
    pub(crate) fn truths(&self) -> Vec<Truth> {
        self.records().iter().map(Truth::from).collect()
    }

    /// Ends its input, and checks that it ends well.
    pub(crate) fn finish(&mut self) {
        self.process.end_input();
        assert!(self.process.wait().success());
        assert_eq!(self.process.rest(), [""; 0]);
        assert_eq!(self.process.rest_of_errors(), [""; 0]);
    }
}

/// Strategies that this kernel takes. `rooted_told` looks at the others' reasons.
pub(crate) fn available() -> Vec<Strategy> {
    let mut agent = Process::start("tracer", &["--probe".as_ref()]);
    assert!(agent.wait().success());
    let taken = |strategy: &Strategy| format!("\"strategy\":\"{}\",\"available\":true", strategy.name());
    let lines = agent.rest().concat();
    Strategy::value_variants().iter().copied().filter(|strategy| lines.contains(&taken(strategy))).collect()
}

/// Every hit and every event is accounted for.
#[track_caller]
pub(crate) fn assert_closed(stats: &AgentStats) {
    let filtered: u64 = stats.filtered.values().sum();
    let rejected: u64 = stats.rejected.values().sum();
    assert_eq!(stats.hits + stats.extra, filtered + stats.submitted + stats.reserve_failed, "{stats:?}");
    assert_eq!(stats.submitted, stats.received, "{stats:?}");
    assert_eq!(stats.received, stats.parsed + rejected, "{stats:?}");
}

/// The exceptions that have happened.
pub(crate) fn exceptions(stats: &AgentStats) -> Vec<(&str, u64)> {
    let all = stats.exceptions.iter().map(|(reason, count)| (reason.as_str(), *count));
    all.filter(|(_, count)| *count != 0).collect()
}

/// What a process holds in the kernel, as its descriptors tell.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Holdings {
    pub(crate) programs: BTreeSet<u32>,
    pub(crate) maps: BTreeSet<u32>,
    links: BTreeSet<u32>,
}

impl Holdings {
    /// Of the process `pid` (man proc_pid_fdinfo, and the `show_fdinfo` of each kind of object in kernel/bpf).
    pub(crate) fn of(pid: u32) -> Self {
        let files = fs::read_dir(format!("/proc/{pid}/fdinfo")).unwrap();
        let texts: Vec<_> = files.filter_map(|file| fs::read_to_string(file.ok()?.path()).ok()).collect();
        let ids = |name: &str| texts.iter().filter_map(|text| id(text, name)).collect();
        Self { programs: ids("prog_id:"), maps: ids("map_id:"), links: ids("link_id:") }
    }

    /// Are any of the programs still loaded under our name, or any of the maps? Others may run tracers as well, so
    /// only the ones of this agent are looked for.
    fn left(&self) -> Vec<String> {
        let programs = aya::programs::loaded_programs().filter_map(Result::ok);
        let programs = programs.filter(|program| self.programs.contains(&program.id()));
        let maps = aya::maps::loaded_maps().filter_map(Result::ok);
        let maps = maps.filter(|map| self.maps.contains(&map.id()));
        let links = aya::programs::loaded_links().filter_map(Result::ok);
        let links = links.filter(|link| self.links.contains(&link.id()));
        programs
            .map(|program| format!("program {:?}", program.name_as_str()))
            .chain(maps.map(|map| format!("map {:?}", map.name_as_str())))
            .chain(links.map(|link| format!("link {}", link.id())))
            .collect()
    }

    /// Checks that nothing of it is left. The kernel frees a little after the last descriptor is closed.
    pub(crate) fn assert_gone(&self) {
        eventually("nothing is left in the kernel", || self.left().is_empty().then_some(()));
    }

    /// Is anything attached?
    pub(crate) fn is_attached(&self) -> bool {
        !self.links.is_empty()
    }
}

fn id(text: &str, name: &str) -> Option<u32> {
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}
