//! The signals that ask a run to end, as something that can be waited for.

use std::os::{
    fd::{AsFd, BorrowedFd},
    unix::net::UnixStream,
};

use anyhow::{Context as _, Result};
use signal_hook::iterator::{backend::SignalDelivery, exfiltrator::SignalOnly};

use crate::interrupt::ending;

/// Those that have come.
#[derive(Debug)]
pub(super) struct Signals(SignalDelivery<UnixStream, SignalOnly>);

impl Signals {
    /// Catches them from now on.
    pub(super) fn catch() -> Result<Self> {
        let refused = "cannot catch signals";
        let (read, write) = UnixStream::pair().context(refused)?;
        SignalDelivery::with_pipe(read, write, SignalOnly, ending()?).map(Self).context(refused)
    }

    /// The numbers of those that have come since the last look.
    pub(super) fn come(&mut self) -> Vec<i32> {
        self.0.pending().collect()
    }
}

impl AsFd for Signals {
    /// Readable once one has come.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_read().as_fd()
    }
}
