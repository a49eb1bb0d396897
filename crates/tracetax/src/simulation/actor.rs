//! The processes of a simulated run, and what they answer.

mod agent;

use std::{collections::VecDeque, sync::LazyLock, time::Duration};

use record::{
    agent::AgentReply,
    bystander::{BystanderCommand, BystanderReply, BystanderUse},
    histogram::Histogram,
    load::{LoadCommand, LoadReply, LoadResult},
    target::{Flooded, TargetCommand, TargetReply},
};
use serde::de::DeserializeOwned;

use crate::{cgroup::Role, child::Launch, world::Line};
use agent::Agent;

/// Requests or exchanges a second, of every kind of load.
const PER_SECOND: u64 = 1_000;
/// For an answer that needs no load.
const PROMPT: Duration = Duration::from_millis(1);

/// A process.
#[derive(Debug)]
pub struct Actor {
    pub pid: u32,
    pub role: Role,
    pub part: Part,
    pub started: Duration,
    pub died: Option<Duration>,
    pub collected: bool,
    /// It was stopped by a signal.
    pub stopped: bool,
    pub manner: Manner,
    pub has_input: bool,
    pub has_output: bool,
    /// What it has written and nobody has read, each line with the moment it comes.
    pub output: VecDeque<(Duration, Line)>,
    /// When it will end by itself.
    pub ends: Option<Duration>,
}

/// How it behaves.
#[derive(Debug, Default)]
pub struct Manner {
    pub hangs: bool,
    pub clings: bool,
    pub defies: bool,
    pub undying: bool,
}

/// What it plays.
#[derive(Debug)]
pub enum Part {
    Load,
    Target { planted_ns: u64 },
    Agent(Box<Agent>),
    Statistics,
    Bystander,
    Warmer,
}

/// What an actor does with a command.
pub struct Answer {
    pub reply: String,
    pub after: Duration,
    /// A stretch of load: so many requests.
    pub requests: u64,
}

impl Actor {
    pub fn new(pid: u32, launch: &Launch<'_>, now: Duration) -> Self {
        Self {
            pid,
            role: launch.role,
            part: Part::of(launch),
            started: now,
            died: None,
            collected: false,
            stopped: false,
            manner: Manner::default(),
            has_input: true,
            has_output: true,
            output: VecDeque::new(),
            ends: None,
        }
    }

    pub fn is_alive(&self) -> bool {
        self.died.is_none()
    }

    pub fn agent(&self) -> Option<&Agent> {
        if let Part::Agent(agent) = &self.part { Some(agent) } else { None }
    }

    pub fn agent_mut(&mut self) -> Option<&mut Agent> {
        if let Part::Agent(agent) = &mut self.part { Some(agent) } else { None }
    }

    /// What it burns in each request on purpose, where it is a target.
    pub fn planted_ns(&self) -> Option<u64> {
        if let Part::Target { planted_ns } = self.part { Some(planted_ns) } else { None }
    }

    /// What it says first, where it says anything.
    pub fn greeting(&self) -> Option<String> {
        let pid = self.pid;
        match &self.part {
            Part::Load => Some(json(&LoadReply::Ready { pid })),
            Part::Target { .. } => {
                Some(json(&TargetReply::Ready { pid, address: ([127, 0, 0, 1], 8080).into() }))
            }
            Part::Agent(_) => {
                Some(json(&AgentReply::Ready { pid, load_ns: 1, programs: vec![], maps: vec![] }))
            }
            Part::Statistics => Some(json(&AgentReply::RunStatistics { on: true })),
            Part::Bystander => Some(json(&BystanderReply::Ready { pid })),
            Part::Warmer => None,
        }
    }

