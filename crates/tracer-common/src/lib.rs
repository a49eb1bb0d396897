//! What the kernel side and the agent agree on: the event record, the counters, the names of programs and maps,
//! and the HTTP/1.x parser.
//!
//! The same code runs in the kernel, in the agent, in tests and in fuzzers, so it has no allocation, no panic and
//! no unbounded loop. It does no I/O and knows no BPF.

#![cfg_attr(not(test), no_std)]
#![cfg_attr(target_arch = "bpf", feature(asm_experimental_arch))]

pub mod connection;
pub mod counter;
pub mod event;
pub mod http;
pub mod message;
pub mod names;
pub mod order;
pub mod visit;
