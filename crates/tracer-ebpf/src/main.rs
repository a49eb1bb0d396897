//! The kernel side of the tracer: one file a strategy, over one follower of connections.
//!
//! Nothing here parses HTTP: that is `tracer-common`, which is tested in user space. Nothing here wakes the agent.

#![no_std]
#![no_main]
#![cfg_attr(target_arch = "bpf", feature(asm_experimental_arch))]
#![allow(unsafe_code, reason = "helpers and maps of the kernel are only reachable through raw pointers")]

mod atomic;
mod attachment;
mod cgroup_skb;
mod constants;
mod descriptors;
mod fentry;
mod follow;
mod kprobe;
mod ledger;
mod packet_bytes;
mod place;
#[cfg(feature = "planted-cost")]
mod planted;
mod raw_tracepoint;
mod segment;
mod sockets;
mod streams;
mod syscall;
mod syscall_tracepoint;
mod tcp_message;
mod threads;
mod uprobe;
mod user_bytes;

/// The helpers used here need a licence that the kernel takes for GPL-compatible.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

/// The verifier proves that no panic is reachable; the compiler still wants a handler.
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo) -> ! {
    loop {}
}
