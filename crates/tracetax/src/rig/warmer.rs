//! The process that keeps the target's processor awake, where a scenario wants that.

use anyhow::Result;

use super::{FINISH_LIMIT, Stage};
use crate::{
    cgroup::Role,
    child::Child,
    world::{Real, World},
};

/// The core warmer: this binary, spinning on the target's processor.
#[derive(Debug)]
pub struct Warmer<W: World = Real>(Child<(), W::Process>);

impl<W: World> Warmer<W> {
    /// Starts it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(stage: &Stage<'_, W>) -> Result<Self> {
        Ok(Self(stage.start(Role::Warmer, "tracetax", &["warm"], &stage.cores.target)?))
    }

    /// Whether it still runs: it is never asked anything, and without it another thing is measured.
    ///
    /// # Errors
    /// Says how it has ended.
    pub fn ensure_alive(&mut self) -> Result<()> {
        self.0.ensure_alive()
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub fn finish(self) -> Result<()> {
        self.0.finish(FINISH_LIMIT).map(drop)
    }
}
