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

const TEXT: &str = closed_loop!(
    "What does it cost?",
    block_ms = 100,
    warmup_ms = 10,
    pairs = [10, 20, 40],
    per_life = 4,
    r#"[[treatment]]
name = "one"
plant_us = 1
[[treatment]]
name = "two"
plant_us = 2
"#
);

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
