//! The connections of the watched process by descriptor: an array, since a look into it is three instructions.

use aya_ebpf::{macros::map, maps::Array};
use tracer_common::{
    connection::{Connection, Slot},
    names,
};

use crate::attachment;

#[map]
static CONNECTIONS: Array<Slot> = Array::with_max_entries(names::MAX_CONNECTIONS, 0);

/// The place of one descriptor.
pub struct Place {
    slot: *mut Slot,
    attachment: u64,
}

impl Place {
    /// The place of `fd`; None where there is no room for it.
    #[inline(always)]
    pub fn of(fd: i32) -> Option<Self> {
        let slot = CONNECTIONS.get_ptr_mut(fd as u32)?;
        Some(Self { slot, attachment: attachment::current() })
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
