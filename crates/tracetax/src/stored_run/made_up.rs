//! Runs for tests: of one scenario with one tracer, and whatever cost is wanted.

use record::{
    revision::Revision,
    verdict::{Metric, Reason, Word},
};

use super::StoredRun;
use crate::{
    judge,
    plan::{Profile, Wanted, plan},
    scenario::parse,
};

pub const CLASS: &str = "01234567";
pub const METRIC: &str = "server_cpu_us_per_request";

pub const SCENARIO: &str = closed_loop!(
    "What does it cost?",
    block_ms = 100,
    warmup_ms = 20,
    pairs = [20, 40, 80],
    per_life = 10,
    r"[budget]
agent_memory_mb = 100
[tolerance]
server_cpu_us_per_request = 0.25
"
);

pub fn revision() -> Revision {
    Revision { commit: "0123456789abcdef0123456789abcdef01234567".into(), dirty: false, planted: false }
}

pub fn metric(cost: f64, untraced: f64) -> Metric {
    Metric {
        name: METRIC.into(),
        untraced: Some(untraced),
        estimate: cost,
        low: Some(cost - 0.1),
        high: Some(cost + 0.1),
        samples: 20,
        mde: Some(0.15),
        mean: None,
        lives: None,
        limit: None,
        adequate: None,
        word: None,
    }
}

/// A run of the scenario `made-up`, as this text has it.
pub fn run_of(name: &str, text: &str, metrics: &[Metric]) -> StoredRun {
    let scenario = parse("made-up", "made-up.toml", text).unwrap();
    let revision = revision();
    let wanted = Wanted {
        profile: Profile::Quick,
        seed: 1,
        load_per_arm: None,
        strategies: &[],
        revision: Some(&revision),
    };
    let plan = plan(&[scenario], &wanted);
    let mut verdict = judge::judge(&plan, &[]);
    (verdict.interrupted, verdict.notes) = (None, Vec::new());
    let scenario = &mut verdict.scenarios[0];
    (verdict.word, scenario.word) = (Word::Pass, Word::Pass);
    scenario.reasons.clear();
    for treatment in &mut scenario.treatments {
        treatment.metrics = metrics.to_vec();
    }
    StoredRun { name: name.into(), plan, host_class: CLASS.into(), verdict }
}

/// A run in which a request cost so much more than without a tracer, where it took `untraced`.
pub fn run(name: &str, cost: f64, untraced: f64) -> StoredRun {
    run_of(name, SCENARIO, &[metric(cost, untraced)])
}

/// The same, not to be trusted because of this doubt of the judge.
pub fn doubted(mut run: StoredRun, code: &str) -> StoredRun {
    let scenario = &mut run.verdict.scenarios[0];
    let reason = Reason {
        code: code.into(),
        message: "made-up/traced: not well".into(),
        next_step: "measure again".into(),
    };
    (run.verdict.word, scenario.word) = (Word::Invalid, Word::Invalid);
    scenario.reasons = vec![reason];
    run
}
