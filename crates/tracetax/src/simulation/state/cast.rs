//! What the processes of a simulated world do, and what is done to them.

use std::time::Duration;

use rand::RngExt as _;
use record::plan::Arm;
use rustix::process::Signal;

use super::{
    super::{
        actor::{Actor, Part},
        script::Fault,
    },
    Expected, Lie, State,
};
use crate::{cgroup::Role, child::Launch, world::Line};

/// What any of them says that cannot do as it is told.
const REFUSAL: &str = r#"{"error":{"message":"no"}}"#;

impl State {
    pub fn start(&mut self, launch: &Launch<'_>) -> usize {
        let index = self.actors.len();
        self.actors.push(Actor::new(1_000 + index as u32, launch, self.now));
        if let Some(greeting) = self.actors[index].greeting() {
            let is_statistics = matches!(self.actors[index].part, Part::Statistics);
            let refused = self.due(|_, fault| is_statistics && fault == Fault::NoStatistics).is_some();
            self.say(index, Duration::from_millis(5), if refused { REFUSAL.into() } else { greeting });
        }
        index
    }

    /// A line to an actor. False where nobody reads it.
    pub fn write(&mut self, index: usize, line: &[u8]) -> bool {
        self.ensure(self.tape.synced == self.tape.bytes.len(), "it goes on before a line is on the disk");
        let heard_though_dead =
            self.lie == Some(Lie::DeadAgentHeard) && self.actors[index].role == Role::Agent;
        let actor = &self.actors[index];
        if !(actor.is_alive() || heard_though_dead) || !actor.has_input {
            return false;
        }
        self.ensure(!actor.stopped, "a stopped process is asked");
        if self.actors[index].manner.hangs {
            return true;
        }
        let late =
            self.actors[index].role == Role::Load && self.due(|_, fault| fault == Fault::Late).is_some();
        let now = self.now;
        let was_attached = self.actors[index].agent().is_some_and(|agent| agent.attached);
        let answer = self.actors[index].obey(line, now, late);
        self.after_command(index, was_attached);
        if answer.requests > 0 {
            self.load(answer.requests, answer.after);
        }
        self.say(index, answer.after, answer.reply);
        true
    }

    fn after_command(&mut self, index: usize, was_attached: bool) {
        if self.lie == Some(Lie::Undrained)
            && let Some(agent) = self.actors[index].agent_mut()
        {
            agent.undrained = 1;
        }
        let is_detached = self.actors[index].agent().is_some_and(|agent| !agent.attached);
        if !(was_attached && is_detached) {
            return;
        }
        let hit = self.due(|_, fault| matches!(fault, Fault::StillHit(_)));
        let (now, lie) = (self.now, self.lie);
        if let Some(agent) = self.actors[index].agent_mut() {
            agent.attached = lie == Some(Lie::StillAttached);
            if let Some(Fault::StillHit(time)) = hit {
                agent.hit_until = now + time;
            }
        }
    }

    /// A stretch of load goes through target and agents.
    fn load(&mut self, requests: u64, time: Duration) {
        self.check_arms();
        self.load = (self.now, self.now + time);
        let noise = self.rng.random_range(0..200);
        let planted_ns = self.actors.iter().filter(|actor| actor.is_alive()).find_map(Actor::planted_ns);
        self.cpu_ns[Role::Target as usize] += requests * (20_000 + noise + planted_ns.unwrap_or(0));
        self.cpu_ns[Role::Load as usize] += requests * 10_000;
        for actor in self.actors.iter_mut().filter(|actor| actor.is_alive()) {
            if let Part::Agent(agent) = &mut actor.part
                && agent.attached
            {
                agent.see(requests);
                self.cpu_ns[Role::Agent as usize] += requests * 500;
            }
        }
    }

    /// Switched on is what the next block says, and nothing else.
    fn check_arms(&mut self) {
        let Some(Expected { arm, planted_ns }) = self.expected else { return };
        for actor in &self.actors {
            let wrong = match &actor.part {
                Part::Agent(agent) if actor.is_alive() => {
                    agent.attached != (arm == if agent.is_base { Arm::Base } else { Arm::Treated })
                }
                Part::Target { planted_ns: planted } if actor.is_alive() => *planted != planted_ns,
                _ => false,
            };
            if wrong {
                self.broken.push(format!("in a block that is {arm:?}: {actor:?}"));
                return;
            }
        }
    }

