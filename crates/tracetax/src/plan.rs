//! From scenarios and a seed to the flat list of blocks. Pure: the same arguments give the same plan.

use std::{collections::BTreeMap, fmt::Write, time::Duration};

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use record::plan::{Arm, Life, Pair, Plan, SCHEMA, ScenarioPlan, Treatment};

use crate::{expected::Expected, judge::short, scenario::Scenario};

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

/// Makes the plan. With `load_per_arm` that long a load is planned for each treatment and arm, whatever the profile
/// says.
#[must_use]
pub fn plan(scenarios: &[Scenario], profile: Profile, seed: u64, load_per_arm: Option<Duration>) -> Plan {
    let planned = scenarios.iter().map(|scenario| {
        let pairs = load_per_arm.map_or(profile.pairs(scenario), |load| pairs_within(scenario, load));
        scenario_plan(scenario, pairs, seed)
    });
    Plan { schema: SCHEMA.into(), seed, profile: profile.name().into(), scenarios: planned.collect() }
}

fn pairs_within(scenario: &Scenario, load: Duration) -> u32 {
    let pairs = load.as_nanos() / u128::from(scenario.load.block_ns.max(1));
    u32::try_from(pairs).unwrap_or(u32::MAX).max(FEWEST_PAIRS)
}

fn scenario_plan(scenario: &Scenario, pairs: u32, seed: u64) -> ScenarioPlan {
    // Seeded by its name too, so that a scenario has the same plan alone and among others.
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed ^ name_hash(&scenario.name));
    ScenarioPlan {
        name: scenario.name.clone(),
        question: scenario.question.clone(),
        load: scenario.load.clone(),
        treatments: scenario.treatments.clone(),
        budget: scenario.budget.clone(),
        margin: scenario.margin.clone(),
        bystander: scenario.bystander,
        lives: lives(scenario, pairs, &mut rng),
    }
}

/// The lives of all treatments, taking turns, so that a drift of the machine meets all treatments alike.
fn lives(scenario: &Scenario, pairs: u32, rng: &mut Xoshiro256PlusPlus) -> Vec<Life> {
    let mut lives = Vec::new();
    let mut next_pair = 0;
    for first in (0..pairs).step_by(scenario.pairs.per_life as usize) {
        let count = scenario.pairs.per_life.min(pairs - first);
        for treatment in 0..scenario.treatments.len() {
            let pairs = (next_pair..next_pair + count).map(|index| pair(index, rng)).collect();
            next_pair += count;
            lives.push(Life { index: lives.len() as u32, treatment, pairs });
        }
    }
    lives
}

fn pair(index: u32, rng: &mut Xoshiro256PlusPlus) -> Pair {
    let order = if rng.random() { [Arm::Untraced, Arm::Treated] } else { [Arm::Treated, Arm::Untraced] };
    Pair { index, seed: rng.random(), order }
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo; draft-eastlake-fnv).
fn name_hash(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// How long a scenario will take.
#[must_use]
pub fn time_of(scenario: &ScenarioPlan) -> Duration {
    let blocks: u32 = scenario.lives.iter().map(|life| 2 * life.pairs.len() as u32).sum();
    let bystander_ns = scenario.bystander.map_or(0, |bystander| bystander.measure_ns);
    let measured_ns = scenario.load.block_ns + scenario.load.warmup_ns + bystander_ns;
    let block = Duration::from_nanos(measured_ns) + BLOCK_OVERHEAD;
    block * blocks + LIFE_OVERHEAD * scenario.lives.len() as u32
}

/// The plan as text for `--dry-run`, with what each scenario may hope to resolve.
#[must_use]
pub fn show(plan: &Plan, expected: &BTreeMap<String, Expected>) -> String {
    let mut text = format!("profile {}, seed {}\n", plan.profile, plan.seed);
    for scenario in &plan.scenarios {
        let _ = write!(text, "\n{}", show_scenario(scenario));
        let _ = writeln!(text, "  {}", show_expected(expected.get(&scenario.name)));
    }
    let total: Duration = plan.scenarios.iter().map(time_of).sum();
    let _ = writeln!(text, "\nall together about {}", show_time(total));
    text
}

fn show_scenario(scenario: &ScenarioPlan) -> String {
    let pairs: usize = scenario.lives.iter().map(|life| life.pairs.len()).sum();
    let mut text = format!(
        "{}: {}\n  {:?} over {} connections to {}, {} pairs of blocks of {} ms in {} lives of the target, about {}\n",
        scenario.name,
        scenario.question,
        scenario.load.pacing,
        scenario.load.connections,
        scenario.load.path,
        pairs,
        scenario.load.block_ns / 1_000_000,
        scenario.lives.len(),
        show_time(time_of(scenario)),
    );
    for life in &scenario.lives {
        let order: String = life
            .pairs
            .iter()
            .map(|pair| if pair.order[0] == Arm::Untraced { "ut " } else { "tu " })
            .collect();
        let _ = writeln!(
            text,
            "  life {} ({}): {}",
            life.index,
            treatment(scenario, life).name,
            order.trim_end()
        );
    }
    text
}

fn show_expected(expected: Option<&Expected>) -> String {
    match expected {
        Some(Expected { mde_us, run }) => {
            format!(
                "expected to resolve {} us of server CPU per request (from results/{run})",
                short(*mde_us)
            )
        }
        None => "what it can resolve is not known: no run of it on this class of host is stored".into(),
    }
}

/// The treatment that a life is about.
#[must_use]
pub fn treatment<'a>(scenario: &'a ScenarioPlan, life: &Life) -> &'a Treatment {
    &scenario.treatments[life.treatment]
}

