//! The page over all stored runs: what a request has cost over revisions, host classes apart, with what was accepted.

mod picture;
#[cfg(test)]
mod tests;

use maud::{Markup, html};
use record::verdict::Word;

use super::{
    MOST_BYTES, chart,
    figure::{Figure, Key, Shape, Table},
    ink::Ink,
    page, words,
};
use crate::{
    history::{History, Line, Point, Unread},
    report::{fit::fit, words::word as plain},
};
use picture::Picture;

/// Most runs of a line that are drawn: the newest.
const MOST_RUNS: usize = 100;

/// The page. `scenario` is the one that was asked for, where it is not all.
#[must_use]
pub fn history(history: &History, scenario: Option<&str>) -> String {
    let opening = opening(history, scenario).into_string();
    let closing = unread(&history.unread).into_string();
    let room =
        MOST_BYTES.saturating_sub(page::STYLE_BYTES + opening.len() + closing.len() + super::FRAME_BYTES);
    let lines = history.lines.chunk_by(|a, b| a.scenario == b.scenario);
    let sections = lines.enumerate().map(|(index, lines)| section(index, lines).into_string());
    let sections = fit(sections, room, |left| {
        format!(
            "<p>{left} more scenarios are left out, since the page would be too large: name one, as in <code>cargo xtask report --history saturation</code>.</p>"
        )
    });
    page::document("tracetax: what it has cost over time", worst(history), &(opening + &sections + &closing))
}

/// The icon is that of the newest run of each line.
fn worst(history: &History) -> Word {
    let newest = history.lines.iter().filter_map(|line| line.points.last());
    newest.map(|point| point.word).min().unwrap_or(Word::New)
}

fn opening(history: &History, scenario: Option<&str>) -> Markup {
    let mut runs: Vec<&str> =
        history.lines.iter().flat_map(|line| &line.points).map(|point| point.run.as_str()).collect();
    runs.sort_unstable();
    runs.dedup();
    let of = scenario.map(|name| format!(" of {name}")).unwrap_or_default();
    html! {
        header {
            p class="kicker" { "tracetax " span { "what an eBPF tracer costs the service it watches" } }
            h1 { "Over time" }
            p class="meaning" {
                (words::count(runs.len(), "stored run", "stored runs")) (of) ", "
                (words::count(history.unread.len(), "folder", "folders")) " left out."
            }
            p class="facts" {
                "Extra server CPU per request, traced less untraced, with its 95 % interval. Host classes are apart: numbers of two are never compared."
            }
        }
        @if history.lines.is_empty() { section { h2 { "Nothing to show" } p { "No stored run has a cost" (of) ". Measure one: " code { "cargo xtask bench saturation" } } } }
    }
}

fn section(index: usize, lines: &[Line]) -> Markup {
    let (id, name) = (format!("scenario-{index}-title"), &lines[0].scenario);
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (name) }
            div class="figures" { @for line in lines { (figure(line).show(name)) } }
        }
    }
}

fn figure(line: &Line) -> Figure {
    let earlier = line.points.len().saturating_sub(MOST_RUNS);
    let points = &line.points[earlier..];
    let picture = Picture::of(points, line.accepted.as_ref());
    let caption = caption(line, points, earlier);
    let label = format!("Cost over runs. {caption}");
    let mut legend = vec![Key::new(Ink::Traced, Shape::Line, "estimate and 95 % interval")];
    if points.iter().any(|point| point.word == Word::Invalid) {
        legend.push(Key::new(Ink::Zero, Shape::Line, "of an invalid run"));
    }
    if line.accepted.is_some() {
        legend.push(Key::new(Ink::Limit, Shape::Line, "accepted, and its tolerance above"));
    }
    Figure {
        title: format!("{}, host class {}", line.treatment, line.host_class),
        legend,
        drawing: Some(chart::svg(420, &label, |sheet| picture.draw(sheet))),
        caption,
        table: table(points),
    }
}

fn caption(line: &Line, points: &[Point], earlier: usize) -> String {
    let mut text = words::count(points.len(), "run", "runs");
    if let (Some(first), Some(last)) = (points.first(), points.last()) {
        text += &format!(", the first {} µs, the last {}", words::signed(first.metric.estimate), said(last));
    }
    text += ".";
    if let Some(level) = &line.accepted {
        text += &format!(
            " Accepted on {} at {} µs with a tolerance of {} µs, as measured of {}: {}.",
            level.day,
            words::signed(level.mean),
            words::number(level.tolerance),
            level.revision,
            level.reason.trim_end_matches('.')
        );
    }
    let changes = points.windows(2).filter(|two| two[0].scenario_hash != two[1].scenario_hash).count();
    if changes > 0 {
        text += &format!(
            " What the scenario measures has changed {}, so levels on either side are not alike.",
            words::count(changes, "time", "times")
        );
    }
    if earlier > 0 {
        text += &format!(" {} before these are left out.", words::count(earlier, "run", "runs"));
    }
    text
}

fn said(point: &Point) -> String {
    let metric = &point.metric;
    let of = point.revision.as_deref().unwrap_or("an unknown revision");
    format!("{} µs ({}), of {of}", words::signed(metric.estimate), words::interval(metric.low, metric.high))
}

fn table(points: &[Point]) -> Table {
    let head = [
        "run",
        "revision",
        "cost, µs",
        "95 % interval",
        "untraced, µs",
        "pairs",
        "MDE",
        "scenario",
        "verdict",
    ];
    Table::new(&head).with(points.iter().map(|point| {
        let metric = &point.metric;
        vec![
            point.run.clone(),
            point.revision.clone().unwrap_or_else(|| "unknown".into()),
            words::signed(metric.estimate),
            words::interval(metric.low, metric.high),
            words::optional(metric.untraced),
            metric.samples.to_string(),
            words::optional(metric.mde),
            point.scenario_hash.chars().take(8).collect(),
            format!("{} {}", words::mark(point.word), plain(point.word)),
        ]
    }))
}

/// Most folders that are named.
const MOST_UNREAD: usize = 200;

fn unread(unread: &[Unread]) -> Markup {
    html! {
        @if !unread.is_empty() {
            section id="unread" aria-labelledby="unread-title" {
                h2 id="unread-title" { "Left out" }
                ul { @for Unread { name, why } in unread.iter().take(MOST_UNREAD) { li { code { (name) } ": " (words::sentence(why)) } } }
                @if unread.len() > MOST_UNREAD { p { "And " (unread.len() - MOST_UNREAD) " more." } }
            }
        }
    }
}
