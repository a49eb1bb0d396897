//! Comparisons that nobody has measured, for tests.

use std::collections::BTreeMap;

use record::{
    comparison::{
        Against, Arithmetic, BaselineUsed, Comparison, MetricComparison, SCHEMA, ScenarioComparison,
    },
    plan::Plan,
    revision::Revision,
    verdict::{Reason, Word},
};

use crate::calibrate::made_up;

/// A revision of one digit.
pub fn revision(digit: &str) -> Revision {
    Revision { commit: digit.repeat(40), dirty: false, planted: false }
}

/// A comparison with the stored baselines.
pub fn comparison(scenarios: Vec<ScenarioComparison>) -> Comparison {
    Comparison {
        schema: SCHEMA.into(),
        word: scenarios.iter().map(|scenario| scenario.word).min().unwrap_or(Word::Pass),
        run: "20260101T000000Z-1-2".into(),
        host_class: "c0ffee".into(),
        revision: Some(revision("a")),
        against: Against::Baselines,
        interrupted: None,
        notes: vec![],
        scenarios,
    }
}

/// A scenario with one metric for each word.
pub fn scenario(name: &str, words: &[Word]) -> ScenarioComparison {
    let metrics: Vec<_> = words
        .iter()
        .enumerate()
        .map(|(index, word)| metric(name, &format!("tracer-{index}"), *word))
        .collect();
    let reasons = metrics.iter().filter_map(|metric| metric.reason.clone());
    ScenarioComparison {
        name: name.into(),
        word: words.iter().copied().min().unwrap_or(Word::New),
        reasons: reasons.collect(),
        baseline: Some(BaselineUsed {
            file: format!("baselines/c0ffee/{name}.toml"),
            revision: "b".repeat(40),
            accepted: "2026-01-01".into(),
            reason: "first".into(),
        }),
        metrics,
    }
}

fn metric(scenario: &str, treatment: &str, word: Word) -> MetricComparison {
    MetricComparison {
        treatment: treatment.into(),
        metric: "server_cpu_us_per_request".into(),
        word,
        before: 1.25,
        now: 2.5,
        change: 1.25,
        low: Some(1.0),
        high: Some(1.5),
        mde: Some(0.2),
        tolerance: 0.25,
        untraced_before: Some(7.5),
        untraced_now: 7.625,
        reason: (word != Word::Pass).then(|| Reason {
            code: "made-up".into(),
            message: format!("{scenario}/{treatment}: server_cpu_us_per_request has moved"),
            next_step: format!("look at {treatment}"),
        }),
        arithmetic: Arithmetic::Sessions {
            accepted: vec![1.0, 1.125, 1.25, 1.375, 1.5],
            deviation: 0.1976,
            factor: 2.335,
            reach: 0.4615,
            untraced: vec![7.25, 7.375, 7.5, 7.625, 7.75],
            untraced_reach: 0.997,
            sessions: vec![2.5, 2.625],
            anchor: 1.25,
        },
    }
}

/// A scenario of which nothing could be compared.
pub fn without_numbers(name: &str, word: Word, code: &str) -> ScenarioComparison {
    let reason = Reason {
        code: code.into(),
        message: format!("{name}: nothing to compare with"),
        next_step: "record a baseline".into(),
    };
    ScenarioComparison { name: name.into(), word, reasons: vec![reason], baseline: None, metrics: vec![] }
}

/// A plan whose scenario of this name has its tolerance in line 40 and a budget in line 37.
pub fn plan(name: &str) -> Plan {
    let lines = [("tolerance.server_cpu_us_per_request", 40), ("budget.agent_memory_mb", 37)];
    let mut scenario = made_up::plan([]);
    scenario.name = name.into();
    scenario.lines = lines.into_iter().map(|(key, line)| (key.to_owned(), line)).collect::<BTreeMap<_, _>>();
    Plan {
        schema: record::plan::SCHEMA.into(),
        seed: 1,
        profile: "quick".into(),
        revision: None,
        against: None,
        against_refuses: BTreeMap::new(),
        scenarios: vec![scenario],
    }
}
