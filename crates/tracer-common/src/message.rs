//! Where the kernel keeps what a message on a socket is made of.

use zerocopy::{Immutable, IntoBytes};

/// Offsets within `struct msghdr`, and values of `enum iter_type`, of the running kernel (include/linux/{socket,uio}.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoBytes, Immutable)]
#[repr(C)]
pub struct MessageLayout {
    /// The kind of what holds the bytes: one byte, in `msg_iter`, as are all others.
    pub kind: u32,
    /// Bytes of the first buffer that are done with.
    pub done: u32,
    /// The buffer, if there is one.
    pub buffer: u32,
    /// The array of `struct iovec`, if there are several.
    pub vector: u32,
    /// The kind of one buffer of the process, `ITER_UBUF`.
    pub is_buffer: u32,
    /// The kind of several, `ITER_IOVEC`.
    pub is_vector: u32,
}
