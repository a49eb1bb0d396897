//! The processes of a run: the load generator for all of it, target and agent for one life each.
//!
//! On two cores the target has one for itself, and all else shares the other. It starts, asks and ends processes; it
//! measures nothing.

mod bystander;
mod flood;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use record::{
    agent::{AgentCommand, AgentReply, AgentStats},
    load::{LoadCommand, LoadPlan, LoadReply, LoadResult},
    plan::{Arm, Treatment, TreatmentKind},
    target::{TargetCommand, TargetReply},
    wakeup::Wakeup,
};

use crate::{
    cgroup::{Groups, Role},
    child::{Child, Launch},
    results::Folder,
};

pub use bystander::Bystander;

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

/// For the hits to cease after the programs are detached.
const STILL_LIMIT: Duration = Duration::from_secs(1);

/// What every start of a process needs.
#[derive(Debug)]
pub struct Stage<'a> {
    /// Folder of the binaries: that of the lab's own.
    pub binaries: PathBuf,
    /// Groups of the run.
    pub groups: Groups,
    /// Processors.
    pub cores: Cores,
    /// Folder of the run, for the logs.
    pub folder: &'a Folder,
    /// Raised when the run is to end.
    pub interrupt: Arc<AtomicBool>,
}

impl Stage<'_> {
    fn start<R: serde::de::DeserializeOwned + Send + 'static>(
        &self,
        role: Role,
        binary: &str,
        args: &[&str],
        cpus: &[usize],
    ) -> Result<Child<R>> {
        let program = self.binaries.join(binary);
        check_built(&program)?;
        let log = self.folder.log(role.name());
        let launch = Launch {
            role,
            program: &program,
            args: args.iter().map(Into::into).collect(),
            cpus,
            log: &log,
            interrupt: Arc::clone(&self.interrupt),
        };
        self.groups.within(role, || launch.start())
    }
}

fn check_built(program: &Path) -> Result<()> {
    anyhow::ensure!(program.is_file(), "{} is not built: run `cargo xtask build`", program.display());
    Ok(())
}

/// The load generator.
#[derive(Debug)]
pub struct Load(Child<LoadReply>);

impl Load {
    /// Starts it.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start(stage: &Stage<'_>) -> Result<Self> {
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

/// The core warmer: this binary, spinning on the target's processor.
#[derive(Debug)]
pub struct Warmer(Child<()>);

impl Warmer {
    /// Starts it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(stage: &Stage<'_>) -> Result<Self> {
        Ok(Self(stage.start(Role::Warmer, "tracetax", &["warm"], &stage.cores.target)?))
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub fn finish(self) -> Result<()> {
        self.0.finish(FINISH_LIMIT).map(drop)
    }
}

/// One life of the target, with the agent where the treatment is a tracer.
#[derive(Debug)]
pub struct Pairing {
    target: Child<TargetReply>,
    agent: Option<Child<AgentReply>>,
    treatment: TreatmentKind,
    /// Where the target listens.
    pub address: SocketAddr,
}

impl Pairing {
    /// Starts the target, and the agent on it.
    ///
    /// # Errors
    /// When one of them does not come up.
    pub fn start(stage: &Stage<'_>, treatment: &Treatment) -> Result<Self> {
        let mut target = stage.start(Role::Target, "target", &[], &stage.cores.target)?;
        let address = match target.receive(ANSWER_LIMIT)? {
            TargetReply::Ready { address, .. } => address,
            other => bail!("the target began with {other:?}"),
        };
        let agent = match &treatment.kind {
            TreatmentKind::Tracer { strategy, stage: how_far, wakeup } => {
                let tracer = Tracer { strategy, stage: *how_far, wakeup: *wakeup };
                Some(start_agent(stage, &tracer, target.pid())?)
            }
            TreatmentKind::Planted { .. } | TreatmentKind::Nothing => None,
        };
        Ok(Self { target, agent, treatment: treatment.kind.clone(), address })
    }

    /// Process id of the target.
    #[must_use]
    pub fn target_pid(&self) -> u32 {
        self.target.pid()
    }

    /// Process id of the agent.
    #[must_use]
    pub fn agent_pid(&self) -> Option<u32> {
        self.agent.as_ref().map(Child::pid)
    }

