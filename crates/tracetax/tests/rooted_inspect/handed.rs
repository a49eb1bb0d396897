//! What the tracer hands to the kernel, seen from outside (ptrace(2)): the only witness of a program as it was before the
//! verifier rewrote it.

use std::{path::Path, process::Command};

use pete::{Ptracer, Registers, Restart, Stop, Tracee};

/// bpf(2) on x86-64.
const BPF: u64 = 321;
/// Its command that loads a program.
const PROG_LOAD: u64 = 5;

/// Where `union bpf_attr` of linux/bpf.h has, for that command, the count of instructions and the program's name.
const INSTRUCTIONS_AT: u64 = 4;
const NAME_AT: u64 = 48;
const NAME_BYTES: usize = 16;

/// Name and count of instructions of every program that the tracer loads for a strategy.
#[allow(clippy::zombie_processes, reason = "whoever traces a process collects it by waiting for its stops")]
pub fn programs(tracer: &Path, strategy: &str) -> Vec<(String, u64)> {
    let pid = std::process::id().to_string();
    let mut command = Command::new(tracer);
    command.args(["--control", "--output", "null", "--pid", &pid, "--strategy", strategy]);
    // Its input ends at once, so it ends as soon as all is loaded.
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
    let mut ptracer = Ptracer::new();
    ptracer.spawn(command).unwrap();
    let mut found = Vec::new();
    while let Some(mut tracee) = ptracer.wait().unwrap() {
        found.extend(loads(&mut tracee));
        ptracer.restart(tracee, Restart::Syscall).unwrap();
    }
    found
}

fn loads(tracee: &mut Tracee) -> Option<(String, u64)> {
    let Registers { orig_rax, rdi, rsi, .. } = tracee.registers().ok()?;
    if tracee.stop != Stop::SyscallEnter || orig_rax != BPF || rdi != PROG_LOAD {
        return None;
    }
    let count = tracee.read_memory(rsi + INSTRUCTIONS_AT, 4).unwrap();
    let name = tracee.read_memory(rsi + NAME_AT, NAME_BYTES).unwrap();
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    Some((String::from_utf8_lossy(name).into(), u32::from_le_bytes(count.try_into().unwrap()).into()))
}
