//! Strategy `kprobe`: breakpoints at functions of the kernel, and at their returns.
//!
//! The verifier takes these programs, but they have never run: none of the kernels that this was built on has kprobes. They
//! are for kernels from 5.19, whose `tcp_recvmsg` has its flags in the fourth place.

use aya_ebpf::{
    macros::{kprobe, kretprobe},
    programs::{ProbeContext, RetProbeContext},
};

use crate::tcp_message;

#[kprobe]
#[inline(always)]
#[allow(clippy::needless_pass_by_value, reason = "the macro hands the context over by value")]
pub fn kprobe_tcp_sendmsg(context: ProbeContext) -> u32 {
    begin(&context, 0);
    0
}

#[kretprobe]
#[inline(always)]
#[allow(clippy::needless_pass_by_value, reason = "the macro hands the context over by value")]
pub fn kretprobe_tcp_sendmsg(context: RetProbeContext) -> u32 {
    tcp_message::sent(context.ret::<i32>().into());
    0
}

#[kprobe]
#[inline(always)]
#[allow(clippy::needless_pass_by_value, reason = "the macro hands the context over by value")]
pub fn kprobe_tcp_recvmsg(context: ProbeContext) -> u32 {
    begin(&context, context.arg::<u32>(3).unwrap_or(0));
    0
}

#[kretprobe]
#[inline(always)]
#[allow(clippy::needless_pass_by_value, reason = "the macro hands the context over by value")]
pub fn kretprobe_tcp_recvmsg(context: RetProbeContext) -> u32 {
    tcp_message::received(context.ret::<i32>().into());
    0
}

#[kprobe]
#[inline(always)]
#[allow(clippy::needless_pass_by_value, reason = "the macro hands the context over by value")]
pub fn kprobe_tcp_close(context: ProbeContext) -> u32 {
    if let Some(sock) = context.arg(0) {
        tcp_message::close(sock);
    }
    0
}

#[inline(always)]
fn begin(context: &ProbeContext, flags: u32) {
    if let (Some(sock), Some(header)) = (context.arg(0), context.arg(1)) {
        tcp_message::begin(sock, header, flags.into());
    }
}
