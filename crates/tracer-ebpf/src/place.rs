//! A place where a connection is kept, in whichever table.

use tracer_common::connection::{Connection, Slot};

use crate::attachment;

/// A place for one connection.
#[derive(Clone, Copy)]
pub struct Place {
    slot: *mut Slot,
    attachment: u64,
}

impl Place {
    /// The place that `slot` is.
    #[inline(always)]
    pub fn new(slot: *mut Slot) -> Self {
        Self { slot, attachment: attachment::current() }
    }

    /// The connection, if one is followed here.
    #[inline(always)]
    pub fn connection(&self) -> Option<&'static mut Connection> {
        let slot = unsafe { &mut *self.slot };
        if slot.attachment == self.attachment { Some(&mut slot.connection) } else { None }
    }

    /// Begins to follow a connection here.
    #[inline(always)]
    pub fn begin(&self) -> &'static mut Connection {
        let slot = unsafe { &mut *self.slot };
        slot.attachment = self.attachment;
        slot.connection.clear();
        if slot.opened != self.attachment {
            slot.connection.join_midway();
        }
        &mut slot.connection
    }

    /// Follows it no longer.
    #[inline(always)]
    pub fn forget(&self) {
        let slot = unsafe { &mut *self.slot };
        slot.attachment = 0;
        slot.opened = 0;
    }

    /// A new connection has come here.
    #[inline(always)]
    pub fn open(&self) {
        unsafe { (*self.slot).opened = self.attachment };
    }

    /// Was the connection seen to open, and nothing of it since?
    #[inline(always)]
    pub fn is_new(&self) -> bool {
        unsafe { (*self.slot).opened == self.attachment && (*self.slot).attachment != self.attachment }
    }
}
