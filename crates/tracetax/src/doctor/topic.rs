//! What is asked of a machine, and what the answer can be.

use record::doctor::{Fact, State};

use super::Machine;

/// Something that is asked of every machine.
pub(super) struct Topic {
    /// Its name, which no other has.
    pub id: &'static str,
    /// What a measurement wants.
    pub wanted: &'static str,
    /// Why it matters to a measurement.
    pub why: &'static str,
    /// Reads what it needs from the machine, and judges it.
    pub judge: fn(&Machine) -> Finding,
}

impl Topic {
    /// The fact that it makes of this machine.
    pub fn fact(&self, group: &str, machine: &Machine) -> Fact {
        let Finding { state, found, next_step } = (self.judge)(machine);
        Fact {
            id: self.id.into(),
            group: group.into(),
            state,
            found,
            wanted: self.wanted.into(),
            why: self.why.into(),
            next_step,
        }
    }
}

/// What was found. Whatever is not well has a next step, since it cannot be made without.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub state: State,
    pub found: String,
    pub next_step: Option<String>,
}

impl Finding {
    /// As a measurement wants it.
    pub fn ok(found: impl Into<String>) -> Self {
        Self { state: State::Ok, found: found.into(), next_step: None }
    }

    /// Measuring goes on, but worse than it could.
    pub fn warn(found: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self { state: State::Warn, found: found.into(), next_step: Some(next_step.into()) }
    }

    /// It cannot be measured.
    pub fn fail(found: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self { state: State::Fail, found: found.into(), next_step: Some(next_step.into()) }
    }

    /// Nobody tells. `next_step` says what would.
    pub fn unknown(found: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self { state: State::Unknown, found: found.into(), next_step: Some(next_step.into()) }
    }
}
