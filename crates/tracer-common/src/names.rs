//! Names and limits that both sides use.

/// The ring buffer of [`crate::event::Event`]s.
pub const EVENTS: &str = "EVENTS";
/// The per-CPU array with one row of [`crate::counter::Counter`]s.
pub const COUNTERS: &str = "COUNTERS";
/// The array from descriptor to [`crate::connection::Slot`].
pub const CONNECTIONS: &str = "CONNECTIONS";
/// The array with the one number of the current attachment.
pub const ATTACHMENT: &str = "ATTACHMENT";
/// The constant that holds the thread group id of the watched process.
pub const TARGET_TGID: &str = "TARGET_TGID";

/// The constant that holds the [`stage`] to stop at.
pub const STAGE: &str = "STAGE";
/// The constant that holds how many bytes of events wake the agent: 0 leaves it to the kernel, [`NEVER`] never does.
pub const WAKEUP_BYTES: &str = "WAKEUP_BYTES";

/// The constant that holds whether this processor lets others see stores in the order in which they were made: 1 if so.
pub const ORDERED_STORES: &str = "ORDERED_STORES";

/// A value of [`WAKEUP_BYTES`]: the agent drains on a timer.
pub const NEVER: u64 = u64::MAX;

/// Where the programs stop, to show what each part of them costs: values of [`STAGE`].
pub mod stage {
    /// At once.
    pub const FLOOR: u32 = 0;
    /// When the connection is found.
    pub const LOOKUP: u32 = 1;
    /// When the bytes are copied and parsed.
    pub const COPY: u32 = 2;
    /// Nowhere.
    pub const FULL: u32 = 3;
}

/// The constant that holds the [`crate::message::MessageLayout`], for strategies that look at messages.
pub const MESSAGE_LAYOUT: &str = "MESSAGE_LAYOUT";

/// What threads have asked for by calls that have not ended: the map from thread to call.
pub const ASKED: &str = "ASKED";
/// The same for messages: the map from thread to message.
pub const MESSAGES: &str = "MESSAGES";
/// The map from `struct sock` to [`crate::connection::Slot`].
pub const STREAMS: &str = "STREAMS";
/// Threads of the watched process whose calls are followed.
pub const MAX_THREADS: u32 = 4096;

/// Size of the ring buffer: room for 8,192 short events, which is 10 ms at 800,000 events a second.
pub const RING_BYTES: u32 = 1 << 20;
/// Connections followed at once. Those of higher descriptors are counted as
/// [`crate::counter::Counter::TableFull`].
pub const MAX_CONNECTIONS: u32 = 8192;