    /// Waits until the tracer is no longer hit, after it was detached. At once where there is none.
    ///
    /// # Errors
    /// When the agent cannot tell, or is still hit after a second.
    pub fn wait_until_still(&mut self) -> Result<()> {
        let started = Instant::now();
        let mut hits = None;
        while let Some(ledger) = self.ledger()? {
            if hits == Some(ledger.hits) {
                break;
            }
            anyhow::ensure!(
                started.elapsed() < STILL_LIMIT,
                "the tracer is still hit long after it was detached"
            );
            hits = Some(ledger.hits);
        }
        Ok(())
    }

    /// Switches the arm.
    ///
    /// # Errors
    /// When the agent or the target cannot.
    pub fn switch(&mut self, arm: Arm) -> Result<()> {
        match (&self.treatment, &mut self.agent) {
            (TreatmentKind::Tracer { .. }, Some(agent)) => switch_tracer(agent, arm),
            (TreatmentKind::Planted { ns_per_request }, _) => {
                let ns = if arm == Arm::Treated { *ns_per_request } else { 0 };
                plant(&mut self.target, ns)
            }
            _ => Ok(()),
        }
    }

    /// The agent's ledger since its start, after it has drained everything.
    ///
    /// # Errors
    /// When the agent cannot tell.
    pub fn ledger(&mut self) -> Result<Option<AgentStats>> {
        let Some(agent) = &mut self.agent else {
            return Ok(None);
        };
        match agent.ask(&AgentCommand::Stats, ANSWER_LIMIT)? {
            AgentReply::Stats(stats) => Ok(Some(stats)),
            AgentReply::Error { message } => bail!("the agent cannot tell its ledger: {message}"),
            other => bail!("the agent answered `stats` with {other:?}"),
        }
    }

    /// Switches the kernel's run-time statistics of programs. Says why not, where the agent cannot.
    ///
    /// # Errors
    /// When the agent does not answer.
    pub fn run_statistics(&mut self, on: bool) -> Result<Result<(), String>> {
        let Some(agent) = &mut self.agent else {
            return Ok(Err("there is no tracer".into()));
        };
        match agent.ask(&AgentCommand::RunStatistics { on }, ANSWER_LIMIT)? {
            AgentReply::RunStatistics { .. } => Ok(Ok(())),
            AgentReply::Error { message } => Ok(Err(message)),
            other => bail!("the agent answered `run_statistics` with {other:?}"),
        }
    }

    /// Ends agent and target.
    ///
    /// # Errors
    /// When one of them cannot be ended.
    pub fn finish(self) -> Result<()> {
        if let Some(agent) = self.agent {
            agent.finish(FINISH_LIMIT)?;
        }
        self.target.finish(FINISH_LIMIT).map(drop)
    }
}

/// What the agent is told on its command line.
struct Tracer<'a> {
    strategy: &'a str,
    stage: record::stage::Stage,
    wakeup: Wakeup,
}

fn start_agent(stage: &Stage<'_>, tracer: &Tracer<'_>, pid: u32) -> Result<Child<AgentReply>> {
    let (pid, wakeup) = (pid.to_string(), tracer.wakeup.to_string());
    let watch = ["--control", "--output", "null", "--pid", pid.as_str(), "--strategy", tracer.strategy];
    let how = ["--stage", tracer.stage.name(), "--wakeup", &wakeup];
    let args = [&watch[..], &how].concat();
    let mut agent = stage.start(Role::Agent, "tracer", &args, &stage.cores.agent)?;
    match agent.receive(ANSWER_LIMIT).context("the tracer did not come up")? {
        AgentReply::Ready { .. } => Ok(agent),
        other => bail!("the agent began with {other:?}"),
    }
}

fn switch_tracer(agent: &mut Child<AgentReply>, arm: Arm) -> Result<()> {
    let command = if arm == Arm::Treated { AgentCommand::Attach } else { AgentCommand::Detach };
    match agent.ask(&command, ANSWER_LIMIT)? {
        AgentReply::Attached { .. } | AgentReply::Detached { .. } => Ok(()),
        AgentReply::Error { message } => bail!("the tracer cannot {command:?}: {message}"),
        other => bail!("the agent answered {command:?} with {other:?}"),
    }
}

fn plant(target: &mut Child<TargetReply>, ns_per_request: u64) -> Result<()> {
    match target.ask(&TargetCommand::Plant { ns_per_request }, ANSWER_LIMIT)? {
        TargetReply::Planted { .. } => Ok(()),
        other => bail!("the target answered `plant` with {other:?}"),
    }
}
