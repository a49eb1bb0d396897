//! What the agent may still do once it is ready: to load programs takes nearly all that root may, to attach what is loaded
//! next to nothing.
//!
//! Everything is given up for good, or the agent ends: one that kept more than it should would look like one that did not.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, ensure};
use landlock::{
    ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetCreated,
    RulesetCreatedAttr as _, Scope, path_beneath_rules,
};
use rustix::{
    process::{geteuid, parent_process_death_signal, set_parent_process_death_signal},
    thread::{
        CapabilitySet, CapabilitySets, Gid, Uid, set_capabilities, set_keep_capabilities, set_no_new_privs,
        set_thread_groups, set_thread_res_gid, set_thread_res_uid,
    },
};

use crate::{choice::Strategy, hooks::Hook, tracefs};

/// Where the kernel tells how probes are asked for (Documentation/ABI/testing/sysfs-bus-event_source-devices).
const UPROBES: &str = "/sys/bus/event_source/devices/uprobe";
const KPROBES: &str = "/sys/bus/event_source/devices/kprobe";

/// The newest version of Landlock whose restrictions are known here. An older kernel enforces those that it knows.
const LANDLOCK: ABI = ABI::V6;

/// Users from here on are nobody's: systemd lists the numbers from 1879048192 to 2147483647 as unused ("Users, Groups,
/// UIDs and GIDs on systemd systems"). With its process id added, each agent is a user of its own.
const FIRST_USER: u32 = 2_000_000_000;

/// What is kept.
#[derive(Debug)]
pub struct Rights {
    /// Of both sets, the permitted and the effective one.
    pub capabilities: CapabilitySet,
    /// Folders that may be listed, with all below them.
    lists: Vec<PathBuf>,
    /// Folders whose files may be read, with all below them.
    reads: Vec<PathBuf>,
}

impl Rights {
    /// None at all: enough to take events, and to detach.
    #[must_use]
    pub fn none() -> Self {
        Self { capabilities: CapabilitySet::empty(), lists: Vec::new(), reads: Vec::new() }
    }

    /// Enough to attach the loaded programs of a strategy, again and again.
    #[must_use]
    pub fn to_attach(strategy: Strategy) -> Self {
        strategy.hooks().iter().fold(Self::none(), Self::and)
    }

    fn and(mut self, hook: &Hook) -> Self {
        self.capabilities |= hook.needs();
        match hook {
            Hook::Syscall { .. } => {
                self.lists = tracefs::place().map(PathBuf::from).into_iter().collect();
                self.reads = self.lists.iter().map(|place| place.join("events/syscalls")).collect();
            }
            Hook::Uprobe { .. } => self.reads = vec![UPROBES.into()],
            Hook::Kprobe { .. } => self.reads = vec![KPROBES.into()],
            Hook::RawTracepoint { .. } | Hook::CgroupSkb { .. } | Hook::Function { .. } => {}
        }
        self
    }

    /// Gives up all others: capabilities, the user, files, the network, signals to others, and ever gaining any by starting
    /// a program.
    ///
    /// # Errors
    /// When one of them cannot be given up. The agent must end then.
    pub fn keep_only_these(&self) -> Result<()> {
        self.give_up_all_others().context("cannot give up the rights that are no longer needed, so it ends")
    }

    fn give_up_all_others(&self) -> Result<()> {
        // All of this holds for the thread that asks for it.
        let threads = fs::read_dir("/proc/self/task").context("cannot count the threads")?.count();
        ensure!(threads == 1, "there are {threads} threads, and only this one would");
        set_no_new_privs(true).context("no_new_privs")?;
        self.fence()?.restrict_self().context("Landlock")?;
        // To become another user takes away the tie to the parent (PR_SET_PDEATHSIG(2const)).
        let tie = parent_process_death_signal()?;
        become_nobody()?;
        let kept = self.capabilities;
        let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() };
        set_capabilities(None, sets).context("the capabilities")?;
        set_parent_process_death_signal(tie).context("the tie to the parent")
    }

    /// Files that are open already stay open. A kernel without Landlock has no fence: then the user's rights alone count.
    fn fence(&self) -> Result<RulesetCreated> {
        let lists = path_beneath_rules(&self.lists, AccessFs::ReadDir);
        let reads = path_beneath_rules(&self.reads, AccessFs::ReadFile);
        let fence = Ruleset::default()
            .handle_access(AccessFs::from_all(LANDLOCK))?
            .handle_access(AccessNet::from_all(LANDLOCK))?
            .scope(Scope::from_all(LANDLOCK))?;
        Ok(fence.create()?.add_rules(lists)?.add_rules(reads)?)
    }
}

/// Root owns nearly every file, also without any capability. Whoever runs the agent as another user has chosen that one.
fn become_nobody() -> Result<()> {
    if !geteuid().is_root() {
        return Ok(());
    }
    let number = FIRST_USER + std::process::id();
    let (user, group) = (Uid::from_raw(number), Gid::from_raw(number));
    let become_them = || {
        set_keep_capabilities(true)?;
        set_thread_groups(&[])?;
        set_thread_res_gid(group, group, group)?;
        set_thread_res_uid(user, user, user)
    };
    become_them()
        .with_context(|| format!("cannot become user {number}, for which it needs CAP_SETUID and CAP_SETGID"))
}