/// A duration for people.
#[must_use]
pub fn show_time(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    if seconds < 60 { format!("{seconds} s") } else { format!("{} min {} s", seconds / 60, seconds % 60) }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use record::plan::Arm;

    use super::{Profile, plan, show, time_of};
    use crate::{
        expected::Expected,
        scenario::{Scenario, parse},
    };

    fn scenario(name: &str) -> Scenario {
        let text = r#"
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
        parse(name, "scenario.toml", text).unwrap()
    }

    #[test]
    fn the_same_seed_gives_the_same_plan_alone_and_among_others() {
        let both = plan(&[scenario("a"), scenario("b")], Profile::Quick, 7, None);
        let alone = plan(&[scenario("b")], Profile::Quick, 7, None);
        assert_eq!(both.scenarios[1], alone.scenarios[0]);
        assert_ne!(both.scenarios[0].lives, both.scenarios[1].lives);
        assert_ne!(plan(&[scenario("b")], Profile::Quick, 8, None).scenarios, alone.scenarios);
    }

    #[test]
    fn every_treatment_gets_its_pairs_and_takes_its_turn() {
        let plan = plan(&[scenario("a")], Profile::Quick, 1, None);
        let lives = &plan.scenarios[0].lives;
        assert_eq!(lives.iter().map(|life| life.treatment).collect::<Vec<_>>(), [0, 1, 0, 1, 0, 1]);
        assert_eq!(lives.iter().map(|life| life.pairs.len()).collect::<Vec<_>>(), [4, 4, 4, 4, 2, 2]);
        let indices: Vec<u32> = lives.iter().flat_map(|life| &life.pairs).map(|pair| pair.index).collect();
        assert_eq!(indices, (0..20).collect::<Vec<_>>());
    }

    #[test]
    fn the_coin_is_fair() {
        let plan = plan(&[scenario("a")], Profile::Quick, 3, Some(Duration::from_secs(100)));
        let pairs: Vec<_> = plan.scenarios[0].lives.iter().flat_map(|life| &life.pairs).collect();
        let first = pairs.iter().filter(|pair| pair.order[0] == Arm::Untraced).count();
        assert_eq!(pairs.len(), 2000);
        // Four standard deviations of a fair coin on either side.
        assert!((911..=1089).contains(&first), "{first} of 2000");
    }

    #[test]
    fn a_duration_sets_the_pairs_and_keeps_enough_for_an_interval() {
        let pairs = |load| {
            let plan = plan(&[scenario("a")], Profile::Quick, 3, Some(Duration::from_millis(load)));
            plan.scenarios[0].lives.iter().map(|life| life.pairs.len()).sum::<usize>()
        };
        assert_eq!(pairs(3_000), 60);
        assert_eq!(pairs(1), 14);
    }

    #[test]
    fn the_plan_is_printed_with_its_coins_and_its_time() {
        let plan = plan(&[scenario("a")], Profile::Quick, 1, None);
        let expected = Expected { mde_us: 0.25, run: "some-run".into() };
        let text = show(&plan, &[("a".to_owned(), expected)].into());
        assert!(
            text.contains("expected to resolve 0.250 us of server CPU per request (from results/some-run)"),
            "{text}"
        );
        let text = show(&plan, &BTreeMap::new());
        assert!(text.contains("not known"), "{text}");
        assert!(text.contains("life 5 (two): "), "{text}");
        assert!(text.contains("all together about"), "{text}");
        assert!(time_of(&plan.scenarios[0]) > Duration::from_millis(40 * 110));
    }
}
