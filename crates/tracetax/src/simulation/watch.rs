//! Sees every block as it is stored, and looks whether it was measured as it says.

use std::time::Duration;

use record::{
    block::{Block, Discard, Purpose},
    plan::{Arm, Core, Plan, ScenarioPlan, Source, TreatmentKind},
    soak::Presence,
};

use super::{
    actor::{Actor, Part},
    state::{Expected, State},
    world::Simulated,
};
use crate::{
    cgroup::Role,
    run::{Upcoming, Watcher},
};

/// The watcher of a run.
pub struct Watch<'a> {
    pub world: Simulated,
    pub plan: &'a Plan,
    /// Blocks that are stored, says the run.
    pub stored: Vec<Block>,
}

impl Watcher for Watch<'_> {
    fn upcoming(&mut self, next: Upcoming<'_>) {
        let treatment = self.scenario(next.scenario).treatments.iter().find(|one| one.name == next.treatment);
        let planted_ns = match treatment.map(|treatment| &treatment.kind) {
            Some(TreatmentKind::Planted { ns_per_request }) if next.arm == Arm::Treated => *ns_per_request,
            _ => 0,
        };
        self.world.0.borrow_mut().expected = Some(Expected { arm: next.arm, planted_ns });
    }

    fn block(&mut self, block: &Block) {
        let mut state = self.world.0.borrow_mut();
        state.expected = None;
        let on_disk = state.tape.synced == state.tape.bytes.len();
        state.ensure(on_disk, "a block is called stored before it is on the disk");
        let doubt = doubt(self.scenario(&block.scenario), block, &state);
        state
            .broken
            .extend(doubt.map(|doubt| format!("{doubt}, in block {} of {}", block.pair, block.scenario)));
        self.stored.push(block.clone());
    }

    fn note(&mut self, _: &str) {}
}

impl Watch<'_> {
    fn scenario(&self, name: &str) -> &ScenarioPlan {
        self.plan.scenarios.iter().find(|scenario| scenario.name == name).expect("a block is of the plan")
    }
}

/// Why a block that was just measured is none.
fn doubt(plan: &ScenarioPlan, block: &Block, state: &State) -> Option<String> {
    let (began, ended) = state.load;
    let lived = |actor: &&Actor| actor.started < began && actor.died.is_none_or(|died| died >= ended);
    let count = |role: Role| {
        state.actors.iter().filter(lived).filter(|actor| actor.role == role && !is_statistics(actor)).count()
    };
    if let Some(window) = &block.window {
        let agent_gone = count(Role::Agent) == 0 && window.agent != Some(Presence::Gone);
        let target_gone = count(Role::Target) == 0 && !window.target_gone;
        return (agent_gone || target_gone).then(|| "who had ended is not called so".into());
    }
    let agents = match plan.treatments[0].kind {
        TreatmentKind::Tracer { .. } => plan.lives[0].pairs[0].order.len() - 1,
        _ => 0,
    };
    let needed = [
        (Role::Target, 1),
        (Role::Agent, agents),
        (Role::Load, usize::from(matches!(plan.load.source, Source::Generator { .. }))),
        (Role::Bystander, usize::from(plan.bystander.is_some())),
        (Role::Warmer, usize::from(plan.load.core == Core::KeptWarm)),
    ];
    let missing = needed.into_iter().find(|(role, needed)| count(*role) < *needed);
    let statistics = state.actors.iter().filter(lived).any(is_statistics);
    let wants_statistics =
        block.purpose == Purpose::Statistics && block.discarded != Some(Discard::NoStatistics);
    missing
        .map(|(role, _)| format!("the {role} did not live"))
        .or_else(|| {
            (statistics != wants_statistics).then(|| format!("run-time statistics are on: {statistics}"))
        })
        .or_else(|| (began < Duration::from_nanos(1)).then(|| "there was no load".into()))
}

fn is_statistics(actor: &Actor) -> bool {
    matches!(actor.part, Part::Statistics)
}
