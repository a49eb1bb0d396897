//! Where each strategy hooks in: which programs of the object it loads, and what they are attached to.

use std::{any::Any, num::NonZeroU32};

use anyhow::{Context, Result, bail};
use aya::{
    Btf, Ebpf,
    programs::{
        CgroupAttachMode, CgroupSkb, CgroupSkbAttachType, KProbe, Program, ProgramError, RawTracePoint,
        TracePoint, UProbe, uprobe::UProbeScope,
    },
};
use rustix::thread::CapabilitySet;

use crate::{choice::Strategy, place::Place, tracefs};

/// One program, and what it is attached to.
#[derive(Debug, Clone, Copy)]
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
    /// The packets of a control group.
    CgroupSkb {
        /// Name of the program.
        program: &'static str,
        /// Those that come in, or those that go out.
        direction: CgroupSkbAttachType,
    },
    /// The first instruction of a function in the program that the watched process runs.
    Uprobe {
        /// Name of the program.
        program: &'static str,
        /// Name of the function.
        function: &'static str,
    },
    /// Entry or exit of a function of the kernel, whichever the program is for.
    Function {
        /// Name of the program.
        program: &'static str,
        /// Name of the function.
        function: &'static str,
    },
    /// The same, by a breakpoint.
    Kprobe {
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
const SYSCALLS: [Hook; 26] = [
    syscall("syscall_other", "sys_enter_sendfile64"),
    syscall("syscall_other", "sys_enter_sendmsg"),
    syscall("syscall_other", "sys_enter_sendmmsg"),
    syscall("syscall_other", "sys_enter_pwritev2"),
    syscall("syscall_other", "sys_enter_splice"),
    syscall("syscall_other", "sys_enter_readv"),
    syscall("syscall_other", "sys_enter_recvmsg"),
    syscall("syscall_other", "sys_enter_recvmmsg"),
    syscall("syscall_other", "sys_enter_preadv2"),
    syscall("syscall_other", "sys_enter_dup"),
    syscall("syscall_other", "sys_enter_dup2"),
    syscall("syscall_other", "sys_enter_dup3"),
    syscall("syscall_other", "sys_enter_fcntl"),
    syscall("syscall_close", "sys_enter_close"),
    syscall("syscall_exit", "sys_exit_write"),
    syscall("syscall_exit", "sys_exit_writev"),
    syscall("syscall_exit", "sys_exit_sendto"),
    syscall("syscall_enter", "sys_enter_write"),
    syscall("syscall_enter", "sys_enter_writev"),
    syscall("syscall_enter", "sys_enter_sendto"),
    syscall("syscall_accept", "sys_exit_accept"),
    syscall("syscall_accept", "sys_exit_accept4"),
    syscall("syscall_exit", "sys_exit_read"),
    syscall("syscall_exit", "sys_exit_recvfrom"),
    syscall("syscall_enter", "sys_enter_read"),
    syscall("syscall_enter", "sys_enter_recvfrom"),
];

const fn syscall(program: &'static str, tracepoint: &'static str) -> Hook {
    Hook::Syscall { program, tracepoint }
}

/// In the same order as [`SYSCALLS`].
const FENTRY: [Hook; 5] = [
    Hook::Function { program: "fentry_tcp_close", function: "tcp_close" },
    Hook::Function { program: "fexit_tcp_sendmsg", function: "tcp_sendmsg" },
    Hook::Function { program: "fentry_tcp_sendmsg", function: "tcp_sendmsg" },
    Hook::Function { program: "fexit_tcp_recvmsg", function: "tcp_recvmsg" },
    Hook::Function { program: "fentry_tcp_recvmsg", function: "tcp_recvmsg" },
];

/// In the same order as [`SYSCALLS`].
const KPROBE: [Hook; 5] = [
    Hook::Kprobe { program: "kprobe_tcp_close", function: "tcp_close" },
    Hook::Kprobe { program: "kretprobe_tcp_sendmsg", function: "tcp_sendmsg" },
    Hook::Kprobe { program: "kprobe_tcp_sendmsg", function: "tcp_sendmsg" },
    Hook::Kprobe { program: "kretprobe_tcp_recvmsg", function: "tcp_recvmsg" },
    Hook::Kprobe { program: "kprobe_tcp_recvmsg", function: "tcp_recvmsg" },
];

impl Strategy {
    /// The hooks of the strategy, in the order in which they are attached. They are detached in the opposite one.
    #[must_use]
    pub fn hooks(self) -> &'static [Hook] {
        match self {
            Self::RawTracepoint => {
                &[Hook::RawTracepoint { program: "raw_tracepoint_sys_exit", tracepoint: "sys_exit" }]
            }
            Self::SyscallTracepoint => &SYSCALLS,
            // What goes out first: then no answer passes unseen to a request that was seen.
            Self::CgroupSkb => &[
                Hook::CgroupSkb { program: "cgroup_skb_egress", direction: CgroupSkbAttachType::Egress },
                Hook::CgroupSkb { program: "cgroup_skb_ingress", direction: CgroupSkbAttachType::Ingress },
            ],
            Self::UprobeNop => {
                &[Hook::Uprobe { program: "uprobe_request", function: "tracetax_request_nop" }]
            }
            Self::UprobeEntry => {
                &[Hook::Uprobe { program: "uprobe_request", function: "tracetax_request_entry" }]
            }
            Self::Fentry => &FENTRY,
            Self::Kprobe => &KPROBE,
        }
    }
}

