//! Tests of what machines read: annotations, JUnit, Bencher.

use record::{
    comparison::Comparison,
    verdict::{Limit, Metric, ScenarioVerdict, Verdict, Word},
};

use super::{
    annotations, bencher,
    cases::{of_comparison, of_verdict},
    junit,
    made_up::{comparison, plan, scenario, without_numbers},
};
use crate::judge;

fn notes(comparison: &Comparison) -> String {
    annotations::render(&of_comparison(comparison, &plan("saturation")))
}

#[test]
fn a_note_stands_on_the_line_of_the_tolerance() {
    let one = comparison(vec![scenario("saturation", &[Word::Regressed])]);
    assert_eq!(
        notes(&one),
        "::error file=scenarios/saturation.toml,line=40,title=saturation%3A regressed::tracer-0: \
         server_cpu_us_per_request 1.25 -> 2.50, change +1.25 (+1.00 to +1.50), tolerance 0.250%0ANext: look at tracer-0\n"
    );
}

/// Whatever its message says: that of a live comparison names no metric.
#[test]
fn each_case_has_its_own_reason() {
    let mut two = comparison(vec![scenario("saturation", &[Word::Regressed, Word::Inconclusive])]);
    for metric in &mut two.scenarios[0].metrics {
        metric.reason.as_mut().unwrap().message = "dearer than before".into();
    }
    let text = notes(&two);
    let next: Vec<_> = text.lines().map(|line| line.rsplit("Next: ").next().unwrap()).collect();
    assert_eq!(next, ["look at tracer-0", "look at tracer-1"]);
    let xml = junit::render(&of_comparison(&two, &plan("saturation"))).unwrap();
    assert_eq!(
        (xml.matches("look at tracer-0").count(), xml.matches("look at tracer-1").count()),
        (1, 1),
        "{xml}"
    );
}

#[test]
fn every_word_but_pass_has_a_note_of_its_weight() {
    let expect = ["error", "error", "error", "warning", "warning", "notice", "notice", ""];
    for (word, expect) in Word::ALL.into_iter().zip(expect) {
        let text = notes(&comparison(vec![scenario("saturation", &[word])]));
        let level = text.strip_prefix("::").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
        assert_eq!(level, expect, "{word:?}: {text}");
    }
}

#[test]
fn text_cannot_end_a_note_or_begin_another() {
    let mut bad = without_numbers("odd,name:x", Word::NotComparable, "hash");
    bad.reasons[0].message = "100 %\r\n::error::planted".into();
    let text = notes(&comparison(vec![bad]));
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with(
        "::warning file=scenarios/odd%2Cname%3Ax.toml,title=odd%2Cname%3Ax%3A not-comparable::"
    ));
    assert!(text.contains("100 %25%0D%0A::error::planted [hash]"), "{text}");
}

#[test]
fn at_most_ten_notes_and_the_worst_first() {
    let many = |count: usize| [vec![Word::Improved; count - 1], vec![Word::Regressed]].concat();
    let ten = notes(&comparison(vec![scenario("saturation", &many(10))]));
    assert!(ten.lines().count() == 10 && !ten.contains("findings more"), "{ten}");
    let eleven = notes(&comparison(vec![scenario("saturation", &many(11))]));
    assert_eq!(eleven.lines().count(), 10);
    assert!(eleven.starts_with("::error "));
    assert!(eleven.ends_with("::notice title=tracetax::2 findings more are in summary.md\n"), "{eleven}");
}

