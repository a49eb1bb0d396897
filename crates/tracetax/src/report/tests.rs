//! The first screen and the summary of made-up runs.

use std::path::Path;

use record::{
    plan::{Arm, Plan, Treatment, TreatmentBudget, TreatmentKind},
    stage::Stage,
    verdict::{Limit, Metric, Reason, Verdict, Word},
    wakeup::Wakeup,
};

use super::{Look, Paint, Screen, made_up, markdown, terminal};
use crate::{calibrate::made_up::block, host, judge};

const PLAIN: Look = Look::Terminal(Screen::PLAIN);

fn plan(kind: TreatmentKind) -> Plan {
    let mut plan = made_up::plan("made-up");
    plan.scenarios[0].treatments =
        vec![Treatment { name: "nothing".into(), kind, budget: TreatmentBudget::default() }];
    plan
}

fn tracer() -> TreatmentKind {
    TreatmentKind::Tracer {
        strategy: "raw-tracepoint".into(),
        stage: Stage::Full,
        wakeup: Wakeup::Timer { ms: 10 },
        leak_bytes_per_second: 0,
    }
}

fn difference(name: &str, estimate: f64, half: f64) -> Metric {
    Metric {
        name: name.into(),
        untraced: Some(58.0),
        estimate,
        low: Some(estimate - half),
        high: Some(estimate + half),
        samples: 120,
        mde: Some(0.12),
        mean: None,
        lives: None,
        limit: None,
        adequate: None,
        word: None,
    }
}

fn judged(name: &str, estimate: f64, limit: f64, word: Word) -> Metric {
    Metric { limit: Some(Limit::Budget(limit)), word: Some(word), ..difference(name, estimate, 0.4) }
}

/// A verdict with these metrics and no others.
fn verdict(plan: &Plan, metrics: Vec<Metric>) -> Verdict {
    let blocks: Vec<_> = [Arm::Untraced, Arm::Treated].map(|arm| block(0, arm, 7.0)).to_vec();
    let mut verdict = judge::judge(plan, &blocks);
    let word = metrics.iter().filter_map(|metric| metric.word).min().unwrap_or(Word::Pass);
    let scenario = &mut verdict.scenarios[0];
    scenario.reasons = metrics.iter().filter_map(reason).collect();
    scenario.treatments[0].metrics = metrics;
    (scenario.word, verdict.word) = (word, word);
    verdict
}

fn reason(metric: &Metric) -> Option<Reason> {
    let is_bad = metric.word.is_some_and(|word| word != Word::Pass);
    is_bad.then(|| Reason {
        code: "made-up".into(),
        message: format!("made-up/nothing: {} is {}", metric.name, metric.estimate),
        next_step: "make it cheaper, or raise its limit and say why".into(),
    })
}

fn all_kinds() -> (Plan, Verdict) {
    let plan = plan(tracer());
    let metrics = vec![
        difference("server_cpu_us_per_request", 0.93, 0.05),
        judged("cpu_overhead_points", 1.2, 5.0, Word::Pass),
        judged("added_latency_ms", 2.0, 1.0, Word::OverBudget),
    ];
    let verdict = verdict(&plan, metrics);
    (plan, verdict)
}

fn screen(plan: &Plan, verdict: &Verdict, look: Look) -> String {
    terminal(verdict, plan, &host(), Path::new("results/run"), look)
}

fn host() -> record::host::Host {
    let mut host = host::read().unwrap();
    host.class_id = "c0ffee".into();
    host
}

#[test]
fn the_verdict_comes_first_then_the_cost_then_the_table_then_what_to_do() {
    let (plan, verdict) = all_kinds();
    insta::assert_snapshot!(screen(&plan, &verdict, PLAIN));
}

