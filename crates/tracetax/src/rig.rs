//! The processes of a run: the load generator for all of it, target and agent for one life each; two agents where
//! revisions are compared.
//!
//! On two cores the target has one for itself, and all else shares the other. It starts, asks and ends processes; it
//! measures nothing.

mod binaries;
mod bystander;
mod flood;
mod soak;
mod statistics;
mod tracers;
mod warmer;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use anyhow::{Result, bail};
use record::{
    agent::AgentStats,
    load::{LoadCommand, LoadPlan, LoadReply, LoadResult},
    plan::{Arm, Treatment, TreatmentKind},
    target::{TargetCommand, TargetReply},
};

use serde::de::DeserializeOwned;

use crate::{
    cgroup::Role,
    child::{Child, Launch},
    results::Folder,
    world::{Process, Real, World},
};

pub use binaries::Binaries;
pub use bystander::Bystander;
pub use soak::Heard;
pub use statistics::RunStatistics;
pub use tracers::How;
use tracers::Tracers;
pub use warmer::Warmer;

/// For an answer that needs no load.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// For a child to finish after the end of its input.
const FINISH_LIMIT: Duration = Duration::from_secs(5);

/// Where each role runs.
#[derive(Debug, Clone)]
pub struct Cores {
    /// The target's processor.
    pub target: Vec<usize>,
    /// The load generator's.
    pub load: Vec<usize>,
    /// The agent's.
    pub agent: Vec<usize>,
}

impl Cores {
    /// Spreads the roles over `count` processors: with four or more each has its own.
    #[must_use]
    pub fn spread(count: usize) -> Self {
        let at = |core: usize| vec![core.min(count.saturating_sub(1))];
        if count >= 4 {
            Self { load: at(0), target: at(1), agent: at(2) }
        } else {
            Self { load: at(0), target: at(1), agent: at(0) }
        }
    }
}

/// What every start of a process needs.
#[derive(Debug)]
pub struct Stage<'a, W = Real> {
    /// Folder of the binaries: that of the lab's own.
    pub binaries: PathBuf,
    /// Folder of the other revision's tracer and its object, where two are compared.
    pub base: Option<PathBuf>,
    /// Processors.
    pub cores: Cores,
    /// Folder of the run, for the logs.
    pub folder: &'a Folder,
    /// Raised when the run is to end.
    pub interrupt: Arc<AtomicBool>,
    /// What all of it stands on.
    pub world: W,
}

impl<W: World> Stage<'_, W> {
    fn start<R: DeserializeOwned>(
        &self,
        role: Role,
        binary: &str,
        args: &[&str],
        cpus: &[usize],
    ) -> Result<Child<R, W::Process>> {
        self.start_logged(role, &self.binaries.join(binary), args, cpus, role.name())
    }

    fn start_logged<R: DeserializeOwned>(
        &self,
        role: Role,
        program: &Path,
        args: &[&str],
        cpus: &[usize],
        log: &str,
    ) -> Result<Child<R, W::Process>> {
        let log = self.folder.log(log);
        let launch = Launch {
            role,
            program,
            args: args.iter().map(Into::into).collect(),
            cpus,
            log: &log,
            interrupt: Arc::clone(&self.interrupt),
        };
        Ok(Child::new(role, self.world.start(&launch)?, Arc::clone(&self.interrupt)))
    }
}

/// The load generator.
#[derive(Debug)]
pub struct Load<W: World = Real>(Child<LoadReply, W::Process>);

impl<W: World> Load<W> {
    /// Starts it.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start(stage: &Stage<'_, W>) -> Result<Self> {
        let mut child = stage.start(Role::Load, "load", &[], &stage.cores.load)?;
        match child.receive(ANSWER_LIMIT)? {
            LoadReply::Ready { .. } => Ok(Self(child)),
            other => bail!("the load generator began with {other:?}"),
        }
    }

    /// Opens the connections of a scenario.
    ///
    /// # Errors
    /// When the target does not accept them.
    pub fn connect(&mut self, address: SocketAddr, connections: u32) -> Result<()> {
        match self.0.ask(&LoadCommand::Connect { address, connections }, ANSWER_LIMIT)? {
            LoadReply::Connected { .. } => Ok(()),
            LoadReply::Error { message } => bail!("the load generator cannot connect: {message}"),
            other => bail!("the load generator answered a connect with {other:?}"),
        }
    }

    /// Runs one stretch of load.
    ///
    /// # Errors
    /// When the generator fails; requests that fail are part of the result.
    pub fn run(&mut self, plan: LoadPlan) -> Result<LoadResult> {
        let limit = ANSWER_LIMIT + Duration::from_nanos(plan.duration_ns.saturating_add(plan.timeout_ns));
        match self.0.ask(&LoadCommand::Run(plan), limit)? {
            LoadReply::Ran(result) => Ok(*result),
            LoadReply::Error { message } => bail!("the load generator cannot run: {message}"),
            other => bail!("the load generator answered a run with {other:?}"),
        }
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub fn finish(self) -> Result<()> {
        self.0.finish(FINISH_LIMIT).map(drop)
    }
}

