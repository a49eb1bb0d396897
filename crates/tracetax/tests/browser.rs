//! The pages in a real browser: they load without a word on the console and without a request, show every figure, fit a
//! phone, can be walked through by keyboard, and hold before axe-core. Pictures of them are kept for people.

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions, but not in the helpers beside them"
)]

use std::{fs, path::PathBuf};

use record::{
    comparison::{Against, Arithmetic, Comparison, MetricComparison, SCHEMA, ScenarioComparison},
    verdict::Word,
};
use serde_json::Value;
use tempfile::TempDir;
use tracetax::{
    history::{History, Level, Line, Point, Unread},
    judge::{figures::figures, judge},
    report::html::{Run, history, report},
};

#[path = "browser/chromium.rs"]
mod chromium;
#[path = "fixtures/made_up_run.rs"]
mod made_up_run;
#[path = "browser/view.rs"]
mod view;

use chromium::Browser;
use view::{Scheme, VIEWS, keep, open, wrong};

/// A page that is written for a test.
struct Page {
    name: &'static str,
    /// Figures that it has.
    figures: u64,
    html: String,
}

fn pages() -> Vec<Page> {
    let compared = comparison();
    vec![
        Page { name: "run", figures: 10, html: page("stress", None) },
        Page { name: "comparison", figures: 11, html: page("stress", Some(&compared)) },
        Page { name: "history", figures: 2, html: history(&over_time(), None) },
        Page { name: "hostile", figures: 10, html: page("<script>alert(1)</script>'\"&`", None) },
    ]
}

/// The page of a made-up run, whose first scenario has this name.
fn page(name: &str, comparison: Option<&Comparison>) -> String {
    let mut plan = made_up_run::plan();
    plan.scenarios[0].name = name.into();
    let (host, blocks) = (made_up_run::host(), made_up_run::blocks(&plan, 40));
    let (verdict, figures) = (judge(&plan, &blocks), figures(&plan, &blocks));
    let run = Run {
        name: "20260101T000000Z-1-2",
        plan: &plan,
        host: &host,
        verdict: &verdict,
        comparison,
        figures: &figures,
    };
    report(&run)
}

/// Twenty runs over four revisions, on two classes of host.
fn over_time() -> History {
    let plan = made_up_run::plan();
    let verdict = judge(&plan, &made_up_run::blocks(&plan, 20));
    let metric = &verdict.scenarios[0].treatments[0].metrics[0];
    let point = |index: u32| {
        let moved = 0.02 * f64::from(index % 5) + if index > 12 { 0.4 } else { 0.0 };
        let mut metric = metric.clone();
        metric.estimate += moved;
        metric.low = metric.low.map(|low| low + moved);
        metric.high = metric.high.map(|high| high + moved);
        Point {
            run: format!("202601{:02}T000000Z-1-1", index + 1),
            revision: Some(format!(
                "{:012x}",
                0xa1b2_c300_0000_u64 + 0x1234_5678_9abc * u64::from(index / 5)
            )),
            word: if index == 7 { Word::Invalid } else { Word::Pass },
            scenario_hash: "0123456789abcdef".into(),
            metric,
        }
    };
    let accepted = Level {
        mean: metric.estimate,
        tolerance: 0.25,
        day: "2026-01-05".into(),
        revision: "a1b2c3000000".into(),
        reason: "first".into(),
    };
    let line = |host_class: &str, accepted| Line {
        scenario: "stress".into(),
        host_class: host_class.into(),
        treatment: "traced".into(),
        points: (0..20).map(point).collect(),
        accepted,
    };
    let unread =
        vec![Unread { name: "notes".into(), why: "it is no folder of a run: it holds no plan.json".into() }];
    History { lines: vec![line("afc865c9", Some(accepted)), line("c0ffee00", None)], unread }
}

fn comparison() -> Comparison {
    let metric = MetricComparison {
        treatment: "traced".into(),
        metric: "server_cpu_us_per_request".into(),
        word: Word::Pass,
        before: 1.1,
        now: 1.2,
        change: 0.1,
        low: Some(0.02),
        high: Some(0.18),
        mde: Some(0.09),
        tolerance: 0.25,
        untraced_before: None,
        untraced_now: 20.0,
        reason: None,
        arithmetic: Arithmetic::Pairs {
            pairs: 40,
            above_tolerance_p: 1.0,
            within_tolerance_p: 0.0,
            below_zero_p: 1.0,
            level: 0.01,
        },
    };
    let scenario = ScenarioComparison {
        name: "stress".into(),
        word: Word::Pass,
        reasons: vec![],
        baseline: None,
        metrics: vec![metric],
    };
    Comparison {
        schema: SCHEMA.into(),
        word: Word::Pass,
        run: "run".into(),
        host_class: "c0ffee00".into(),
        revision: None,
        against: Against::Baselines,
        interrupted: None,
        notes: vec![],
        scenarios: vec![scenario],
    }
}

fn write(folder: &TempDir, name: &str, html: &str) -> PathBuf {
    let path = folder.path().join(name).with_extension("html");
    fs::write(&path, html).unwrap();
    path
}

