//! Where the running kernel keeps what a message is made of.

use anyhow::{Context as _, Result};
use tracer_common::message::MessageLayout;

use crate::kernel_types::KernelTypes;

/// Asks the kernel.
///
/// # Errors
/// When it does not tell its types, or has others than are known here.
pub fn layout() -> Result<MessageLayout> {
    of(&KernelTypes::read()?).context("this kernel keeps messages in another way than is known")
}

fn of(types: &KernelTypes) -> Option<MessageLayout> {
    let offset = |name| types.offset(&["msghdr", "msg_iter", name]);
    Some(MessageLayout {
        kind: offset("iter_type")?,
        done: offset("iov_offset")?,
        buffer: offset("ubuf")?,
        // So since 6.4.
        vector: offset("__iov").or_else(|| offset("iov"))?,
        is_buffer: types.value("iter_type", "ITER_UBUF")?,
        is_vector: types.value("iter_type", "ITER_IOVEC")?,
    })
}
