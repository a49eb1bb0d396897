//! Names and limits that both sides use.

/// The ring buffer of [`crate::event::Event`]s.
pub const EVENTS: &str = "EVENTS";
/// The per-CPU array with one row of [`crate::counter::Counter`]s.
pub const COUNTERS: &str = "COUNTERS";
/// The hash map from (tgid, fd) to [`crate::connection::Connection`].
pub const CONNECTIONS: &str = "CONNECTIONS";
/// The constant that holds the thread group id of the watched process.
pub const TARGET_TGID: &str = "TARGET_TGID";

/// Size of the ring buffer: room for about 5,000 events, which is 10 ms at 500,000 events a second.
pub const RING_BYTES: u32 = 1 << 20;
/// Connections followed at once; reads of further ones are counted as
/// [`crate::counter::Counter::TableFull`].
pub const MAX_CONNECTIONS: u32 = 8192;

/// Key of a connection in [`CONNECTIONS`].
#[must_use]
pub const fn connection_key(tgid: u32, fd: i32) -> u64 {
    ((tgid as u64) << 32) | fd as u32 as u64
}