/// One life of the target, with its agents where the treatment is a tracer.
#[derive(Debug)]
pub struct Pairing<W: World = Real> {
    target: Child<TargetReply, W::Process>,
    tracers: Tracers<W>,
    treatment: TreatmentKind,
    /// Where the target listens.
    pub address: SocketAddr,
}

impl<W: World> Pairing<W> {
    /// Starts the target, and on it an agent for each of these arms that has one, in this order.
    ///
    /// # Errors
    /// When one of them does not come up, or a binary was replaced since the run began.
    pub fn start(stage: &Stage<'_, W>, treatment: &Treatment, arms: &[Arm]) -> Result<Self> {
        stage.world.ensure_unchanged()?;
        let mut target = stage.start(Role::Target, "target", &[], &stage.cores.target)?;
        let address = match target.receive(ANSWER_LIMIT)? {
            TargetReply::Ready { address, .. } => address,
            other => bail!("the target began with {other:?}"),
        };
        let tracers = Tracers::start(stage, &treatment.kind, target.pid(), arms)?;
        Ok(Self { target, tracers, treatment: treatment.kind.clone(), address })
    }

    /// Process id of the target.
    #[must_use]
    pub fn target_pid(&self) -> u32 {
        self.target.pid()
    }

    /// Whether the target or agent `pid`, which could not be read, still runs; see [`Child::ensure_not_dying`].
    ///
    /// # Errors
    /// Says how it has ended.
    pub fn ensure_not_dying(&mut self, pid: u32) -> Result<()> {
        if pid == self.target.pid() {
            self.target.ensure_not_dying()
        } else {
            self.tracers.ensure_not_dying(pid)
        }
    }

    /// Process id of the agent that belongs to this arm; see [`Pairing::ledgers`].
    #[must_use]
    pub fn agent_pid(&self, arm: Arm) -> Option<u32> {
        self.tracers.pid(arm)
    }

    /// Waits until no tracer but that of this arm is hit any longer, after it was detached. At once where there is none.
    ///
    /// # Errors
    /// When an agent cannot tell, or is still hit after a second.
    pub fn wait_until_still(&mut self, world: &W, arm: Arm) -> Result<()> {
        self.tracers.wait_until_still(world, arm)
    }

    /// Switches the arm.
    ///
    /// # Errors
    /// When an agent or the target cannot.
    pub fn switch(&mut self, arm: Arm) -> Result<()> {
        if let TreatmentKind::Planted { ns_per_request } = &self.treatment {
            let ns = if arm == Arm::Treated { *ns_per_request } else { 0 };
            plant(&mut self.target, ns)?;
        }
        self.tracers.switch(arm)
    }

    /// The ledger of each agent since its start, after it has drained everything: first the one that belongs to this arm.
    /// To the untraced arm belongs the one of the treated.
    ///
    /// # Errors
    /// When an agent cannot tell.
    pub fn ledgers(&mut self, arm: Arm) -> Result<Vec<AgentStats>> {
        self.tracers.ledgers(arm)
    }

    /// Ends agents and target.
    ///
    /// # Errors
    /// When one of them cannot be ended.
    pub fn finish(self) -> Result<()> {
        self.tracers.finish()?;
        self.target.finish(FINISH_LIMIT).map(drop)
    }
}

fn plant(target: &mut Child<TargetReply, impl Process>, ns_per_request: u64) -> Result<()> {
    match target.ask(&TargetCommand::Plant { ns_per_request }, ANSWER_LIMIT)? {
        TargetReply::Planted { .. } => Ok(()),
        other => bail!("the target answered `plant` with {other:?}"),
    }
}
