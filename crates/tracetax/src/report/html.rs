//! The report as one page: `report.html`. It asks the network for nothing and runs no script.
//!
//! Verdict and headline come first, then what to do, then figures, then tables. Each figure says in words and numbers what it
//! shows, and has its numbers in a table. A state is always told in words; colour repeats it.

mod change;
mod chart;
mod cpu;
mod differences;
mod figure;
mod history;
mod host;
mod ink;
mod latency;
mod levels;
mod opening;
mod page;
mod plan;
mod raw;
mod reading;
mod scenario;
mod series;
mod soak;
mod strategies;
#[cfg(test)]
mod tests;
mod words;

use record::{comparison::Comparison, host::Host, plan::Plan, verdict::Verdict};

pub use history::history;

use super::fit::fit;
use crate::judge::figures::ScenarioFigures;

/// No page is larger, in bytes: it can be sent around.
pub const MOST_BYTES: usize = 500_000;

/// All that a page is made of.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// Name of the run's folder.
    pub name: &'a str,
    /// What was planned.
    pub plan: &'a Plan,
    /// Where it ran.
    pub host: &'a Host,
    /// What it was judged to be.
    pub verdict: &'a Verdict,
    /// What it was held against, where it was.
    pub comparison: Option<&'a Comparison>,
    /// What is drawn.
    pub figures: &'a [ScenarioFigures],
}

/// Beyond what is drawn and listed, room for the frame of the page.
const FRAME_BYTES: usize = 1_000;

/// The page. What does not fit into [`MOST_BYTES`] is left out, the tables of single pairs first; the page says what and
/// where it is instead.
#[must_use]
pub fn report(run: &Run<'_>) -> String {
    let opening = opening::show(run).into_string();
    let closing =
        [plan::show(run.plan), host::show(run.host), reading::show()].map(maud::Markup::into_string).concat();
    let mut room = MOST_BYTES.saturating_sub(page::STYLE_BYTES + opening.len() + closing.len() + FRAME_BYTES);
    let mut take = |pieces: Vec<String>, left: fn(usize) -> String| {
        let text = fit(pieces, room, left);
        room = room.saturating_sub(text.len());
        text
    };
    let figures = take(scenario::all(run), |left| {
        format!(
            "<p>The figures of {left} more scenarios are left out, since the page would be too large. <code>summary.md</code> has their tables.</p>"
        )
    });
    let levels = take(levels::all(run), |left| {
        format!("<p>{left} more treatments are in <code>verdict.json</code>.</p>")
    });
    let raw = take(raw::all(run), |left| {
        format!(
            "<p>The pairs of {left} more treatments are left out, since the page would be too large. All are in <code>blocks.jsonl</code>.</p>"
        )
    });
    let sections = [
        figures,
        page::section("tables", "Tables", &levels),
        closing,
        page::section("pairs", "Every pair", &(raw::HEAD.to_owned() + &raw)),
    ];
    page::document(&opening::title(run), opening::word(run), &(opening + &sections.concat()))
}
