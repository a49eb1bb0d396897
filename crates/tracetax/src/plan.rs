//! From scenarios and a seed to the flat list of blocks. Pure: the same arguments give the same plan.

mod show;

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

pub use show::{show, show_step, show_time};

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Profile {
    /// All of `--all` in at most six minutes of measuring.
    Quick,
    /// The durations of the specification that tracetax started from.
    Standard,
    /// Four times `standard`.
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

/// What a block takes beside its load: change of arm, two settlings, readings, the file. Measured on a 2-core guest.
const BLOCK_OVERHEAD: Duration = Duration::from_millis(14);

/// What a life takes beside its blocks: start and end of target and agent. Measured on a 2-core guest.
const LIFE_OVERHEAD: Duration = Duration::from_millis(600);

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
    let arms = [Arm::Untraced, Arm::Treated].into_iter().chain(other.map(|_| Arm::Base)).collect();
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
        bystander: scenario.bystander,
        lives: Lives { scenario, measured, arms }.all(pairs, &mut rng),
        unavailable,
    }
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

    /// A comparison of two revisions tells nothing of them.
    fn wants_statistics(&self, treatment: &Treatment) -> bool {
        matches!(treatment.kind, TreatmentKind::Tracer { .. }) && !self.arms.contains(&Arm::Base)
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

/// How long a scenario will take.
#[must_use]
pub fn time_of(scenario: &ScenarioPlan) -> Duration {
    let blocks: u32 = scenario.lives.iter().map(blocks_of).sum();
    let toggles: Duration = scenario.lives.iter().map(|life| toggles_of(scenario, life)).sum();
    let bystander_ns = scenario.bystander.map_or(0, |bystander| bystander.measure_ns);
    let measured_ns = scenario.load.block_ns + scenario.load.warmup_ns + bystander_ns;
    let block = Duration::from_nanos(measured_ns) + BLOCK_OVERHEAD;
    block * blocks + LIFE_OVERHEAD * scenario.lives.len() as u32 + toggles
}

/// Blocks of a life, if none has to be measured again.
#[must_use]
pub fn blocks_of(life: &Life) -> u32 {
    let of_pairs: usize = life.pairs.iter().map(|pair| pair.order.len()).sum();
    of_pairs as u32 + u32::from(life.statistics_seed.is_some())
}

/// Whatever the coins show, a pair has one attach and one detach in the mean, and a group of three blocks two at most.
fn toggles_of(scenario: &ScenarioPlan, life: &Life) -> Duration {
    let toggles: usize = life.pairs.iter().map(|pair| pair.order.len().saturating_sub(1)).sum();
    slow_toggle(treatment(scenario, life)) * toggles as u32
}

/// What attach and detach of a strategy take together where that is more than a block's other business: the kernel lets
/// go of a perf event or a uprobe only after all processors have passed a quiet state. Measured on a 2-core guest.
fn slow_toggle(treatment: &Treatment) -> Duration {
    let TreatmentKind::Tracer { strategy, .. } = &treatment.kind else {
        return Duration::ZERO;
    };
    Duration::from_millis(match strategy.as_str() {
        "syscall-tracepoint" => 300,
        "uprobe-nop" | "uprobe-entry" => 125,
        _ => 0,
    })
}

/// The treatment that a life is about.
#[must_use]
pub fn treatment<'a>(scenario: &'a ScenarioPlan, life: &Life) -> &'a Treatment {
    &scenario.treatments[life.treatment]
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use record::{
        agent::StrategyProbe,
        plan::{Arm, Pair, Plan, ScenarioPlan},
        revision::Revision,
    };

    use super::{Other, Profile, Wanted, plan, plan_against, show, time_of};
    use crate::{
        expected::Expected,
        scenario::{Scenario, parse},
    };

    const TEXT: &str = r#"
