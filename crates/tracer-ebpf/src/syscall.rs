//! What a system call was asked and what it answered, on x86-64 and arm64.
//!
//! At the exit of a call the saved registers still hold its arguments (x86-64: `struct pt_regs` in
//! arch/x86/include/asm/ptrace.h; only `ax` is overwritten, the number stays in `orig_ax`), so one hook at the exit
//! sees all that two hooks would, for half the cost of attaching.

use aya_ebpf::helpers::bpf_probe_read_kernel;
use tracer_common::counter::Counter;

use crate::{
    follow::{self, Caller, Hit},
    user_bytes::UserBytes,
};

/// Registers from `r10` to `orig_ax` of x86-64's `struct pt_regs`.
#[repr(C)]
struct Registers {
    r10: u64,
    _r9: u64,
    _r8: u64,
    _ax: u64,
    _cx: u64,
    dx: u64,
    si: u64,
    di: u64,
    orig_ax: u64,
}

/// Where [`Registers`] begins within `struct pt_regs`: after r15, r14, r13, r12, bp, bx and r11.
const OFFSET: u64 = 7 * 8;

/// `MSG_PEEK` of linux/socket.h.
const MSG_PEEK: u64 = 2;

/// How a call moves bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Reads into one buffer.
    Read,
    /// Reads into an array of `struct iovec`.
    ReadVector,
    /// Writes one buffer.
    Write,
    /// Writes an array of `struct iovec`.
    WriteVector,
    /// Writes from a file, without a buffer in the process.
    SendFile,
    /// Ends a connection.
    Close,
    /// Begins one: the descriptor is what the call returned.
    Accept,
    /// Moves bytes in a way that is not followed.
    Unsupported,
    /// Looks at bytes without taking them.
    Peek,
    /// Anything else.
    Other,
}

/// A call at its exit.
pub struct Call {
    pub kind: Kind,
    pub fd: i32,
    /// The buffer, or the array of `struct iovec`.
    pub address: u64,
}

impl Call {
    /// Reads it from the saved registers at `pt_regs`.
    #[inline(always)]
    pub fn read(pt_regs: u64) -> Option<Self> {
        let registers = unsafe { bpf_probe_read_kernel((pt_regs + OFFSET) as *const Registers) }.ok()?;
        let kind = kind(&registers);
        let header = matches!(registers.orig_ax, number::SENDMSG | number::RECVMSG);
        Some(Self {
            kind,
            fd: registers.di as i32,
            address: if header { vector_of(registers.si)? } else { registers.si },
        })
    }
}

impl Call {
    /// Does with the connection what the call has done, which has returned `returned`.
    #[inline(always)]
    pub fn follow(&self, hit: Hit, returned: u64) {
        match self.kind {
            Kind::Other => return hit.ledger.count(Counter::OtherSyscall),
            Kind::Peek => return hit.ledger.count(Counter::Peeked),
            Kind::Unsupported => return follow::unsupported(hit),
            Kind::Close => return follow::closed(hit),
            Kind::Accept => {
                return follow::closed(Hit { caller: Caller { fd: returned as i32, ..hit.caller }, ..hit });
            }
            _ if returned == 0 => return hit.ledger.count(Counter::NoBytes),
            Kind::SendFile => return follow::sent_file(hit, returned),
            Kind::Read | Kind::ReadVector | Kind::Write | Kind::WriteVector => {}
        }
        // One way for both kinds of buffers, or the verifier would have twice as much to follow.
        let bytes = match self.kind {
            Kind::ReadVector | Kind::WriteVector => UserBytes::vector(self.address, returned),
            _ => UserBytes::buffer(self.address, returned),
        };
        match self.kind {
            Kind::Read | Kind::ReadVector => follow::read(hit, bytes),
            _ => follow::written(hit, bytes),
        }
    }
}

/// `msg_iov` of the `struct user_msghdr` at `header`.
#[inline(always)]
fn vector_of(header: u64) -> Option<u64> {
    unsafe { aya_ebpf::helpers::bpf_probe_read_user((header + 16) as *const u64) }.ok()
}

#[inline(always)]
fn kind(registers: &Registers) -> Kind {
    match registers.orig_ax {
        number::RECVFROM if registers.r10 & MSG_PEEK != 0 => Kind::Peek,
        number::RECVMSG if registers.dx & MSG_PEEK != 0 => Kind::Peek,
        number::READ | number::RECVFROM => Kind::Read,
        number::READV | number::RECVMSG => Kind::ReadVector,
        number::WRITE | number::SENDTO => Kind::Write,
        number::WRITEV | number::SENDMSG => Kind::WriteVector,
        number::SENDFILE => Kind::SendFile,
        number::CLOSE => Kind::Close,
        number::ACCEPT | number::ACCEPT4 => Kind::Accept,
        number::SENDMMSG | number::RECVMMSG => Kind::Unsupported,
        _ => Kind::Other,
    }
}

/// Numbers of system calls on x86-64 (arch/x86/entry/syscalls/syscall_64.tbl).
mod number {
    pub(super) const READ: u64 = 0;
    pub(super) const WRITE: u64 = 1;
    pub(super) const CLOSE: u64 = 3;
    pub(super) const READV: u64 = 19;
    pub(super) const WRITEV: u64 = 20;
    pub(super) const SENDFILE: u64 = 40;
    pub(super) const ACCEPT: u64 = 43;
    pub(super) const SENDTO: u64 = 44;
    pub(super) const RECVFROM: u64 = 45;
    pub(super) const SENDMSG: u64 = 46;
    pub(super) const RECVMSG: u64 = 47;
    pub(super) const ACCEPT4: u64 = 288;
    pub(super) const RECVMMSG: u64 = 299;
    pub(super) const SENDMMSG: u64 = 307;
}