/// All figures of a page that are as large as can be read.
const FIGURES: &str = "[...document.querySelectorAll('figure')].filter(figure => {
    const drawing = figure.querySelector('svg[role=img]').getBoundingClientRect();
    return drawing.width >= 250 && drawing.height >= 80 && figure.querySelector('figcaption').innerText.length >= 40
}).length";

/// How many pixels of a page lie beside it.
const BESIDE: &str = "document.documentElement.scrollWidth - document.documentElement.clientWidth";

#[test]
#[ignore = "needs chromium"]
fn pages_are_whole_at_every_width_in_light_and_dark() {
    let (folder, mut browser) = (tempfile::tempdir().unwrap(), Browser::start());
    for page in pages() {
        let path = write(&folder, page.name, &page.html);
        for view in VIEWS {
            open(&mut browser, &path, view);
            assert_eq!(browser.evaluate(FIGURES), page.figures, "{} {view:?}", page.name);
            assert_eq!(browser.evaluate(BESIDE), 0, "{} {view:?}", page.name);
            keep(&mut browser, page.name, view);
        }
    }
}

/// Opens what folds, and gives all that a keyboard must reach, in its order.
const INTERACTIVE: &str = "document.querySelectorAll('details').forEach(one => one.open = true);
    window.all = [...document.querySelectorAll('a[href], summary, [tabindex=\"0\"]')];
    all.length";

/// Where the focus is among them.
const FOCUSED: &str = "all.indexOf(document.activeElement)";

#[test]
#[ignore = "needs chromium"]
fn the_tab_key_reaches_everything_in_order() {
    let (folder, mut browser) = (tempfile::tempdir().unwrap(), Browser::start());
    let path = write(&folder, "run", &page("stress", None));
    open(&mut browser, &path, VIEWS[0]);
    let count = browser.evaluate(INTERACTIVE).as_u64().unwrap();
    assert!(count > 20, "{count} are too few for this page");
    for expect in 0..count {
        press_tab(&mut browser);
        assert_eq!(browser.evaluate(FOCUSED), expect, "after so many presses");
    }
}

fn press_tab(browser: &mut Browser) {
    for kind in ["rawKeyDown", "keyUp"] {
        let key = serde_json::json!({"type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9});
        browser.send("Input.dispatchKeyEvent", &key);
    }
}

#[test]
#[ignore = "needs chromium"]
fn axe_finds_nothing_serious() {
    let (folder, mut browser) = (tempfile::tempdir().unwrap(), Browser::start());
    for page in pages() {
        let path = write(&folder, page.name, &page.html);
        // Both colours, and both widths.
        for view in [VIEWS[0], VIEWS[3]] {
            open(&mut browser, &path, view);
            let found = serious(&mut browser);
            assert!(found.is_empty(), "{} {view:?}: {found:#?}", page.name);
        }
    }
}

/// All that is serious or worse, each with where it is.
fn serious(browser: &mut Browser) -> Vec<Value> {
    let axe = std::env::var_os("TRACETAX_AXE").unwrap_or_else(|| {
        panic!("TRACETAX_AXE is not set: run `cargo xtask test`, or name axe.min.js by it")
    });
    browser.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)");
    browser.evaluate(&fs::read_to_string(axe).unwrap());
    let found = browser.evaluate(
        "axe.run().then(found => ({
            checked: found.passes.length,
            violations: found.violations.map(one => ({id: one.id, impact: one.impact, at: one.nodes.slice(0, 3).map(node => node.html + ' ' + node.failureSummary)}))
        }))",
    );
    assert!(found["checked"].as_u64().unwrap() > 10, "axe has checked next to nothing: {found}");
    let violations = found["violations"].as_array().unwrap().clone();
    let is_serious = |one: &Value| matches!(one["impact"].as_str(), Some("serious" | "critical"));
    violations.into_iter().filter(is_serious).collect()
}

/// What would be found if it were there.
#[test]
#[ignore = "needs chromium"]
fn a_bad_page_is_found() {
    let (folder, mut browser) = (tempfile::tempdir().unwrap(), Browser::start());
    let html = "<!doctype html><html><head><title>bad</title></head><body><main><h1>bad</h1><ul><li>a</li></ul><p>b</p>\
        <p style='color:#ddd;background:#fff'>pale</p><img src='http://127.0.0.1:9/a.png'><a href='#b'>b</a><table><tr><td>c</td></tr></table>\
        <div style='width:3000px'>wide</div><script>console.error('bad')</script></main></body></html>";
    let path = write(&folder, "bad", html);
    let wrong = wrong(&mut browser, &path, (390, Scheme::Light));
    let methods: Vec<&str> = wrong.iter().filter_map(|event| event["method"].as_str()).collect();
    assert!(methods.contains(&"Runtime.consoleAPICalled"), "{methods:?}");
    assert!(methods.contains(&"Network.requestWillBeSent"), "{methods:?}");
    assert!(browser.evaluate(BESIDE).as_i64().unwrap() > 0);
    let serious = serious(&mut browser);
    let ids: Vec<&str> = serious.iter().filter_map(|one| one["id"].as_str()).collect();
    assert!(ids.contains(&"image-alt") && ids.contains(&"color-contrast"), "{ids:?}");
}
