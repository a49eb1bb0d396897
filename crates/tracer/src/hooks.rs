//! Where each strategy hooks in: which programs of the object it loads, and what they are attached to.

use std::{any::Any, num::NonZeroU32, path::PathBuf};

use anyhow::{Context, Result};
use aya::{
    Ebpf,
    programs::{Program, RawTracePoint, TracePoint, UProbe, uprobe::UProbeScope},
};

use crate::{choice::Strategy, tracefs};

/// One program, and what it is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// A raw tracepoint of the kernel.
    RawTracepoint {
        /// Name of the program.
        program: &'static str,
        /// Name of the tracepoint.
        tracepoint: &'static str,
    },
    /// A tracepoint of a system call.
    Syscall {
        /// Name of the program.
        program: &'static str,
        /// Name of the tracepoint.
        tracepoint: &'static str,
    },
    /// The first instruction of a function in the program that the watched process runs.
    Uprobe {
        /// Name of the program.
        program: &'static str,
        /// Name of the function.
        function: &'static str,
    },
}

/// What is attached; dropping it detaches.
pub type Link = Box<dyn Any>;

/// Writes before reads, ends before beginnings: so whoever sees a request begin sees what comes of it, and a beginning that
/// is seen has an end.
const SYSCALLS: [Hook; 11] = [
    syscall("syscall_close", "sys_enter_close"),
    syscall("syscall_exit", "sys_exit_write"),
    syscall("syscall_exit", "sys_exit_writev"),
    syscall("syscall_exit", "sys_exit_sendto"),
    syscall("syscall_enter", "sys_enter_write"),
    syscall("syscall_enter", "sys_enter_writev"),
    syscall("syscall_enter", "sys_enter_sendto"),
    syscall("syscall_exit", "sys_exit_read"),
    syscall("syscall_exit", "sys_exit_recvfrom"),
    syscall("syscall_enter", "sys_enter_read"),
    syscall("syscall_enter", "sys_enter_recvfrom"),
];

const fn syscall(program: &'static str, tracepoint: &'static str) -> Hook {
    Hook::Syscall { program, tracepoint }
}

impl Strategy {
    /// The hooks of the strategy, in the order in which they are attached. They are detached in the opposite one.
    #[must_use]
    pub fn hooks(self) -> &'static [Hook] {
        match self {
            Self::RawTracepoint => {
                &[Hook::RawTracepoint { program: "raw_tracepoint_sys_exit", tracepoint: "sys_exit" }]
            }
            Self::SyscallTracepoint => &SYSCALLS,
            Self::UprobeNop => {
                &[Hook::Uprobe { program: "uprobe_request", function: "tracetax_request_nop" }]
            }
            Self::UprobeEntry => {
                &[Hook::Uprobe { program: "uprobe_request", function: "tracetax_request_entry" }]
            }
        }
    }
}

impl Hook {
    fn program(&self) -> &'static str {
        match self {
            Self::RawTracepoint { program, .. }
            | Self::Syscall { program, .. }
            | Self::Uprobe { program, .. } => program,
        }
    }

    /// Loads the program, unless another hook has.
    ///
    /// # Errors
    /// When the object does not hold it, or with the kernel's reason.
    pub fn load(&self, ebpf: &mut Ebpf) -> Result<()> {
        if program(ebpf, self.program())?.fd().is_ok() {
            return Ok(());
        }
        match self {
            Self::RawTracepoint { program, .. } => raw_tracepoint(ebpf, program)?.load()?,
            Self::Syscall { program, .. } => {
                tracefs::ensure()?;
                tracepoint(ebpf, program)?.load()?;
            }
            Self::Uprobe { program, .. } => uprobe(ebpf, program)?.load()?,
        }
        Ok(())
    }

    /// Attaches the program, for the process `pid` where the hook can tell processes apart.
    ///
    /// # Errors
    /// With the kernel's reason.
    pub fn attach(&self, ebpf: &mut Ebpf, pid: u32) -> Result<Link> {
        match self {
            Self::RawTracepoint { program, tracepoint } => {
                let program = raw_tracepoint(ebpf, program)?;
                let link = program.attach(tracepoint)?;
                Ok(Box::new(program.take_link(link)?))
            }
            Self::Syscall { program, tracepoint: name } => {
                let program = tracepoint(ebpf, program)?;
                let link = program.attach("syscalls", name)?;
                Ok(Box::new(program.take_link(link)?))
            }
            Self::Uprobe { program, function } => {
                let program = uprobe(ebpf, program)?;
                let scope = UProbeScope::OneProcess(NonZeroU32::new(pid).context("0 is no process")?);
                let link = program
                    .attach(*function, executable(pid)?, scope)
                    .with_context(|| format!("cannot hook `{function}` of process {pid}"))?;
                Ok(Box::new(program.take_link(link)?))
            }
        }
    }
}

fn raw_tracepoint<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut RawTracePoint> {
    Ok(program(ebpf, name)?.try_into()?)
}

fn tracepoint<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut TracePoint> {
    Ok(program(ebpf, name)?.try_into()?)
}

fn uprobe<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut UProbe> {
    Ok(program(ebpf, name)?.try_into()?)
}

fn program<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut Program> {
    ebpf.program_mut(name).with_context(|| format!("the object holds no program `{name}`"))
}

/// The file that the process runs.
fn executable(pid: u32) -> Result<PathBuf> {
    std::fs::read_link(format!("/proc/{pid}/exe"))
        .with_context(|| format!("which file does process {pid} run?"))
}