    /// Obeys a command. A generator that is `late` says so of its requests.
    pub fn obey(&mut self, line: &[u8], now: Duration, late: bool) -> Answer {
        match &mut self.part {
            Part::Load => of_load(&command(line), late),
            Part::Target { planted_ns } => of_target(&command(line), planted_ns),
            Part::Agent(agent) => agent.obey(&command(line), now),
            Part::Bystander => of_bystander(&command(line)),
            Part::Statistics | Part::Warmer => panic!("nobody gives it a command"),
        }
    }
}

impl Part {
    fn of(launch: &Launch<'_>) -> Self {
        match launch.role {
            Role::Load => Self::Load,
            Role::Target => Self::Target { planted_ns: 0 },
            Role::Agent if launch.args.iter().any(|arg| arg == "--run-statistics") => Self::Statistics,
            // Its program lies in the folder of the other revision.
            Role::Agent => Self::Agent(Box::new(Agent::new(launch.program.starts_with("base")))),
            Role::Bystander => Self::Bystander,
            Role::Warmer => Self::Warmer,
            Role::Lab | Role::Keeper => panic!("a run starts no {}", launch.role),
        }
    }
}

fn of_load(command: &LoadCommand, late: bool) -> Answer {
    match command {
        LoadCommand::Connect { connections, .. } => {
            prompt(&LoadReply::Connected { connections: *connections })
        }
        LoadCommand::Run(plan) => {
            let requests = requests_in(plan.duration_ns);
            let result = LoadResult {
                planned: requests,
                sent: requests,
                completed: requests,
                failed: [].into(),
                elapsed_ns: plan.duration_ns,
                spun_ns: 0,
                received_bytes: 100 * requests,
                response: QUICK.clone(),
                service: QUICK.clone(),
                lateness: if late { LATE.clone() } else { QUICK.clone() },
            };
            let reply = json(&LoadReply::Ran(Box::new(result)));
            Answer { reply, after: Duration::from_nanos(plan.duration_ns), requests }
        }
    }
}

fn of_target(command: &TargetCommand, planted_ns: &mut u64) -> Answer {
    match *command {
        TargetCommand::Plant { ns_per_request } => {
            *planted_ns = ns_per_request;
            prompt(&TargetReply::Planted { ns_per_request })
        }
        TargetCommand::Flood { duration_ns, .. } => {
            let requests = requests_in(duration_ns);
            let flooded = Flooded { requests, elapsed_ns: duration_ns, cpu_ns: duration_ns, spun_ns: 0 };
            let reply = json(&TargetReply::Flooded(flooded));
            Answer { reply, after: Duration::from_nanos(duration_ns), requests }
        }
        TargetCommand::Stats => prompt(&TargetReply::Stats { requests: 0 }),
    }
}

fn of_bystander(command: &BystanderCommand) -> Answer {
    let BystanderCommand::Measure { duration_ns } = *command;
    let used = BystanderUse { calls: 1_000, cpu_ns: duration_ns };
    Answer { after: Duration::from_nanos(duration_ns), ..prompt(&BystanderReply::Measured(used)) }
}

fn requests_in(duration_ns: u64) -> u64 {
    (PER_SECOND * duration_ns / 1_000_000_000).max(1)
}

fn prompt(reply: &impl serde::Serialize) -> Answer {
    Answer { reply: json(reply), after: PROMPT, requests: 0 }
}

fn json(reply: &impl serde::Serialize) -> String {
    serde_json::to_string(reply).unwrap()
}

fn command<C: DeserializeOwned>(line: &[u8]) -> C {
    serde_json::from_slice(line).expect("a command is one of the protocol")
}

static QUICK: LazyLock<Histogram> = LazyLock::new(|| of_times(20_000));
static LATE: LazyLock<Histogram> = LazyLock::new(|| of_times(900_000));

/// A thousand times the same. To one digit, since three take a thousand times longer to read.
fn of_times(ns: u64) -> Histogram {
    let mut times = hdrhistogram::Histogram::new_with_bounds(1, 1_000_000, 1).unwrap();
    times.record_n(ns, 1_000).unwrap();
    Histogram::encode(&times)
}
