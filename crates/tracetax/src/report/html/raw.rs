//! The raw table: one row a pair.

use maud::{Markup, html};

use super::{Run, figure::Table, words};
use crate::judge::figures::{PairFigures, TreatmentFigures};

/// Most rows of a treatment: beyond them the table is no help any more.
const MOST_ROWS: usize = 120;

/// What stands before the tables.
pub const HEAD: &str = "<p>Server CPU is in microseconds per request. All counters of every block, those that were discarded \
     too, are in <code>blocks.jsonl</code> of the run’s folder.</p>";

/// One piece a treatment.
pub fn all(run: &Run<'_>) -> Vec<String> {
    let each = run.figures.iter().flat_map(|scenario| {
        scenario.treatments.iter().map(|treatment| {
            piece(&format!("{}, {}", scenario.name, treatment.name), treatment).into_string()
        })
    });
    each.collect()
}

fn piece(name: &str, treatment: &TreatmentFigures) -> Markup {
    let left = treatment.pairs.len().saturating_sub(MOST_ROWS);
    html! {
        details {
            summary { (name) ": " (treatment.pairs.len()) " pairs" }
            (table(treatment).show(&format!("Pairs of {name}")))
            @if left > 0 { p { "The first " (MOST_ROWS) " pairs are shown; " (left) " more are in " code { "blocks.jsonl" } "." } }
        }
    }
}

fn table(treatment: &TreatmentFigures) -> Table {
    let traced = treatment.name.as_str();
    let head = [
        "pair",
        "life",
        "came first",
        "untraced",
        traced,
        "difference",
        "requests untraced",
        &format!("requests {traced}"),
        "records",
    ];
    Table::new(&head).with(treatment.pairs.iter().take(MOST_ROWS).map(|pair| row(pair, traced)))
}

fn row(pair: &PairFigures, traced: &str) -> Vec<String> {
    let [untraced, treated] = pair.server_cpu_us;
    vec![
        pair.pair.to_string(),
        pair.life.to_string(),
        if pair.treated_first { traced.to_owned() } else { "untraced".into() },
        words::number(untraced),
        words::number(treated),
        words::signed(treated - untraced),
        pair.requests[0].to_string(),
        pair.requests[1].to_string(),
        pair.records.map_or("–".into(), |records| records.to_string()),
    ]
}
