//! Files with the right checksum and any content: they are refused, or judged and shown, without a panic and in no time.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use record::{block::Block, plan::Plan};
use serde_json::{Value, json};

use super::{lines, sound};
use crate::{
    judge,
    judge::figures::figures,
    made_up_run,
    report::{self, Look, annotations, bencher, cases, html, junit},
    sealed,
};

/// A place in a document, by how many values come before it.
fn change(value: &mut Value, at: &mut usize, new: &Value) {
    if *at == 0 && !value.is_object() && !value.is_array() {
        value.clone_from(new);
    }
    *at = at.wrapping_sub(1);
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| change(value, at, new)),
        Value::Object(members) => members.values_mut().for_each(|value| change(value, at, new)),
        _ => {}
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(0)),
        Just(json!(u64::MAX)),
        Just(json!(1_u64 << 48)),
        Just(json!(-1)),
        Just(json!(1e308)),
        Just(json!(-1e-308)),
        Just(json!(null)),
        Just(json!("")),
        Just(json!("traced")),
        Just(json!("treated")),
        Just(json!("x".repeat(10_000))),
        any::<u32>().prop_map(|number| json!(number)),
    ]
}

/// What of a document with some values changed is still read.
fn mutated<T>(value: &T, changes: &[(usize, Value)], read: impl Fn(&[u8]) -> Option<T>) -> Option<T>
where
    T: serde::Serialize,
{
    let mut changed = json!(value);
    for (at, new) in changes {
        change(&mut changed, &mut at.clone(), new);
    }
    read(sealed::line(&changed).unwrap().as_bytes())
}

fn read_block(line: &[u8]) -> Option<Block> {
    lines::read(line).ok()?.blocks.pop()
}

fn read_plan(line: &[u8]) -> Option<Plan> {
    sealed::open(line, record::plan::SCHEMA).ok().filter(|plan| sound::doubt_of_plan(plan).is_none())
}

/// All that is made of a stored run.
fn judge_and_show(plan: &Plan, blocks: &[Block]) {
    let (verdict, host) = (judge::judge(plan, blocks), made_up_run::host());
    let look = Look::Terminal(report::Screen { columns: Some(100), paint: report::Paint::Plain });
    let _ = report::terminal(&verdict, plan, &host, std::path::Path::new("run"), look);
    let _ = (report::details(&verdict, plan, look), report::markdown(&verdict, plan, &host));
    let figures = figures(plan, blocks);
    let run =
        html::Run { name: "run", plan, host: &host, verdict: &verdict, comparison: None, figures: &figures };
    let _ = html::report(&run);
    let suites = cases::of_verdict(&verdict, plan);
    let _ = (junit::render(&suites), annotations::render(&suites), bencher::of(&suites));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn whatever_stands_in_a_run_it_ends(
        of_blocks in proptest::collection::vec((0_usize..24, 0_usize..80, any_value()), 1..12),
        of_plan in proptest::collection::vec((0_usize..200, any_value()), 0..3),
    ) {
        let mut plan = made_up_run::plan();
        plan.scenarios.truncate(1);
        let mut blocks = made_up_run::blocks(&plan, 12);
        for (index, at, new) in of_blocks {
            if let Some(block) = mutated(&blocks[index], &[(at, new)], read_block) {
                blocks[index] = block;
            }
        }
        let plan = mutated(&plan, &of_plan, read_plan).unwrap_or(plan);
        let begun = Instant::now();
        judge_and_show(&plan, &blocks);
        prop_assert!(begun.elapsed() < Duration::from_secs(5));
    }
}
