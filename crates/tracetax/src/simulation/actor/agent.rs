//! A simulated agent: it counts what it sees, and its ledger closes.

use std::time::Duration;

use record::agent::{AgentCommand, AgentReply, AgentStats};

use super::{Answer, QUICK, prompt};

/// What an agent holds.
#[derive(Debug)]
pub struct Agent {
    /// It is that of the other revision.
    pub is_base: bool,
    pub attached: bool,
    /// It is hit until then, attached or not.
    pub hit_until: Duration,
    /// Events that it has not drained.
    pub undrained: u64,
    pub ledger: AgentStats,
}

impl Agent {
    pub fn new(is_base: bool) -> Self {
        let ledger = AgentStats { delivery_ns: QUICK.clone(), ..AgentStats::default() };
        Self { is_base, attached: false, hit_until: Duration::ZERO, undrained: 0, ledger }
    }

    pub fn obey(&mut self, command: &AgentCommand, now: Duration) -> Answer {
        let took_ns = 300_000;
        let reply = match command {
            AgentCommand::Attach => {
                self.attached = true;
                AgentReply::Attached { took_ns }
            }
            AgentCommand::Detach => {
                self.attached = false;
                AgentReply::Detached { took_ns }
            }
            AgentCommand::Stats => AgentReply::Stats(self.drained(now)),
        };
        prompt(&reply)
    }

    fn drained(&mut self, now: Duration) -> AgentStats {
        if now < self.hit_until {
            self.filter(1);
        }
        self.undrained = 0;
        let ledger = &mut self.ledger;
        (ledger.received, ledger.parsed, ledger.requests) =
            (ledger.submitted, ledger.submitted, ledger.submitted);
        ledger.clone()
    }

    /// Sees so many requests.
    pub fn see(&mut self, requests: u64) {
        self.filter(requests);
        self.ledger.hits += requests;
        self.ledger.submitted += requests;
        self.undrained += requests;
    }

    fn filter(&mut self, hits: u64) {
        self.ledger.hits += hits;
        *self.ledger.filtered.entry("progress".into()).or_default() += hits;
    }
}