question = "What does it cost?"
[load]
pacing = "closed"
connections = 4
path = "/plain"
[block]
measure_ms = 100
warmup_ms = 10
[pairs]
quick = 10
standard = 20
thorough = 40
per_life = 4
[[treatment]]
name = "one"
plant_us = 1
[[treatment]]
name = "two"
plant_us = 2
"#;

    fn scenario(name: &str) -> Scenario {
        parse(name, "scenario.toml", TEXT).unwrap()
    }

    fn wanted(seed: u64, load_per_arm: Option<Duration>) -> Wanted<'static> {
        Wanted { profile: Profile::Quick, seed, load_per_arm, strategies: &[], revision: None }
    }

    #[test]
    fn the_same_seed_gives_the_same_plan_alone_and_among_others() {
        let both = plan(&[scenario("a"), scenario("b")], &wanted(7, None));
        let alone = plan(&[scenario("b")], &wanted(7, None));
        assert_eq!(both.scenarios[1], alone.scenarios[0]);
        assert_ne!(both.scenarios[0].lives, both.scenarios[1].lives);
        assert_ne!(plan(&[scenario("b")], &wanted(8, None)).scenarios, alone.scenarios);
    }

    #[test]
    fn every_treatment_gets_its_pairs_and_takes_its_turn() {
        let plan = plan(&[scenario("a")], &wanted(1, None));
        let lives = &plan.scenarios[0].lives;
        assert_eq!(lives.iter().map(|life| life.treatment).collect::<Vec<_>>(), [0, 1, 0, 1, 0, 1]);
        assert_eq!(lives.iter().map(|life| life.pairs.len()).collect::<Vec<_>>(), [4, 4, 4, 4, 2, 2]);
        let indices: Vec<u32> = lives.iter().flat_map(|life| &life.pairs).map(|pair| pair.index).collect();
        assert_eq!(indices, (0..20).collect::<Vec<_>>());
    }

    #[test]
    fn the_coin_is_fair() {
        let plan = plan(&[scenario("a")], &wanted(3, Some(Duration::from_secs(100))));
        let pairs: Vec<_> = plan.scenarios[0].lives.iter().flat_map(|life| &life.pairs).collect();
        let first = pairs.iter().filter(|pair| pair.order[0] == Arm::Untraced).count();
        assert_eq!(pairs.len(), 2000);
        // Four standard deviations of a fair coin on either side.
        assert!((911..=1089).contains(&first), "{first} of 2000");
    }

    #[test]
    fn a_duration_sets_the_pairs_and_keeps_enough_for_an_interval() {
        let pairs = |load| {
            let plan = plan(&[scenario("a")], &wanted(3, Some(Duration::from_millis(load))));
            plan.scenarios[0].lives.iter().map(|life| life.pairs.len()).sum::<usize>()
        };
        assert_eq!(pairs(3_000), 60);
        assert_eq!(pairs(1), 14);
    }

    #[test]
    fn the_plan_is_printed_with_its_coins_and_its_time() {
        let plan = plan(&[scenario("a")], &wanted(1, None));
        let expected = Expected { mde_us: 0.25, run: "some-run".into() };
        let text = show(&plan, &[("a".to_owned(), expected)].into(), None);
        assert!(
            text.contains("expected to resolve 0.250 us of server CPU per request (from results/some-run)"),
            "{text}"
        );
        let text = show(&plan, &BTreeMap::new(), None);
        assert!(text.contains("not known") && !text.contains("not tried"), "{text}");
        let untried = show(&plan, &BTreeMap::new(), Some("needs root"));
        assert!(untried.contains("all treatments are planned: needs root\n"), "{untried}");
        assert!(text.contains("life 5 (two): "), "{text}");
        assert!(text.contains("all together about"), "{text}");
        assert!(time_of(&plan.scenarios[0]) > Duration::from_millis(40 * 110));
    }
    const TRACERS: &str = r#"
