//! What was chosen on the command line, as far as the programs are concerned.

use clap::ValueEnum;
use record::{stage::Stage, wakeup::Wakeup};
use tracer_common::names;

/// How the tracer hooks in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Strategy {
    /// One raw tracepoint at the exit of every system call.
    RawTracepoint,
    /// Tracepoints at both ends of the system calls that most servers read and write by.
    SyscallTracepoint,
    /// The packets of the sockets in the process's control group.
    CgroupSkb,
    /// A probe on a function that the service calls at the end of each request, on a 5-byte nop.
    UprobeNop,
    /// The same on an ordinary first instruction.
    UprobeEntry,
    /// Entry and exit of the kernel's functions that move bytes of TCP, at the places it keeps free for tracers.
    Fentry,
    /// The same functions, by breakpoints.
    Kprobe,
}

impl Strategy {
    /// Its name, the same on the command line, in scenarios and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RawTracepoint => "raw-tracepoint",
            Self::SyscallTracepoint => "syscall-tracepoint",
            Self::CgroupSkb => "cgroup-skb",
            Self::UprobeNop => "uprobe-nop",
            Self::UprobeEntry => "uprobe-entry",
            Self::Fentry => "fentry",
            Self::Kprobe => "kprobe",
        }
    }
}

impl Strategy {
    /// Does it look at the kernel's own messages?
    #[must_use]
    pub fn sees_messages(self) -> bool {
        matches!(self, Self::Fentry | Self::Kprobe)
    }
}

/// What to load.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// The process to watch.
    pub pid: u32,
    /// How to hook in.
    pub strategy: Strategy,
    /// How far the programs go.
    pub stage: Stage,
    /// When they wake the agent.
    pub wakeup: Wakeup,
    /// Size of the ring buffer, in bytes: a power of two of whole pages.
    pub ring_bytes: u32,
}

impl Choice {
    /// The whole tracer on the process `pid`, as it is by default.
    #[must_use]
    pub fn usual(pid: u32, strategy: Strategy) -> Self {
        let wakeup = Wakeup::Timer { ms: 10 };
        Self { pid, strategy, stage: Stage::Full, wakeup, ring_bytes: names::RING_BYTES }
    }

    /// How many bytes must wait until the programs wake the agent; 0 leaves that to the kernel.
    #[must_use]
    pub fn wakeup_bytes(&self) -> u64 {
        match self.wakeup {
            Wakeup::Adaptive => 0,
            Wakeup::Bytes(bytes) => bytes,
            Wakeup::Timer { .. } => u64::MAX,
        }
    }
}
