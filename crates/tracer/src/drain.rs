//! Empties the ring buffer into the intake.

use std::os::fd::{AsFd, BorrowedFd};

use anyhow::Result;
use aya::maps::{MapData, RingBuf};
use record::agent::AgentStats;
use tracer_common::counter::Row;

use crate::{delays::now_ns, intake::Intake, sink::Sink};

/// The consumer of the ring buffer.
pub struct Drain {
    events: RingBuf<MapData>,
    intake: Intake,
}

impl Drain {
    /// A drain of `events` into `sink`.
    #[must_use]
    pub fn new(events: RingBuf<MapData>, sink: Sink) -> Self {
        Self { events, intake: Intake::new(sink, now_ns) }
    }

    /// The ring buffer, to be waited for.
    #[must_use]
    pub fn events(&self) -> BorrowedFd<'_> {
        self.events.as_fd()
    }

    /// Drains because the reader was woken, which is counted.
    ///
    /// # Errors
    /// When the sink cannot be written.
    pub fn wake(&mut self) -> Result<()> {
        self.intake.woken();
        self.drain()
    }

    /// Takes all that is there, and writes it out.
    ///
    /// # Errors
    /// When the sink cannot be written.
    pub fn drain(&mut self) -> Result<()> {
        while let Some(item) = self.events.next() {
            self.intake.take(&item)?;
        }
        self.intake.settle()
    }

    /// The ledger, given the counters of the kernel side.
    #[must_use]
    pub fn stats(&self, row: &Row) -> AgentStats {
        self.intake.stats(row)
    }
}
