//! A target that nobody traces, with the load generator connected to it.

use std::net::SocketAddr;

use anyhow::{Result, ensure};
use record::{
    load::{LoadPlan, LoadResult, Pacing},
    plan::{Treatment, TreatmentBudget, TreatmentKind},
};

use crate::rig::{Load, Pairing, Stage};

/// Connections of every part.
pub const CONNECTIONS: u32 = 16;

/// Path of every request.
pub const PATH: &str = "/plain";

/// A request that takes longer has failed, in nanoseconds.
const REQUEST_LIMIT_NS: u64 = 5_000_000_000;

/// Load before the first that counts, in nanoseconds.
const WARMUP_NS: u64 = 300_000_000;

/// Target and load generator.
pub struct Untraced {
    load: Load,
    pairing: Pairing,
}

impl Untraced {
    /// Starts both, connects them, and warms them up.
    ///
    /// # Errors
    /// When one of them does not come up.
    pub fn start(stage: &Stage<'_>) -> Result<Self> {
        let nothing = Treatment {
            name: "nothing".into(),
            kind: TreatmentKind::Nothing,
            budget: TreatmentBudget::default(),
        };
        let (load, pairing) = (Load::start(stage)?, Pairing::start(stage, &nothing, &[])?);
        let mut started = Self { load, pairing };
        started.connect()?;
        started.run(Pacing::Closed, WARMUP_NS, 0)?;
        Ok(started)
    }

    /// Where the target listens.
    pub fn address(&self) -> SocketAddr {
        self.pairing.address
    }

    /// Opens fresh connections.
    ///
    /// # Errors
    /// When the target does not accept them.
    pub fn connect(&mut self) -> Result<()> {
        self.load.connect(self.pairing.address, CONNECTIONS)
    }

    /// Runs one stretch of load.
    ///
    /// # Errors
    /// When the generator fails, and also when a request fails: a target in trouble calibrates nothing.
    pub fn run(&mut self, pacing: Pacing, duration_ns: u64, seed: u64) -> Result<LoadResult> {
        let plan = LoadPlan { seed, pacing, duration_ns, path: PATH.into(), timeout_ns: REQUEST_LIMIT_NS };
        let result = self.load.run(plan)?;
        ensure!(result.failed.is_empty(), "requests to an untraced target have failed: {:?}", result.failed);
        Ok(result)
    }

    /// Ends both.
    ///
    /// # Errors
    /// When one of them cannot be ended.
    pub fn finish(self) -> Result<()> {
        self.load.finish()?;
        self.pairing.finish()
    }
}
