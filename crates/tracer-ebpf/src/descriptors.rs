//! The connections of the watched process by descriptor: an array, since a look into it is three instructions.

use aya_ebpf::{macros::map, maps::Array};
use tracer_common::{connection::Slot, names};

use crate::place::Place;

#[map]
static CONNECTIONS: Array<Slot> = Array::with_max_entries(names::MAX_CONNECTIONS, 0);

/// The place of `fd`; None where there is no room for it.
#[inline(always)]
pub fn place(fd: i32) -> Option<Place> {
    CONNECTIONS.get_ptr_mut(fd as u32).map(Place::new)
}
