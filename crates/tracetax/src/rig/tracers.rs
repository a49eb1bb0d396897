//! The agents of one life: none, one, or one of each revision. At most one of them is attached at any time; the others
//! hold their programs and sleep.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use record::{
    agent::{AgentCommand, AgentReply, AgentStats},
    plan::{Arm, TreatmentKind},
    stage,
    wakeup::Wakeup,
};

use super::{ANSWER_LIMIT, FINISH_LIMIT, Heard, Stage};
use crate::{
    cgroup::Role,
    child::{Child, Interrupted},
    world::World,
};

/// For the hits to cease after the programs are detached.
const STILL_LIMIT: Duration = Duration::from_secs(1);

/// All of them, in the order in which they were started.
#[derive(Debug)]
pub struct Tracers<W: World>(Vec<Tracer<W>>);

/// An agent, and the arm in whose blocks it is attached.
#[derive(Debug)]
struct Tracer<W: World> {
    arm: Arm,
    agent: Child<AgentReply, W::Process>,
    /// It was asked for its ledger, and has not answered yet.
    owes_ledger: bool,
}

impl<W: World> Tracers<W> {
    /// Starts an agent on the process `pid` for each of these arms, if the treatment is a tracer.
    ///
    /// # Errors
    /// When one of them does not come up.
    pub fn start(stage: &Stage<'_, W>, treatment: &TreatmentKind, pid: u32, arms: &[Arm]) -> Result<Self> {
        let TreatmentKind::Tracer { strategy, stage: how_far, wakeup, leak_bytes_per_second } = treatment
        else {
            return Ok(Self(Vec::new()));
        };
        let leak_bytes_per_second = *leak_bytes_per_second;
        let how = How { strategy, stage: *how_far, wakeup: *wakeup, leak_bytes_per_second };
        let traced = arms.iter().filter(|arm| **arm != Arm::Untraced);
        traced.map(|arm| Tracer::start(stage, *arm, &how, pid)).collect::<Result<_>>().map(Self)
    }

    /// Process id of the agent that belongs to this arm.
    pub fn pid(&self, arm: Arm) -> Option<u32> {
        self.0.iter().find(|tracer| tracer.belongs_to(arm)).map(|tracer| tracer.agent.pid())
    }

    /// Whether the agent `pid` still runs.
    ///
    /// # Errors
    /// Says how it has ended.
    pub fn ensure_not_dying(&mut self, pid: u32) -> Result<()> {
        let mut asked = self.0.iter_mut().filter(|tracer| tracer.agent.pid() == pid);
        asked.try_for_each(|tracer| tracer.agent.ensure_not_dying())
    }

    /// Detaches what is attached, and attaches the agent of this arm.
    ///
    /// # Errors
    /// When one of them cannot.
    pub fn switch(&mut self, arm: Arm) -> Result<()> {
        for tracer in self.0.iter_mut().filter(|tracer| tracer.arm != arm) {
            tracer.switch(&AgentCommand::Detach)?;
        }
        let on = self.0.iter_mut().find(|tracer| tracer.arm == arm);
        on.map_or(Ok(()), |tracer| tracer.switch(&AgentCommand::Attach))
    }

    /// Waits until no agent but that of this arm is hit any longer.
    ///
    /// # Errors
    /// When one of them cannot tell, or is still hit after a second.
    pub fn wait_until_still(&mut self, world: &W, arm: Arm) -> Result<()> {
        let mut others = self.0.iter_mut().filter(|tracer| tracer.arm != arm);
        others.try_for_each(|tracer| tracer.wait_until_still(world))
    }

    /// The ledger of each since its start, that of the arm first.
    ///
    /// # Errors
    /// When one of them cannot tell.
    pub fn ledgers(&mut self, arm: Arm) -> Result<Vec<AgentStats>> {
        let mut ledgers = Vec::new();
        for tracer in &mut self.0 {
            let place = if tracer.belongs_to(arm) { 0 } else { ledgers.len() };
            ledgers.insert(place, tracer.ledger()?);
        }
        Ok(ledgers)
    }

    /// What the agent says when it is asked for its ledger with patience; `None` where there is no agent.
    ///
    /// # Errors
    /// When it says something else.
    pub fn hear(&mut self, world: &W, limit: Duration) -> Result<Option<Heard>> {
        self.0.first_mut().map(|tracer| tracer.hear(world, limit)).transpose()
    }

    /// Ends all of them.
    ///
    /// # Errors
    /// When one of them cannot be ended.
    pub fn finish(self) -> Result<()> {
        self.0.into_iter().try_for_each(|tracer| tracer.agent.finish(FINISH_LIMIT).map(drop))
    }
}

