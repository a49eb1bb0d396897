//! What a system call was asked and what it answered, on x86-64 and arm64.
//!
//! At the exit of a call the saved registers still hold its arguments (x86-64: `struct pt_regs` in
//! arch/x86/include/asm/ptrace.h; only `ax` is overwritten, the number stays in `orig_ax`), so one hook at the exit
//! sees all that two hooks would, for half the cost of attaching.

use core::hint::cold_path;

use aya_ebpf::helpers::bpf_probe_read_kernel;
use tracer_common::counter::Counter;

use crate::{
    descriptors,
    follow::{self, Hit},
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
pub const MSG_PEEK: u64 = 2;

/// Commands of `fcntl` that give a second descriptor (linux/fcntl.h).
const F_DUPFD: u64 = 0;
const F_DUPFD_CLOEXEC: u64 = 1030;

/// How a call moves bytes, as bits.
type Way = u8;

/// It reads.
const READS: Way = 1;
/// It writes.
const WRITES: Way = 2;
/// Into or from an array of `struct iovec`, not one buffer.
const VECTOR: Way = 4;
/// The array is in a `struct user_msghdr`, and the third argument holds flags.
const HEADER: Way = 8;
/// The fourth argument holds flags.
const FLAGS: Way = 16;

/// The way of each call by its number; 0 for those that move no bytes in one of these ways. A table, since the calls
/// of a server take turns, which no branch can foresee.
#[unsafe(no_mangle)]
static WAYS: [Way; WAYS_LEN] = ways();
const WAYS_LEN: usize = 64;

const fn ways() -> [Way; WAYS_LEN] {
    let mut ways = [0; WAYS_LEN];
    ways[number::READ as usize] = READS;
    ways[number::RECVFROM as usize] = READS | FLAGS;
    ways[number::READV as usize] = READS | VECTOR;
    ways[number::RECVMSG as usize] = READS | VECTOR | HEADER;
    ways[number::WRITE as usize] = WRITES;
    ways[number::SENDTO as usize] = WRITES;
    ways[number::WRITEV as usize] = WRITES | VECTOR;
    ways[number::SENDMSG as usize] = WRITES | VECTOR | HEADER;
    ways
}

#[inline(always)]
fn way(number: u64) -> Way {
    let index = number as usize;
    if index >= WAYS_LEN {
        cold_path();
        // At no offset, as on a socket, these are the calls without `p` and `2`.
        return match number {
            number::PREADV2 => READS | VECTOR,
            number::PWRITEV2 => WRITES | VECTOR,
            _ => 0,
        };
    }
    // Volatile, or the compiler would make branches of the table again.
    unsafe { core::ptr::read_volatile((&raw const WAYS).cast::<Way>().add(index)) }
}

/// A call that has ended.
pub struct Call {
    registers: Registers,
    way: Way,
}

impl Call {
    /// Reads it from the saved registers at `pt_regs`.
    #[inline(always)]
    pub fn read(pt_regs: u64) -> Option<Self> {
        let registers = unsafe { bpf_probe_read_kernel((pt_regs + OFFSET) as *const Registers) }.ok()?;
        let way = way(registers.orig_ax);
        Some(Self { registers, way })
    }

    /// The call of this number and these arguments: the first two and, for `recvfrom`, the fourth.
    #[inline(always)]
    pub fn of(number: u64, fd: i32, address: u64, flags: u64) -> Self {
        let (di, si, r10, orig_ax) = (fd as u64, address, flags, number);
        let registers = Registers { r10, _r9: 0, _r8: 0, _ax: 0, _cx: 0, dx: 0, si, di, orig_ax };
        Self { registers, way: way(number) }
    }

    /// The descriptor it was made on.
    #[inline(always)]
    pub fn fd(&self) -> i32 {
        self.registers.di as i32
    }

    /// Does with the connection what the call has done, which has returned `returned`.
    #[inline(always)]
    pub fn follow(&self, hit: Hit, returned: u64) {
        if self.way == 0 {
            cold_path();
            return self.follow_other(hit, returned);
        }
        if returned == 0 {
            cold_path();
            return hit.ledger.count(Counter::NoBytes);
        }
        if self.peeks() {
            cold_path();
            return hit.ledger.count(Counter::Peeked);
        }
        let Some(bytes) = self.bytes(returned) else {
            cold_path();
            return hit.ledger.count(Counter::Fault);
        };
        let place = descriptors::place(hit.caller.fd);
        if self.way & READS != 0 {
            follow::read(hit, place, bytes);
        } else {
            follow::written(hit, place, bytes);
        }
    }

    /// Does it look at bytes without taking them?
    #[inline(always)]
    fn peeks(&self) -> bool {
        let in_r10 = self.way & FLAGS != 0 && self.registers.r10 & MSG_PEEK != 0;
        in_r10 || (self.way & (READS | HEADER) == READS | HEADER && self.registers.dx & MSG_PEEK != 0)
    }

    /// The first `len` bytes that it moved.
    #[inline(always)]
    fn bytes(&self, len: u64) -> Option<UserBytes> {
        let mut address = self.registers.si;
        if self.way & HEADER != 0 {
            cold_path();
            address = vector_of(address)?;
        }
        Some(if self.way & VECTOR != 0 {
            UserBytes::vector(address, len)
        } else {
            UserBytes::buffer(address, len)
        })
    }

    /// A call that moves no bytes through a buffer.
    #[inline(always)]
    fn follow_other(&self, hit: Hit, returned: u64) {
        let place = descriptors::place(hit.caller.fd);
        match self.registers.orig_ax {
            number::CLOSE => follow::closed(hit, place),
            number::ACCEPT | number::ACCEPT4 => {
                // Whatever the descriptor was before, it is a new connection.
                let fd = returned as i32;
                follow::opened(hit.on(fd), descriptors::place(fd));
            }
            number::SENDFILE if returned == 0 => hit.ledger.count(Counter::NoBytes),
            number::SENDFILE => follow::sent_file(hit, place, returned),
            number::SENDMMSG | number::RECVMMSG => follow::unsupported(hit, place),
            number::DUP => follow::duplicated(hit, place, descriptors::place(returned as i32)),
            number::FCNTL if gives_descriptor(self.registers.si) => {
                follow::duplicated(hit, place, descriptors::place(returned as i32));
            }
            number::SPLICE => {
                follow::unsupported_between(hit, place, descriptors::place(self.registers.dx as i32));
            }
            number::DUP2 | number::DUP3 => {
                follow::unsupported_between(hit, place, descriptors::place(self.registers.si as i32));
            }
            _ => hit.ledger.count(Counter::OtherSyscall),
        }
    }
}

/// Does `fcntl` give a second descriptor by this command?
#[inline(always)]
pub fn gives_descriptor(command: u64) -> bool {
    matches!(command, F_DUPFD | F_DUPFD_CLOEXEC)
}

/// `msg_iov` of the `struct user_msghdr` at `header`.
#[inline(always)]
fn vector_of(header: u64) -> Option<u64> {
    unsafe { aya_ebpf::helpers::bpf_probe_read_user((header + 16) as *const u64) }.ok()
}

/// Numbers of system calls on x86-64 (arch/x86/entry/syscalls/syscall_64.tbl).
pub mod number {
    pub const READ: u64 = 0;
    pub const WRITE: u64 = 1;
    pub const CLOSE: u64 = 3;
    pub const READV: u64 = 19;
    pub const WRITEV: u64 = 20;
    pub const DUP: u64 = 32;
    pub const DUP2: u64 = 33;
    pub const SENDFILE: u64 = 40;
    pub const ACCEPT: u64 = 43;
    pub const SENDTO: u64 = 44;
    pub const RECVFROM: u64 = 45;
    pub const SENDMSG: u64 = 46;
    pub const RECVMSG: u64 = 47;
    pub const FCNTL: u64 = 72;
    pub const SPLICE: u64 = 275;
    pub const ACCEPT4: u64 = 288;
    pub const DUP3: u64 = 292;
    pub const RECVMMSG: u64 = 299;
    pub const SENDMMSG: u64 = 307;
    pub const PREADV2: u64 = 327;
    pub const PWRITEV2: u64 = 328;
}
