//! Plans of all kinds, small enough for thousands of runs a second.

use std::{collections::BTreeMap, num::NonZeroU64};

use rand::{
    Rng, RngExt, SeedableRng as _,
    seq::{IndexedRandom as _, SliceRandom as _},
};
use rand_xoshiro::Xoshiro256PlusPlus;
use record::{
    flood::Step,
    load::Pacing,
    plan::{
        Arm, Budget, BystanderPlan, Core, Life, Margin, Pair, Plan, ScenarioLoad, ScenarioPlan, Source,
        Tolerance, Treatment, TreatmentBudget, TreatmentKind,
    },
    stage::Stage,
    wakeup::Wakeup,
};

/// Pairs that a verdict of `pass` takes at least.
pub const ENOUGH_PAIRS: u32 = 8;

/// A plan of one or two scenarios. One in ten is large enough to pass.
pub fn draw(rng: &mut impl Rng) -> Plan {
    let scenarios = if rng.random_ratio(1, 10) {
        vec![can_pass(rng)]
    } else {
        (0..rng.random_range(1..=2)).map(|number| scenario(rng, number)).collect()
    };
    of_scenarios(scenarios)
}

/// One life with every process that a run may start.
pub fn of_everything() -> Plan {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut plan = scenario_of(&mut rng, 0, Kind::Open, tracer());
    plan.load.core = Core::KeptWarm;
    plan.load.warmup_ns = 50_000_000;
    plan.bystander = Some(BystanderPlan { measure_ns: 10_000_000 });
    plan.lives = lives(&mut rng, 2, 1, &[Arm::Untraced, Arm::Treated], &[None]);
    plan.lives[0].statistics_seed = Some(7);
    of_scenarios(vec![plan])
}

/// How many blocks it has at most, if none is measured twice.
pub fn blocks(plan: &Plan) -> u64 {
    plan.scenarios.iter().map(blocks_of).sum()
}

/// How many a scenario has.
pub fn blocks_of(plan: &ScenarioPlan) -> u64 {
    plan.lives.iter().map(|life| life.pairs.iter().map(|pair| pair.order.len() as u64).sum::<u64>() + 1).sum()
}

fn of_scenarios(scenarios: Vec<ScenarioPlan>) -> Plan {
    Plan {
        schema: record::plan::SCHEMA.into(),
        seed: 1,
        profile: "simulated".into(),
        revision: None,
        against: None,
        against_refuses: BTreeMap::new(),
        scenarios,
    }
}

fn can_pass(rng: &mut impl Rng) -> ScenarioPlan {
    let mut plan = scenario_of(rng, 0, Kind::Open, tracer());
    plan.lives = lives(rng, 2, ENOUGH_PAIRS / 2, &[Arm::Untraced, Arm::Treated], &[None]);
    plan.budget = Budget { cpu_overhead_points: Some(50.0), ..Budget::default() };
    plan
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Open,
    Closed,
    Flood,
    TwoRevisions,
    Soak,
}

fn scenario(rng: &mut impl Rng, number: u32) -> ScenarioPlan {
    let kinds = [Kind::Open, Kind::Open, Kind::Closed, Kind::Flood, Kind::TwoRevisions, Kind::Soak];
    let kind = *kinds.choose(rng).unwrap();
    let treatments =
        [tracer(), tracer(), TreatmentKind::Planted { ns_per_request: 5_000 }, TreatmentKind::Nothing];
    let treatment = if matches!(kind, Kind::Open | Kind::Closed) {
        treatments.choose(rng).unwrap().clone()
    } else {
        tracer()
    };
    let mut plan = scenario_of(rng, number, kind, treatment);
    let (count, pairs) = (rng.random_range(1..=2), rng.random_range(1..=2));
    let arms: &[Arm] = match kind {
        Kind::Soak => &[Arm::Treated],
        Kind::TwoRevisions => &[Arm::Untraced, Arm::Treated, Arm::Base],
        Kind::Open | Kind::Closed | Kind::Flood => &[Arm::Untraced, Arm::Treated],
    };
    let steps = if kind == Kind::Flood {
        vec![Some(Step::Overload), Some(rate()), Some(Step::FlatOut)]
    } else {
        vec![None]
    };
    plan.lives = lives(rng, count, if kind == Kind::Soak { 2 + 2 * pairs } else { pairs }, arms, &steps);
    plan
}

fn scenario_of(rng: &mut impl Rng, number: u32, kind: Kind, treatment: TreatmentKind) -> ScenarioPlan {
    let pacing =
        if kind == Kind::Closed { Pacing::Closed } else { Pacing::Poisson { requests_per_second: 1_000.0 } };
    let source = match kind {
        Kind::Flood => Source::Flood { steps: vec![Step::Overload, rate(), Step::FlatOut] },
        _ => Source::Generator { pacing, connections: 4, path: "/plain".into() },
    };
    let may_have_others = kind != Kind::Soak;
    ScenarioPlan {
        name: format!("scenario-{number}"),
        question: "Does a run of it end well?".into(),
        load: ScenarioLoad {
            source,
            block_ns: *[100_000_000, 1_000_000_000].choose(rng).unwrap(),
            warmup_ns: *[0, 50_000_000].choose(rng).unwrap(),
            core: if may_have_others && rng.random_ratio(1, 3) { Core::KeptWarm } else { Core::Sleeps },
        },
        treatments: vec![Treatment {
            name: "traced".into(),
            kind: treatment,
            budget: TreatmentBudget::default(),
        }],
        budget: Budget { uptime_pct: (kind == Kind::Soak).then_some(99.9), ..Budget::default() },
        margin: Margin::default(),
        tolerance: Tolerance::default(),
        lines: BTreeMap::new(),
        soak: kind == Kind::Soak,
        bystander: (may_have_others && rng.random_ratio(1, 3))
            .then_some(BystanderPlan { measure_ns: 10_000_000 }),
        unavailable: BTreeMap::new(),
        lives: Vec::new(),
    }
}

fn tracer() -> TreatmentKind {
    TreatmentKind::Tracer {
        strategy: "raw-tracepoint".into(),
        stage: Stage::Full,
        wakeup: Wakeup::Timer { ms: 10 },
        leak_bytes_per_second: 0,
    }
}

fn rate() -> Step {
    Step::Rate { events_per_second: NonZeroU64::new(1_000).unwrap() }
}

fn lives(rng: &mut impl Rng, count: u32, pairs: u32, arms: &[Arm], steps: &[Option<Step>]) -> Vec<Life> {
    let mut life = |index: u32| {
        let pairs = (index * pairs..(index + 1) * pairs).map(|index| {
            let mut order = arms.to_vec();
            order.shuffle(rng);
            Pair { index, seed: rng.random(), step: steps[index as usize % steps.len()], order }
        });
        let pairs = pairs.collect();
        let has_statistics = arms.len() == 2 && index == 0 && rng.random();
        Life { index, treatment: 0, pairs, statistics_seed: has_statistics.then_some(7) }
    };
    (0..count).map(&mut life).collect()
}