impl Hook {
    /// Name of the program.
    #[must_use]
    pub fn program(&self) -> &'static str {
        match self {
            Self::RawTracepoint { program, .. }
            | Self::Syscall { program, .. }
            | Self::CgroupSkb { program, .. }
            | Self::Uprobe { program, .. }
            | Self::Function { program, .. }
            | Self::Kprobe { program, .. } => program,
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
            Self::CgroupSkb { program, .. } => cgroup_skb(ebpf, program)?.load()?,
            Self::Uprobe { program, .. } => uprobe(ebpf, program)?.load()?,
            Self::Function { program: name, function } => {
                let types = Btf::from_sys_fs()?;
                match program(ebpf, name)? {
                    Program::FEntry(program) => program.load(function, &types)?,
                    Program::FExit(program) => program.load(function, &types)?,
                    _ => return Err(ProgramError::UnexpectedProgramType.into()),
                }
            }
            Self::Kprobe { program, .. } => kprobe(ebpf, program)?.load()?,
        }
        Ok(())
    }

    /// Sees whether there is a place of this name to attach to, where that can be told without attaching.
    ///
    /// # Errors
    /// Names the place that is not there.
    pub fn find(&self) -> Result<()> {
        match self {
            Self::Syscall { tracepoint, .. } => tracefs::find("syscalls", tracepoint),
            _ => Ok(()),
        }
    }

    /// The capabilities without which the loaded program cannot be attached (capabilities(7)). `rooted_rights` leaves out each.
    #[must_use]
    pub fn needs(&self) -> CapabilitySet {
        match self {
            // Whoever has the program has passed the check: it is made when the program is loaded.
            Self::RawTracepoint { .. } | Self::Function { .. } => CapabilitySet::empty(),
            // `perf_event_open` asks for the one, the folder of the tracepoint's number, which is root's, for the other.
            Self::Syscall { .. } => CapabilitySet::PERFMON | CapabilitySet::DAC_READ_SEARCH,
            // `bpf_prog_attach_check_attach_type` of kernel/bpf/syscall.c.
            Self::CgroupSkb { .. } => CapabilitySet::NET_ADMIN,
            // `perf_uprobe_event_init` of kernel/events/core.c. It was `CAP_PERFMON` until 6.16, but a probe in the middle of an
            // instruction is a way to destroy a program.
            Self::Uprobe { .. } => CapabilitySet::SYS_ADMIN,
            // `perf_kprobe_event_init`, next to it.
            Self::Kprobe { .. } => CapabilitySet::PERFMON,
        }
    }

    /// Attaches the program at its place, for the process `pid` where the hook can tell processes apart.
    ///
    /// # Errors
    /// With the kernel's reason.
    pub fn attach(&self, ebpf: &mut Ebpf, pid: u32, place: &Place) -> Result<Link> {
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
            Self::CgroupSkb { program, direction } => {
                let Place::Group(group) = place else { bail!("no control group was found") };
                let program = cgroup_skb(ebpf, program)?;
                let link = program.attach(group, *direction, CgroupAttachMode::Single)?;
                Ok(Box::new(program.take_link(link)?))
            }
            Self::Uprobe { program, function } => {
                let Place::Code(code) = place else { bail!("no function was found") };
                let program = uprobe(ebpf, program)?;
                let scope = UProbeScope::OneProcess(NonZeroU32::new(pid).context("0 is no process")?);
                let link = program
                    .attach(code.offset(), code.path(), scope)
                    .with_context(|| format!("cannot hook `{function}` of process {pid}"))?;
                Ok(Box::new(program.take_link(link)?))
            }
            Self::Function { program: name, .. } => match program(ebpf, name)? {
                Program::FEntry(program) => {
                    let link = program.attach()?;
                    Ok(Box::new(program.take_link(link)?))
                }
                Program::FExit(program) => {
                    let link = program.attach()?;
                    Ok(Box::new(program.take_link(link)?))
                }
                _ => Err(ProgramError::UnexpectedProgramType.into()),
            },
            Self::Kprobe { program, function } => {
                let program = kprobe(ebpf, program)?;
                let link = program.attach(function, 0)?;
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

fn cgroup_skb<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut CgroupSkb> {
    Ok(program(ebpf, name)?.try_into()?)
}

fn uprobe<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut UProbe> {
    Ok(program(ebpf, name)?.try_into()?)
}

fn kprobe<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut KProbe> {
    Ok(program(ebpf, name)?.try_into()?)
}

fn program<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut Program> {
    ebpf.program_mut(name).with_context(|| format!("the object holds no program `{name}`"))
}
