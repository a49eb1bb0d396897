//! A place where a connection is kept, in whichever table.

use tracer_common::connection::{Connection, Slot};

use crate::attachment;

/// A place for one connection.
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
        &mut slot.connection
    }

    /// Follows it no longer.
    #[inline(always)]
    pub fn forget(&self) {
        unsafe { (*self.slot).attachment = 0 };
    }
}