[[treatment]]
name = "one"
tracer = "raw-tracepoint"
[[treatment]]
name = "two"
tracer = "kprobe"
stage = "floor"
[[treatment]]
name = "three"
nothing = true
"#;

    fn tracers(refused: Option<&str>) -> ScenarioPlan {
        let text = TEXT.split("[[treatment]]").next().unwrap().to_owned() + TRACERS;
        let reason = |why: &&str| (!why.is_empty()).then(|| (*why).to_owned());
        let refused = refused.map(|why| StrategyProbe {
            strategy: "kprobe".into(),
            available: false,
            reason: reason(&why),
        });
        let taken = StrategyProbe { strategy: "raw-tracepoint".into(), available: true, reason: None };
        let strategies: Vec<_> = refused.into_iter().flat_map(|refused| [taken.clone(), refused]).collect();
        let wanted = Wanted { strategies: &strategies, ..wanted(1, None) };
        let mut plan = plan(&[parse("tracers", "tracers.toml", &text).unwrap()], &wanted);
        plan.scenarios.remove(0)
    }

    #[test]
    fn what_the_kernel_refuses_gets_no_lives_and_is_named_with_its_reason() {
        let refused = tracers(Some("Operation not supported (os error 95)"));
        assert!(refused.lives.iter().all(|life| life.treatment != 1));
        assert_eq!(refused.unavailable["two"], "Operation not supported (os error 95)");
        let plan = Plan {
            schema: record::plan::SCHEMA.into(),
            seed: 1,
            profile: "quick".into(),
            revision: None,
            against: None,
            against_refuses: BTreeMap::new(),
            scenarios: vec![refused],
        };
        let text = show(&plan, &BTreeMap::new(), None);
        assert!(text.contains("  two: unavailable here: Operation not supported (os error 95)\n"), "{text}");
        assert_eq!(tracers(Some("")).unavailable["two"], "the kernel gives no reason");
        assert_eq!(tracers(None).unavailable, BTreeMap::new(), "none was tried");
    }

    #[test]
    fn the_first_life_of_each_tracer_ends_with_a_block_of_statistics() {
        let plan = tracers(None);
        let with = plan.lives.iter().filter(|life| life.statistics_seed.is_some());
        assert_eq!(with.map(|life| (life.index, life.treatment)).collect::<Vec<_>>(), [(0, 0), (1, 1)]);
    }

    fn live(seed: u64, load: Duration, refuses: &[(&str, &str)]) -> Plan {
        let text = TEXT.split("[[treatment]]").next().unwrap().to_owned() + TRACERS;
        let revision = Revision { commit: "0123".into(), dirty: false, planted: false };
        let refuses = refuses.iter().map(|(name, why)| ((*name).to_owned(), (*why).to_owned())).collect();
        let scenario = parse("live", "live.toml", &text).unwrap();
        plan_against(&[scenario], &wanted(seed, Some(load)), &Other { revision, refuses })
    }

    #[test]
    fn a_live_comparison_is_of_whole_tracers_in_groups_of_three() {
        let plan = live(1, Duration::from_secs(1), &[]);
        let scenario = &plan.scenarios[0];
        assert_eq!(scenario.treatments.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["one"]);
        assert_eq!(scenario.lives.iter().map(|life| life.pairs.len()).collect::<Vec<_>>(), [4, 4, 2]);
        for pair in scenario.lives.iter().flat_map(|life| &life.pairs) {
            let mut arms = pair.order.clone();
            arms.sort_unstable();
            assert_eq!(arms, [Arm::Untraced, Arm::Treated, Arm::Base]);
        }
        assert!(scenario.lives.iter().all(|life| life.statistics_seed.is_none()));
        assert_eq!(live(1, Duration::from_secs(1), &[]), plan);
        assert!(time_of(scenario) > Duration::from_millis(30 * 110));
        assert!(show(&plan, &BTreeMap::new(), None).contains("10 groups of blocks"));
    }

    #[test]
    fn all_orders_of_three_are_equally_likely() {
        let plan = live(5, Duration::from_secs(600), &[]);
        let mut counts: BTreeMap<&[Arm], usize> = BTreeMap::new();
        let pairs: Vec<&Pair> = plan.scenarios[0].lives.iter().flat_map(|life| &life.pairs).collect();
        pairs.iter().for_each(|pair| *counts.entry(&pair.order).or_default() += 1);
        assert_eq!((pairs.len(), counts.len()), (6000, 6));
        // Four standard deviations of 1 in 6 on either side.
        assert!(counts.values().all(|count| (885..=1115).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_strategy_that_the_other_revision_refuses_gets_no_lives() {
        let plan = live(1, Duration::from_secs(1), &[("raw-tracepoint", "it has none")]);
        assert_eq!(plan.scenarios[0].lives, []);
        assert_eq!(plan.against_refuses["raw-tracepoint"], "it has none");
        assert_eq!(plan.scenarios[0].unavailable, BTreeMap::new());
    }
}
