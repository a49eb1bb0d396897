use record::{
    comparison::{Against, Arithmetic, Comparison},
    verdict::Word,
};

use super::{COMMENT_BYTES, MARKER, comment, summary, terminal};
use crate::report::{
    Look, Screen,
    made_up::{comparison, revision, scenario, without_numbers},
};

const PLAIN: Look = Look::Terminal(Screen::PLAIN);

fn two() -> Comparison {
    let new = without_numbers("stress", Word::New, "no-baseline");
    comparison(vec![new, scenario("saturation", &[Word::Pass, Word::Regressed])])
}

#[test]
fn a_terminal_is_told_the_verdict_first() {
    insta::assert_snapshot!(terminal(&two(), PLAIN));
}

#[test]
fn a_summary_has_one_table_and_the_rest_folded() {
    insta::assert_snapshot!(summary(&two()));
}

#[test]
fn a_comment_is_found_by_its_first_line() {
    insta::assert_snapshot!(comment(&two()));
}

#[test]
fn another_revision_has_its_interval_and_p_values() {
    let mut live = two();
    live.against = Against::Revision(revision("b"));
    let metric = &mut live.scenarios[1].metrics[1];
    metric.untraced_before = None;
    metric.arithmetic = Arithmetic::Pairs {
        pairs: 120,
        above_tolerance_p: 1e-9,
        within_tolerance_p: 1.0,
        below_zero_p: 0.5,
        level: 0.01,
    };
    let text = summary(&live);
    for expect in [
        "aaaaaaaaaaaa against bbbbbbbbbbbb, measured in the same run",
        "interval (95 %)",
        "regressed. Untraced: 7.62. 120 pairs; p-values: above the tolerance 1.00e-9, within it 1.00e0, below zero 5.00e-1; \
         level 1.00e-2.",
    ] {
        assert!(text.contains(expect), "{expect}\n{text}");
    }
}

#[test]
fn nothing_to_do_is_said() {
    let pass = comparison(vec![scenario("saturation", &[Word::Pass])]);
    assert!(terminal(&pass, PLAIN).contains("Nothing: no change is beyond its tolerance."));
    assert!(terminal(&comparison(vec![]), PLAIN).contains("Nothing: no change"));
}

/// Fifty scenarios of a dozen treatments, each with a long reason; the worst one is in the middle.
fn many() -> Comparison {
    let words = |index| if index == 25 { [Word::Regressed; 12] } else { [Word::Inconclusive; 12] };
    let mut all =
        comparison((0..50).map(|index| scenario(&format!("scenario-{index}"), &words(index))).collect());
    for reason in all.scenarios.iter_mut().flat_map(|scenario| &mut scenario.reasons) {
        reason.message += &" and so on".repeat(20);
    }
    all
}

#[test]
fn fifty_scenarios_fit_and_what_is_left_out_is_counted() {
    let text = summary(&many());
    assert!(text.len() < 64 * 1024, "{}", text.len());
    let rows = text.lines().filter(|line| line.starts_with("| scenario-")).count();
    assert!(
        rows > 50
            && text.contains(&format!(
                "{} more rows, none worse than these, are in `comparison.json`",
                600 - rows
            ))
    );
    let first = text.lines().find(|line| line.starts_with("| scenario-")).unwrap();
    assert!(first.contains("scenario-25") && first.contains("regressed"), "{first}");
    assert!(text.contains("more reasons are in") && text.contains("more scenarios are in"));
    assert!(text.contains("How to read this") && text.ends_with("</details>\n"));
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
}

#[test]
fn a_comment_is_shorter_and_keeps_the_worst() {
    let text = comment(&many());
    assert!(text.len() < COMMENT_BYTES, "{}", text.len());
    assert!(
        text.starts_with(&format!("{MARKER}\n"))
            && text.contains("scenario-25")
            && !text.contains("<details>")
    );
}

#[test]
fn what_comes_from_files_is_shown_as_text() {
    let mut odd = two();
    odd.scenarios[1].name = "a|b".into();
    odd.scenarios[1].baseline.as_mut().unwrap().reason = "</details><script>\n| x |\n".into();
    odd.scenarios[1].reasons[0].message = "<!-- tracetax-comparison -->\n# big".into();
    let text = summary(&odd);
    assert!(text.contains("a\\|b") && text.contains("&lt;/details&gt;&lt;script&gt; \\| x \\|"), "{text}");
    assert!(!text.contains(MARKER) && !text.contains("\n# big"), "{text}");
}
