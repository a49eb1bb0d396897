//! From scenarios and a seed to the flat list of blocks. Pure: the same arguments give the same plan.

mod show;
#[cfg(test)]
mod tests;
mod time;

use std::{collections::BTreeMap, time::Duration};

use rand::{RngExt, SeedableRng, seq::SliceRandom};
use rand_xoshiro::Xoshiro256PlusPlus;
use record::{
    agent::StrategyProbe,
    flood::Step,
    plan::{Arm, Life, Pair, Plan, SCHEMA, ScenarioPlan, Source, Treatment, TreatmentKind},
    revision::Revision,
    stage::Stage,
};

use crate::scenario::Scenario;

pub use show::{show, show_source, show_step, show_time};
pub use time::{blocks_of, time_of, time_per_block};

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Profile {
    /// All of `--all` in at most six minutes of measuring.
    Quick,
    /// The durations of the specification that tracetax started from.
    Standard,
    /// Four times `standard`; a soak as long as its uptime takes.
    Thorough,
}

impl Profile {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Standard => "standard",
            Self::Thorough => "thorough",
        }
    }

    fn pairs(self, scenario: &Scenario) -> u32 {
        match self {
            Self::Quick => scenario.pairs.quick,
            Self::Standard => scenario.pairs.standard,
            Self::Thorough => scenario.pairs.thorough,
        }
    }
}

/// Fewest pairs of a scenario: with fewer no verdict at 1 % can be reached (1/2^7 is 0.8 %).
const FEWEST_PAIRS: u32 = 7;

/// What is asked of all scenarios of a plan.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// How much is measured.
    pub profile: Profile,
    /// Seeds the coins, the arrivals and the order.
    pub seed: u64,
    /// So long a load is planned for each treatment and arm, whatever the profile says.
    pub load_per_arm: Option<Duration>,
    /// What the kernel said of each strategy. Where there is nothing at all, none was tried, and all are planned.
    pub strategies: &'a [StrategyProbe],
    /// The source that is measured, where it is known.
    pub revision: Option<&'a Revision>,
}

/// The other revision of a live comparison.
#[derive(Debug, Clone)]
pub struct Other {
    /// Its source.
    pub revision: Revision,
    /// Strategies that its tracer cannot be measured with, each with why.
    pub refuses: BTreeMap<String, String>,
}

/// Makes the plan.
#[must_use]
pub fn plan(scenarios: &[Scenario], wanted: &Wanted<'_>) -> Plan {
    planned(scenarios, wanted, None)
}

/// Makes the plan of a live comparison: of each scenario the whole tracers alone, in groups of three blocks.
#[must_use]
pub fn plan_against(scenarios: &[Scenario], wanted: &Wanted<'_>, other: &Other) -> Plan {
    let scenarios: Vec<_> = scenarios.iter().cloned().map(only_whole_tracers).collect();
    Plan {
        against: Some(other.revision.clone()),
        against_refuses: other.refuses.clone(),
        ..planned(&scenarios, wanted, Some(other))
    }
}

fn only_whole_tracers(mut scenario: Scenario) -> Scenario {
    let is_whole =
        |treatment: &Treatment| matches!(treatment.kind, TreatmentKind::Tracer { stage: Stage::Full, .. });
    scenario.treatments.retain(is_whole);
    scenario
}

fn planned(scenarios: &[Scenario], wanted: &Wanted<'_>, other: Option<&Other>) -> Plan {
    let Wanted { profile, seed, .. } = *wanted;
    let planned = scenarios.iter().map(|scenario| {
        let pairs = wanted.load_per_arm.map_or(profile.pairs(scenario), |load| pairs_within(scenario, load));
        scenario_plan(scenario, pairs, wanted, other)
    });
    Plan {
        schema: SCHEMA.into(),
        seed,
        profile: profile.name().into(),
        revision: wanted.revision.cloned(),
        against: None,
        against_refuses: BTreeMap::new(),
        scenarios: planned.collect(),
    }
}

fn pairs_within(scenario: &Scenario, load: Duration) -> u32 {
    let pairs = load.as_nanos() / u128::from(scenario.load.block_ns.max(1));
    u32::try_from(pairs).unwrap_or(u32::MAX).max(FEWEST_PAIRS)
}