impl<W: World> Tracer<W> {
    fn start(stage: &Stage<'_, W>, arm: Arm, how: &How<'_>, pid: u32) -> Result<Self> {
        let (folder, log) = match (arm, &stage.base) {
            (Arm::Base, Some(base)) => (base, "base"),
            (Arm::Base, None) => bail!(
                "the plan has two revisions, and there is one tracer alone: start it by `cargo xtask compare --against REV`"
            ),
            (Arm::Treated | Arm::Untraced, _) => (&stage.binaries, Role::Agent.name()),
        };
        let whose = whose(arm);
        let args = how.args(pid);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let program = folder.join("tracer");
        let mut agent = stage.start_logged(Role::Agent, &program, &args, &stage.cores.agent, log)?;
        match agent.receive(ANSWER_LIMIT).with_context(|| format!("{whose} did not come up"))? {
            AgentReply::Ready { .. } => Ok(Self { arm, agent, owes_ledger: false }),
            other => bail!("{whose} began with {other:?}"),
        }
    }

    /// To the untraced arm belongs the agent of the treated: there it shows that nothing is hit.
    fn belongs_to(&self, arm: Arm) -> bool {
        self.arm == if arm == Arm::Untraced { Arm::Treated } else { arm }
    }

    fn switch(&mut self, command: &AgentCommand) -> Result<()> {
        match self.agent.ask(command, ANSWER_LIMIT)? {
            AgentReply::Attached { .. } | AgentReply::Detached { .. } => Ok(()),
            AgentReply::Error { message } => bail!("{} cannot {command:?}: {message}", whose(self.arm)),
            other => bail!("{} answered {command:?} with {other:?}", whose(self.arm)),
        }
    }

    /// Two looks that agree are enough, however long the second took: an agent or a machine that was held up is not hit.
    fn wait_until_still(&mut self, world: &W) -> Result<()> {
        let started = world.now();
        let mut hits = self.ledger()?.hits;
        loop {
            let waited = world.now() - started;
            let now = self.ledger()?.hits;
            if hits == now {
                return Ok(());
            }
            anyhow::ensure!(
                waited < STILL_LIMIT,
                "{} is still hit long after it was detached",
                whose(self.arm)
            );
            hits = now;
        }
    }

    fn ledger(&mut self) -> Result<AgentStats> {
        let reply = self.agent.ask(&AgentCommand::Stats, ANSWER_LIMIT)?;
        self.ledger_of(reply)
    }

    fn ledger_of(&self, reply: AgentReply) -> Result<AgentStats> {
        match reply {
            AgentReply::Stats(stats) => Ok(stats),
            AgentReply::Error { message } => bail!("{} cannot tell its ledger: {message}", whose(self.arm)),
            other => bail!("{} answered `stats` with {other:?}", whose(self.arm)),
        }
    }

    /// The ledger, where it comes within `limit`; `None` where it does not. An answer that is late is passed over when the
    /// next question is asked.
    fn ledger_within(&mut self, world: &W, limit: Duration) -> Result<Option<AgentStats>> {
        let end = world.now() + limit;
        if self.owes_ledger && self.agent.receive_if_any(limit)?.is_none() {
            return Ok(None);
        }
        self.agent.send(&AgentCommand::Stats)?;
        let reply = self.agent.receive_if_any(end.saturating_duration_since(world.now()))?;
        self.owes_ledger = reply.is_none();
        reply.map(|reply| self.ledger_of(reply)).transpose()
    }

    /// What the agent says when it is asked with patience: that it has ended is an answer too.
    fn hear(&mut self, world: &W, limit: Duration) -> Result<Heard> {
        match self.ledger_within(world, limit) {
            Ok(Some(ledger)) => Ok(Heard::Ledger(Box::new(ledger))),
            Err(error) if error.is::<Interrupted>() || self.agent.is_alive()? => Err(error),
            Ok(None) if self.agent.is_alive()? => Ok(Heard::Silence),
            Ok(None) | Err(_) => Ok(Heard::End),
        }
    }
}

/// For messages: which of the two.
fn whose(arm: Arm) -> &'static str {
    if arm == Arm::Base { "the tracer of the other revision" } else { "the tracer" }
}

/// How an agent is to trace.
#[derive(Debug, Clone, Copy)]
pub struct How<'a> {
    /// Name of the strategy.
    pub strategy: &'a str,
    /// How far its programs go.
    pub stage: stage::Stage,
    /// When it is woken.
    pub wakeup: Wakeup,
    /// What it leaks on purpose; 0 in all but controls.
    pub leak_bytes_per_second: u64,
}

impl How<'_> {
    /// The agent's command line, without its name.
    #[must_use]
    pub fn args(&self, pid: u32) -> Vec<String> {
        let (pid, wakeup) = (pid.to_string(), self.wakeup.to_string());
        let watch = ["--control", "--output", "null", "--pid", pid.as_str(), "--strategy", self.strategy];
        let how = ["--stage", self.stage.name(), "--wakeup", wakeup.as_str()];
        let args = watch.into_iter().chain(how).map(String::from);
        // Tracers of before there were leaks to plant know no such option.
        let leak = Some(self.leak_bytes_per_second).filter(|bytes| *bytes > 0);
        let planted = leak.map(|bytes| ["--plant-leak-bytes-per-second".into(), bytes.to_string()]);
        args.chain(planted.into_iter().flatten()).collect()
    }
}