    /// Has an actor say a line a while from now, in its manner.
    fn say(&mut self, index: usize, after: Duration, reply: String) {
        let role = self.actors[index].role;
        let is_of = move |fault| matches!(fault, Fault::Babbles(r) | Fault::Stutters(r) | Fault::Repeats(r) | Fault::Refuses(r) | Fault::Dawdles(r, _) if r == role);
        let fault = self.due(|_, fault| is_of(fault));
        let actor = &mut self.actors[index];
        if !actor.has_output {
            return;
        }
        let line: Line = match fault {
            Some(Fault::Babbles(_)) => Ok(b"\x1b[31mpanic".into()),
            Some(Fault::Stutters(_)) => Err("has stopped amid a line: {".into()),
            Some(Fault::Refuses(_)) => Ok(REFUSAL.into()),
            _ => Ok(reply.into_bytes()),
        };
        let after = if let Some(Fault::Dawdles(_, time)) = fault { after + time } else { after };
        if fault == Some(Fault::Repeats(role)) {
            actor.output.push_back((self.now + after, line.clone()));
        }
        actor.output.push_back((self.now + after, line));
    }

    /// Waits for a line. None where there was none in time.
    pub fn hear(&mut self, index: usize, limit: Duration) -> Option<Line> {
        let until = self.now + limit;
        let when = self.actors[index].output.front().map(|(when, _)| *when).filter(|when| *when <= until);
        self.now = self.now.max(when.unwrap_or(until));
        if when.is_none() && !limit.is_zero() && self.lie == Some(Lie::WaitedForEver) {
            self.now += Duration::from_secs(3600);
        }
        let line = when.and_then(|_| self.actors[index].output.pop_front())?.1;
        self.heard = self.now;
        Some(line)
    }

    pub fn close_input(&mut self, index: usize) {
        let ends = self.now + Duration::from_millis(2);
        let spared = self.is_spared(index);
        let actor = &mut self.actors[index];
        actor.has_input = false;
        let heeds = !(actor.manner.hangs || actor.manner.clings || actor.stopped || spared);
        actor.ends = actor.ends.or(heeds.then_some(ends));
    }

    pub fn signal(&mut self, index: usize, signal: Signal) {
        let spared = self.is_spared(index);
        let actor = &mut self.actors[index];
        match signal {
            Signal::STOP => actor.stopped = true,
            Signal::CONT => actor.stopped = false,
            Signal::TERM if actor.manner.defies || actor.stopped => {}
            _ if actor.manner.undying || spared || !actor.is_alive() => {}
            _ => self.end(index),
        }
    }

    /// Waits for the end of a process, and collects it.
    pub fn wait(&mut self, index: usize, limit: Duration) -> bool {
        let until = self.now + limit;
        if let Some(ends) =
            self.actors[index].ends.filter(|ends| *ends <= until && self.actors[index].is_alive())
        {
            self.now = self.now.max(ends);
            self.end(index);
        }
        let heard_though_dead = self.lie == Some(Lie::DeadAgentHeard) && self.actors[index].has_input;
        let ended = !self.actors[index].is_alive() && !heard_though_dead || self.is_spared(index);
        if ended {
            self.actors[index].collected = !self.is_spared(index);
        } else {
            self.now = until;
        }
        ended
    }

    fn is_spared(&self, index: usize) -> bool {
        self.lie == Some(Lie::Spared(self.actors[index].role))
    }

    /// Counters are exact once all have been quiet for 2 ms, and a block pays for its own events.
    pub fn check_quiet(&mut self) {
        let quiet = self.now.saturating_sub(self.heard);
        self.ensure(quiet >= Duration::from_millis(2), "counters are read while they still move");
        let mut agents = self
            .actors
            .iter()
            .filter(|actor| actor.is_alive() && !actor.manner.hangs && actor.output.is_empty());
        let undrained = agents.any(|actor| actor.agent().is_some_and(|agent| agent.undrained > 0));
        self.ensure(!undrained, "counters are read before events are drained");
    }
}