fn scenario_plan(
    scenario: &Scenario,
    pairs: u32,
    wanted: &Wanted<'_>,
    other: Option<&Other>,
) -> ScenarioPlan {
    let unavailable = unavailable(&scenario.treatments, wanted.strategies);
    let is_measured = |treatment: &Treatment| {
        !unavailable.contains_key(&treatment.name) && other.is_none_or(|other| takes(other, treatment))
    };
    let measured: Vec<_> =
        scenario.treatments.iter().enumerate().filter(|(_, treatment)| is_measured(treatment)).collect();
    let arms = arms(scenario, other);
    // Seeded by its name too, so that a scenario has the same plan alone and among others.
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(wanted.seed ^ name_hash(&scenario.name));
    ScenarioPlan {
        name: scenario.name.clone(),
        question: scenario.question.clone(),
        load: scenario.load.clone(),
        treatments: scenario.treatments.clone(),
        budget: scenario.budget.clone(),
        margin: scenario.margin.clone(),
        tolerance: scenario.tolerance.clone(),
        lines: scenario.lines.clone(),
        soak: scenario.soak,
        bystander: scenario.bystander,
        lives: Lives { scenario, measured, arms }.all(pairs, &mut rng),
        unavailable,
    }
}

/// What a pair, or a group of three, has one block of each of. A window of a soak is alone.
fn arms(scenario: &Scenario, other: Option<&Other>) -> Vec<Arm> {
    if scenario.soak {
        return vec![Arm::Treated];
    }
    [Arm::Untraced, Arm::Treated].into_iter().chain(other.map(|_| Arm::Base)).collect()
}

/// The treatments that the kernel refuses, with its reason.
fn unavailable(treatments: &[Treatment], strategies: &[StrategyProbe]) -> BTreeMap<String, String> {
    let refused = |strategy: &str| match strategies.iter().find(|probe| probe.strategy == strategy) {
        Some(probe) if probe.available => None,
        Some(probe) => Some(probe.reason.clone().unwrap_or_else(|| "the kernel gives no reason".into())),
        None => (!strategies.is_empty()).then(|| "this tracer does not have it".into()),
    };
    let of = |treatment: &Treatment| match &treatment.kind {
        TreatmentKind::Tracer { strategy, .. } => Some((treatment.name.clone(), refused(strategy)?)),
        TreatmentKind::Planted { .. } | TreatmentKind::Nothing => None,
    };
    treatments.iter().filter_map(of).collect()
}

fn takes(other: &Other, treatment: &Treatment) -> bool {
    let TreatmentKind::Tracer { strategy, .. } = &treatment.kind else {
        return true;
    };
    !other.refuses.contains_key(strategy)
}

/// What the lives of a scenario are made of.
struct Lives<'a> {
    scenario: &'a Scenario,
    /// The treatments that can be measured, with their indices in the scenario.
    measured: Vec<(usize, &'a Treatment)>,
    arms: Vec<Arm>,
}

impl Lives<'_> {
    /// The treatments take turns, so that a drift of the machine meets all alike.
    fn all(&self, pairs: u32, rng: &mut Xoshiro256PlusPlus) -> Vec<Life> {
        let mut lives = Vec::new();
        let mut next_pair = 0;
        for first in (0..pairs).step_by(self.scenario.pairs.per_life as usize) {
            let count = self.scenario.pairs.per_life.min(pairs - first);
            for (treatment, of) in &self.measured {
                let steps = (0..count).flat_map(|_| steps(&self.scenario.load.source));
                let pairs: Vec<_> =
                    (next_pair..).zip(steps).map(|(index, step)| self.pair(index, step, rng)).collect();
                next_pair += pairs.len() as u32;
                let statistics_seed = (first == 0 && self.wants_statistics(of)).then(|| rng.random());
                lives.push(Life { index: lives.len() as u32, treatment: *treatment, pairs, statistics_seed });
            }
        }
        lives
    }

    /// A comparison of two revisions tells nothing of them, and a soak is about other things.
    fn wants_statistics(&self, treatment: &Treatment) -> bool {
        matches!(treatment.kind, TreatmentKind::Tracer { .. })
            && !self.arms.contains(&Arm::Base)
            && !self.scenario.soak
    }

    fn pair(&self, index: u32, step: Option<Step>, rng: &mut Xoshiro256PlusPlus) -> Pair {
        let mut order = self.arms.clone();
        order.shuffle(rng);
        Pair { index, seed: rng.random(), step, order }
    }
}

/// The steps of one climb of a flood's ladder; one pair of any other load.
fn steps(source: &Source) -> Vec<Option<Step>> {
    match source {
        Source::Generator { .. } => vec![None],
        Source::Flood { steps } => steps.iter().copied().map(Some).collect(),
    }
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo; draft-eastlake-fnv).
fn name_hash(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The treatment that a life is about.
#[must_use]
pub fn treatment<'a>(scenario: &'a ScenarioPlan, life: &Life) -> &'a Treatment {
    &scenario.treatments[life.treatment]
}