#[test]
fn colour_is_in_words_and_headings_alone() {
    let (plan, verdict) = all_kinds();
    let look = Look::Terminal(Screen { columns: None, paint: Paint::Colour });
    let coloured = screen(&plan, &verdict, look);
    assert!(
        coloured.starts_with("verdict: \u{1b}[1m\u{1b}[31mover-budget\u{1b}[0m (worry: "),
        "{coloured:?}"
    );
    assert!(coloured.contains("\u{1b}[1mWhat to do\u{1b}[0m"), "{coloured:?}");
    let plain = anstream::adapter::strip_str(&coloured).to_string();
    assert_eq!(plain, screen(&plan, &verdict, PLAIN));
}

#[test]
fn nothing_is_wider_than_the_terminal() {
    let (plan, verdict) = all_kinds();
    for columns in [80, 100, 132] {
        let look = Look::Terminal(Screen { columns: Some(columns), paint: Paint::Colour });
        let shown = anstream::adapter::strip_str(&screen(&plan, &verdict, look)).to_string();
        for line in shown.lines() {
            assert!(line.chars().count() <= columns, "{columns}: {line}\n{shown}");
        }
        assert!(shown.contains("over-budget"), "{shown}");
    }
}

/// Without a terminal a sentence is one line, to be searched for.
#[test]
fn one_screen_tells_it_all() {
    let (plan, verdict) = all_kinds();
    let shown = screen(&plan, &verdict, Look::Terminal(Screen { columns: Some(80), paint: Paint::Plain }));
    assert!(shown.lines().count() <= 40, "{shown}");
}

#[test]
fn each_kind_of_treatment_has_its_sentence() {
    let sentence = |kind, metrics| {
        let plan = plan(kind);
        super::headline::sentences(&verdict(&plan, metrics).scenarios[0], &plan).join("; ")
    };
    let cost = |estimate| vec![difference("server_cpu_us_per_request", estimate, 0.05)];
    insta::assert_snapshot!(
        [
            sentence(tracer(), cost(0.93)),
            sentence(tracer(), cost(-0.01)),
            sentence(tracer(), vec![Metric { low: None, high: None, mde: None, ..cost(0.93).remove(0) }]),
            sentence(tracer(), vec![]),
            sentence(TreatmentKind::Nothing, cost(0.01)),
            sentence(TreatmentKind::Planted { ns_per_request: 5_000 }, cost(5.1)),
            sentence(
                TreatmentKind::Nothing,
                vec![judged("server_cpu_us_per_request", 3.0, 0.3, Word::Regressed)]
            ),
        ]
        .join("\n")
    );
}

#[test]
fn the_summary_keeps_the_names_of_files() {
    let (plan, verdict) = all_kinds();
    let text = markdown(&verdict, &plan, &host());
    assert!(text.starts_with("verdict: over-budget (worry: "), "{text}");
    for expect in
        ["| added_latency_ms ", "## What to do", "[made-up]: make it cheaper", "## How to read this"]
    {
        assert!(text.contains(expect), "{expect}\n{text}");
    }
    assert!(text.find("## What to do") < text.find("| added_latency_ms "), "{text}");
}

#[test]
fn nothing_to_do_is_said() {
    let plan = plan(tracer());
    let pass = verdict(&plan, vec![judged("agent_memory_mb", 14.0, 100.0, Word::Pass)]);
    assert!(screen(&plan, &pass, PLAIN).contains("What to do\nNothing: every limit holds"));
}

#[test]
fn a_step_is_told_once_with_some_of_its_reasons() {
    let plan = plan(tracer());
    let bad = |index: u8| judged(&format!("metric_{index}_ms"), 2.0, 1.0, Word::OverBudget);
    let shown = screen(&plan, &verdict(&plan, (0..5).map(bad).collect()), PLAIN);
    assert_eq!(shown.matches("- make it cheaper").count(), 1, "{shown}");
    assert_eq!(shown.matches("  why: ").count(), 3, "{shown}");
    assert!(shown.contains("  and 2 more reasons like these\n"), "{shown}");
}
