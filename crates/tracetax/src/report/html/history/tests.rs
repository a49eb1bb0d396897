//! The page over made-up runs.

use record::verdict::Word;

use super::history;
use crate::{
    history::{History, Level, Line, Point, Unread},
    report::html::MOST_BYTES,
    stored_run::made_up::metric,
};

fn point(index: usize, word: Word) -> Point {
    Point {
        run: format!("202601{index:02}T000000Z-1-1"),
        revision: Some(format!("{:x}", 0xa0_0000_0000_u64 + index as u64 / 4)),
        word,
        scenario_hash: if index < 3 { "before" } else { "after" }.into(),
        metric: metric(1.0 + 0.01 * index as f64, 7.0),
    }
}

fn line(scenario: &str, runs: usize) -> Line {
    Line {
        scenario: scenario.into(),
        host_class: "c0ffee00".into(),
        treatment: "<traced>".into(),
        points: (0..runs)
            .map(|index| point(index, if index == 1 { Word::Invalid } else { Word::Pass }))
            .collect(),
        accepted: Some(Level {
            mean: 1.02,
            tolerance: 0.25,
            day: "2026-01-02".into(),
            revision: "0123456789ab".into(),
            reason: "first".into(),
        }),
    }
}

#[test]
fn a_line_says_in_words_what_it_shows() {
    let unread = vec![Unread { name: "notes".into(), why: "it is no folder of a run".into() }];
    let page = history(&History { lines: vec![line("saturation", 10)], unread }, Some("saturation"));
    let caption = page.split_once("<figcaption>").unwrap().1.split_once("</figcaption>").unwrap().0;
    insta::assert_snapshot!(caption, @r"
    10 runs, the first +1.00 µs, the last +1.09 µs (0.990 to 1.19), of a000000002. Accepted on 2026-01-02 at +1.02 µs with a tolerance of 0.250 µs, as measured of 0123456789ab: first. What the scenario measures has changed 1 time, so levels on either side are not alike.
    ");
    assert!(page.contains("<code>notes</code>: it is no folder of a run"));
    assert!(page.contains("10 stored runs of saturation, 1 folder left out."));
    assert!(page.contains("&lt;traced&gt;") && !page.contains("<traced>"));
}

#[test]
fn many_runs_keep_within_the_size_and_are_counted() {
    let lines = (0..40).map(|index| line(&format!("scenario-{index:02}"), 130)).collect();
    let page = history(&History { lines, unread: Vec::new() }, None);
    assert!(page.len() <= MOST_BYTES, "{}", page.len());
    assert!(page.contains("30 runs before these are left out."));
    assert!(page.contains("more scenarios are left out, since the page would be too large"));
}

#[test]
fn without_runs_the_page_says_what_to_do() {
    let page = history(&History::default(), None);
    assert!(page.contains("Nothing to show") && page.contains("cargo xtask bench saturation"));
}
