//! Signals that end a run in good order.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use anyhow::Result;
use procfs::process::Process;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};

/// Has a write beyond the limit on the size of files fail (setrlimit(2), `RLIMIT_FSIZE`), and not end this process: a run has
/// children and groups to see to.
///
/// # Errors
/// When the kernel refuses the handler.
pub fn outlive_file_limit() -> Result<()> {
    signal_hook::flag::register(SIGXFSZ, Arc::default())?;
    Ok(())
}

/// The signals that ask a run to end. Under `nohup` HUP is ignored, and stays so.
///
/// # Errors
/// When `/proc` cannot be read.
pub(crate) fn ending() -> Result<Vec<i32>> {
    let ignored = Process::myself()?.status()?.sigign;
    let hangs_up = ignored & (1 << (SIGHUP - 1)) == 0;
    Ok([SIGINT, SIGTERM].into_iter().chain(hangs_up.then_some(SIGHUP)).collect())
}

/// Raised by the first INT, TERM or HUP.
#[derive(Debug, Clone)]
pub struct Interrupt {
    raised: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

impl Interrupt {
    /// Catches the signals from now on.
    ///
    /// # Errors
    /// When the kernel refuses the handlers.
    pub fn catch() -> Result<Self> {
        let caught = Self { raised: Arc::default(), signal: Arc::default() };
        for signal in ending()? {
            // In this order: whoever sees the flag also sees which signal it was.
            signal_hook::flag::register_usize(signal, Arc::clone(&caught.signal), signal as usize)?;
            signal_hook::flag::register(signal, Arc::clone(&caught.raised))?;
        }
        Ok(caught)
    }

    /// The flag, for those who wait.
    #[must_use]
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.raised)
    }

    /// The signal, if one came.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        self.raised.load(Ordering::Relaxed).then(|| self.signal.load(Ordering::Relaxed) as i32)
    }
}