#[test]
fn each_word_has_its_place_in_junit() {
    let all = comparison(vec![
        scenario("saturation", &Word::ALL),
        without_numbers("stress", Word::New, "no-baseline"),
    ]);
    let xml = junit::render(&of_comparison(&all, &plan("saturation"))).unwrap();
    let count = |what: &str| xml.matches(what).count();
    assert!(
        xml.contains(r#"<testsuite name="saturation" tests="8" skipped="3" errors="1" failures="2">"#),
        "{xml}"
    );
    assert!(
        xml.contains(r#"<testsuite name="stress" tests="1" skipped="1" errors="0" failures="0">"#),
        "{xml}"
    );
    assert_eq!((count("<failure "), count("<error "), count("<skipped ")), (2, 1, 4));
    assert!(xml.contains(r#"<skipped message="new: stress: nothing to compare with [no-baseline]; next: record a baseline" type="new"/>"#), "{xml}");
}

#[test]
fn junit_is_well_formed_whatever_a_reason_says() {
    let mut odd = without_numbers("stress", Word::NotComparable, "hash");
    odd.reasons[0].message = "a <b> & \"c\" ]]> \u{1b}[31mred\u{0}".into();
    let xml = junit::render(&of_comparison(&comparison(vec![odd]), &plan("x"))).unwrap();
    assert!(
        xml.contains("a &lt;b> &amp; &quot;c&quot; ]]> red")
            || xml.contains("a &lt;b&gt; &amp; &quot;c&quot; ]]&gt; red"),
        "{xml}"
    );
    assert!(quick_junit::Report::deserialize_from_str(&xml).is_ok());
}

#[test]
fn bencher_is_told_the_level_and_the_change_with_its_interval() {
    let mut two = comparison(vec![scenario("saturation", &[Word::Pass, Word::Regressed])]);
    two.scenarios[0].metrics[1].low = None;
    let file = bencher::of(&of_comparison(&two, &plan("saturation")));
    insta::assert_snapshot!(serde_json::to_string_pretty(&file).unwrap());
}

#[test]
fn what_is_no_number_is_not_told() {
    let mut one = comparison(vec![scenario("saturation", &[Word::Pass])]);
    let metric = &mut one.scenarios[0].metrics[0];
    (metric.now, metric.low) = (f64::NAN, Some(f64::NEG_INFINITY));
    let file = bencher::of(&of_comparison(&one, &plan("saturation")));
    let text = serde_json::to_string(&file).unwrap();
    assert_eq!(text, r#"{"saturation/tracer-0":{"server-cpu-us-per-request-change":{"value":1.25}}}"#);
}

/// A verdict on a plan without blocks, to which one metric is added.
fn verdict(metric: Option<Metric>) -> Verdict {
    let mut of = plan("saturation");
    of.scenarios[0].treatments.push(record::plan::Treatment {
        name: "traced".into(),
        kind: record::plan::TreatmentKind::Nothing,
        budget: record::plan::TreatmentBudget::default(),
    });
    let mut verdict = judge::judge(&of, &[]);
    let ScenarioVerdict { treatments, word, .. } = &mut verdict.scenarios[0];
    if let Some(metric) = metric {
        *word = metric.word.unwrap_or(Word::Pass);
        treatments[0].metrics = vec![metric];
    }
    verdict
}

fn memory(word: Option<Word>) -> Metric {
    Metric {
        name: "agent_memory_mb".into(),
        untraced: None,
        estimate: 123.0,
        low: Some(123.0),
        high: Some(123.0),
        samples: 1,
        mde: None,
        mean: None,
        lives: None,
        limit: word.map(|_| Limit::Budget(100.0)),
        adequate: None,
        word,
    }
}

#[test]
fn a_budget_has_its_note_its_case_and_its_number() {
    let over = verdict(Some(memory(Some(Word::OverBudget))));
    let suites = of_verdict(&over, &plan("saturation"));
    let note = annotations::render(&suites);
    let start = "::error file=scenarios/saturation.toml,line=37,title=saturation%3A over-budget::traced: agent_memory_mb is \
                 123 (95 %25 interval exact), budget 100";
    assert!(note.starts_with(start), "{note}");
    let xml = junit::render(&suites).unwrap();
    assert!(
        xml.contains(r#"<testcase name="traced: agent_memory_mb" classname="tracetax.saturation">"#),
        "{xml}"
    );
    assert!(xml.contains("<failure "), "{xml}");
    let number = bencher::of(&suites)["saturation/traced"]["agent-memory-mb"];
    assert_eq!((number.value, number.lower_value, number.upper_value), (123.0, Some(123.0), Some(123.0)));
}

#[test]
fn what_does_not_gate_is_a_number_and_no_case() {
    let told = verdict(Some(memory(None)));
    let suites = of_verdict(&told, &plan("saturation"));
    let xml = junit::render(&suites).unwrap();
    assert!(!xml.contains("agent_memory_mb"), "{xml}");
    assert!(bencher::of(&suites)["saturation/traced"].contains_key("agent-memory-mb"));
}

#[test]
fn an_invalid_scenario_is_an_error_of_the_whole() {
    let mut invalid = verdict(Some(memory(Some(Word::Pass))));
    invalid.scenarios[0].word = Word::Invalid;
    let suites = of_verdict(&invalid, &plan("saturation"));
    let xml = junit::render(&suites).unwrap();
    assert!(xml.contains(r#"tests="2" skipped="0" errors="1" failures="0""#), "{xml}");
    assert!(annotations::render(&suites).starts_with("::error file=scenarios/saturation.toml,title="));
}
