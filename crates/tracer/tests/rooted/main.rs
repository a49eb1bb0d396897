//! The real agent on a real server: real eBPF programs, real sockets. Each test that needs root says so, and stands
//! in a file `rooted_*.rs`.
#![allow(
    clippy::unwrap_used,
    reason = "clippy knows only #[test] functions as tests; this whole crate is one"
)]

mod agent;
mod client;
mod group;
mod oracle;
mod process;
mod raw;
mod rooted_alone;
mod rooted_calls;
mod rooted_control;
mod rooted_cycles;
mod rooted_death;
mod rooted_loss;
mod rooted_oracle;
mod rooted_oracle_marks;
mod rooted_oracle_packets;
mod rooted_oracle_raw;
mod rooted_rights;
mod rooted_secrets;
mod rooted_syscall_tracepoint;
mod rooted_tcp_message;
mod rooted_told;
mod rooted_truth;
mod rooted_wakeups;
mod target;
