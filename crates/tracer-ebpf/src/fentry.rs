//! Strategy `fentry`: the entry and the exit of functions of the kernel, by the places that it keeps free there for tracers.
//!
//! These programs have never been loaded: none of the kernels that this was built on takes any of their type. They are for
//! kernels from 5.19, whose `tcp_recvmsg` has its flags in the fourth place. On a kernel that preempts its own threads, a
//! program may be interrupted by another thread's; where that is the same program, the kernel leaves the second out, and
//! its bytes are missed.

use aya_ebpf::{
    macros::{fentry, fexit},
    programs::{FEntryContext, FExitContext},
};

use crate::tcp_message;

#[fentry]
#[inline(always)]
#[allow(clippy::needless_pass_by_value, reason = "the macro hands the context over by value")]
pub fn fentry_tcp_sendmsg(context: FEntryContext) -> i32 {
    tcp_message::begin(context.arg(0), context.arg(1), 0);
    0
}

#[fexit]
#[inline(always)]
#[allow(clippy::needless_pass_by_value, reason = "the macro hands the context over by value")]
pub fn fexit_tcp_sendmsg(context: FExitContext) -> i32 {
    if let Ok(returned) = context.ret::<i32>() {
        tcp_message::sent(returned.into());
    }
    0
}

#[fentry]
#[inline(always)]
#[allow(clippy::needless_pass_by_value, reason = "the macro hands the context over by value")]
pub fn fentry_tcp_recvmsg(context: FEntryContext) -> i32 {
    let flags: u32 = context.arg(3);
    tcp_message::begin(context.arg(0), context.arg(1), flags.into());
    0
}

#[fexit]
#[inline(always)]
#[allow(clippy::needless_pass_by_value, reason = "the macro hands the context over by value")]
pub fn fexit_tcp_recvmsg(context: FExitContext) -> i32 {
    if let Ok(returned) = context.ret::<i32>() {
        tcp_message::received(returned.into());
    }
    0
}

#[fentry]
#[inline(always)]
#[allow(clippy::needless_pass_by_value, reason = "the macro hands the context over by value")]
pub fn fentry_tcp_close(context: FEntryContext) -> i32 {
    tcp_message::close(context.arg(0));
    0
}
