//! The page as a whole, of made-up runs.

use std::fmt::Write;

use record::{
    block::Block,
    comparison::Comparison,
    plan::Plan,
    verdict::{Reason, Verdict, Word},
};

use super::{MOST_BYTES, Run, report};
use crate::{
    judge::{self, figures::figures},
    made_up_run::{blocks, host, plan},
    report::made_up,
};

/// A run with its blocks.
struct Made {
    plan: Plan,
    blocks: Vec<Block>,
    verdict: Verdict,
}

/// A run of this plan, with so many pairs a treatment.
fn made(plan: Plan, pairs: u32) -> Made {
    let blocks = blocks(&plan, pairs);
    let verdict = judge::judge(&plan, &blocks);
    Made { plan, blocks, verdict }
}

/// The first scenario alone: quicker, where that is enough.
fn one_scenario() -> Plan {
    let mut plan = plan();
    plan.scenarios.truncate(1);
    plan
}

impl Made {
    fn page(&self, comparison: Option<&Comparison>) -> String {
        let (host, figures) = (host(), figures(&self.plan, &self.blocks));
        let Self { plan, verdict, .. } = self;
        report(&Run {
            name: "20260101T000000Z-1-2",
            plan,
            host: &host,
            verdict,
            comparison,
            figures: &figures,
        })
    }
}

/// What a reader sees who skips all but titles, words and captions.
fn outline(page: &str) -> String {
    let mut text = String::new();
    for tag in ["h1", "h2", "h3", "h4", "figcaption"] {
        for part in page.split(&format!("<{tag}")).skip(1) {
            let inside = part.split_once('>').unwrap().1.split(&format!("</{tag}>")).next().unwrap();
            let _ = writeln!(text, "{tag}: {}", plain(inside));
        }
    }
    text
}

fn plain(markup: &str) -> String {
    let text: String = markup
        .split('<')
        .map(|part| part.split_once('>').map_or(part, |(_, text)| text).to_owned() + " ")
        .collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_page_has_every_figure_with_its_numbers_in_words() {
    insta::assert_snapshot!(outline(&made(plan(), 20).page(None)));
}

#[test]
fn a_comparison_comes_first() {
    let one = made_up::comparison(vec![made_up::scenario("stress", &[Word::Regressed, Word::Pass])]);
    let page = made(one_scenario(), 20).page(Some(&one));
    let outline = outline(&page);
    assert!(outline.starts_with("h1: ↑ Verdict: regressed\n"), "{outline}");
    assert!(outline.contains("h4: What has changed"), "{outline}");
    assert!(page.contains("aria-label=\"Dot plot of changes. aaaaaaaaaaaa against the stored baselines."));
}

/// The word, its mark, what it means, and the next step: none of it by colour alone.
#[test]
fn each_word_says_what_it_means_and_what_to_do() {
    let mut text = String::new();
    for word in Word::ALL {
        let mut run = made(one_scenario(), 20);
        run.verdict.word = word;
        run.verdict.scenarios[0].word = word;
        run.verdict.scenarios[0].reasons = vec![Reason {
            code: "made-up".into(),
            message: "stress/traced: something was found".into(),
            next_step: "do `something` about it".into(),
        }];
        let page = run.page(None);
        let opening = page.split_once("<h1").unwrap().1.split_once("<nav").unwrap().0;
        let _ = writeln!(text, "{}", plain(&format!("<{opening}")));
    }
    insta::assert_snapshot!(text);
}

/// Nothing is fetched: no script, no address but those within the page.
#[test]
fn a_page_asks_nobody_for_anything() {
    let page = made(one_scenario(), 20).page(None);
    for forbidden in ["<script", "http://", "https://", "//cdn", "<iframe", "<object", "@import", "url("] {
        let found = page.replace("xmlns='http://www.w3.org/2000/svg'", "");
        assert!(!found.contains(forbidden), "{forbidden}");
    }
    let addresses =
        ["href=\"", "src=\""].map(|name| page.split(name).skip(1).map(str::to_owned).collect::<Vec<_>>());
    for address in addresses.concat() {
        assert!(address.starts_with('#') || address.starts_with("data:"), "{}", &address[..40]);
    }
}

/// A name is text, wherever it stands.
#[test]
fn hostile_names_are_escaped() {
    let hostile = "<script>alert(1)</script>\"'&";
    let mut plan = one_scenario();
    plan.scenarios[0].name = hostile.into();
    plan.scenarios[0].question = hostile.into();
    plan.scenarios[0].treatments[0].name = hostile.into();
    let mut run = made(plan, 20);
    run.verdict.scenarios[0].reasons.push(Reason {
        code: hostile.into(),
        message: hostile.into(),
        next_step: format!("`{hostile}`"),
    });
    let page = run.page(None);
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;"));
    assert!(!page.contains("(1)</script>\"'&"));
}

/// Larger than any thorough run.
#[test]
fn a_large_run_keeps_within_its_size_and_says_what_is_left_out() {
    let small = made(one_scenario(), 150);
    let drawn = figures(&small.plan, &small.blocks).remove(0);
    let (mut plan, mut verdict, mut drawn) = (small.plan, small.verdict, vec![drawn]);
    for index in 0..40 {
        let name = format!("scenario-{index}");
        let (mut planned, mut judged, mut shown) =
            (plan.scenarios[0].clone(), verdict.scenarios[0].clone(), drawn[0].clone());
        for one in [&mut planned.name, &mut judged.name, &mut shown.name] {
            one.clone_from(&name);
        }
        for _ in 0..if index == 0 { 27 } else { 2 } {
            judged.treatments.push(judged.treatments[0].clone());
            shown.treatments.push(shown.treatments[0].clone());
        }
        plan.scenarios.push(planned);
        verdict.scenarios.push(judged);
        drawn.push(shown);
    }
    let page = report(&Run {
        name: "large",
        plan: &plan,
        host: &host(),
        verdict: &verdict,
        comparison: None,
        figures: &drawn,
    });
    assert!(page.len() <= MOST_BYTES, "{}", page.len());
    assert!(page.len() > MOST_BYTES * 9 / 10, "{} bytes are no large page", page.len());
    assert!(page.contains("more scenarios are left out, since the page would be too large."));
    assert!(page.contains("more treatments are in <code>verdict.json</code>."));
    assert!(
        page.contains(
            "are left out, since the page would be too large. All are in <code>blocks.jsonl</code>"
        )
    );
}

/// Of a run that was interrupted before its first pair.
#[test]
fn a_run_without_pairs_is_a_page_all_the_same() {
    let page = made(one_scenario(), 0).page(None);
    assert!(page.contains("inconclusive") && page.contains("There are no blocks to draw."), "{page}");
}
