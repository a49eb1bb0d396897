//! Paired differences as a dot plot: every pair a dot, the interval of the estimate a bar, the limit a dashed line.

mod picture;

use record::verdict::{Limit, Metric, ScenarioVerdict};

use super::{
    chart::{self, Axis},
    figure::{Figure, Key, Shape, Table},
    ink::Ink,
    words::{self, Named},
};
use crate::judge::figures::{Differences, Sampled, ScenarioFigures};
use picture::Picture;

/// One treatment.
struct Row<'a> {
    treatment: &'a str,
    metric: &'a Metric,
    differences: &'a Differences,
}

/// The figures of a scenario: what a request costs the server, and whatever else has a limit.
pub fn figures(verdict: &ScenarioVerdict, figures: &ScenarioFigures) -> Vec<Figure> {
    let drawn = figures.treatments.iter().flat_map(|treatment| &treatment.differences);
    let mut names: Vec<&str> = Vec::new();
    for name in drawn.map(|differences| differences.metric) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.into_iter().filter_map(|name| of_metric(name, verdict, figures)).collect()
}

fn of_metric(name: &str, verdict: &ScenarioVerdict, figures: &ScenarioFigures) -> Option<Figure> {
    let rows: Vec<Row<'_>> = verdict
        .treatments
        .iter()
        .filter_map(|treatment| {
            let figures = figures.treatments.iter().find(|figures| figures.name == treatment.name)?;
            Some(Row {
                treatment: &treatment.name,
                metric: treatment.metrics.iter().find(|metric| metric.name == name)?,
                differences: figures.differences.iter().find(|differences| differences.metric == name)?,
            })
        })
        .collect();
    let is_limited = rows.iter().any(|row| row.metric.limit.is_some());
    (!rows.is_empty() && (is_limited || name == "server_cpu_us_per_request"))
        .then(|| figure(words::metric(name), &rows))
}

fn figure(named: Named<'_>, rows: &[Row<'_>]) -> Figure {
    let picture = Picture::of(named.unit, rows);
    let title = format!("{}: what the tracer adds", named.name);
    let axis = Axis::around(picture.shown(rows), format!("difference, {}", named.unit));
    let height = picture.height(rows.len());
    let drawing = chart::svg(height, &label(named, rows), |sheet| picture.draw(sheet, &axis, rows));
    let mut legend = vec![
        Key::new(Ink::Dot, Shape::Dot, dot(picture.every, rows)),
        Key::new(Ink::Traced, Shape::Line, "estimate and 95 % interval"),
    ];
    if rows.iter().any(|row| picture.limit(row).is_some()) {
        legend.push(Key::new(Ink::Limit, Shape::Line, "limit"));
    }
    let caption = format!("{} {}", sentences(named, rows), picture.left_out(rows));
    Figure {
        title,
        legend,
        drawing: Some(drawing),
        caption: caption.trim_end().to_owned(),
        table: table(named, rows),
    }
}

/// What a dot is.
fn dot(every: usize, rows: &[Row<'_>]) -> String {
    let sample = match rows.first().map(|row| row.differences.sampled) {
        Some(Sampled::Chunks) => "chunk of pairs",
        _ => "pair",
    };
    if every > 1 { format!("one {sample} in {every}") } else { format!("a {sample}") }
}

fn label(named: Named<'_>, rows: &[Row<'_>]) -> String {
    let each = rows.iter().map(|row| format!("{} {}", row.treatment, said(named, row.metric)));
    format!("Dot plot of paired differences. {}", each.collect::<Vec<_>>().join("; "))
}

fn said(named: Named<'_>, metric: &Metric) -> String {
    let estimate = words::with_unit(&words::signed(metric.estimate), named.unit);
    match (metric.low, metric.high) {
        (Some(_), Some(_)) => {
            format!("{estimate}, 95 % interval {}", words::interval(metric.low, metric.high))
        }
        _ => format!("{estimate}, too few pairs for an interval"),
    }
}

/// With few treatments each is told in full; with many, the cheapest and the dearest.
fn sentences(named: Named<'_>, rows: &[Row<'_>]) -> String {
    const FEW: usize = 4;
    if rows.len() <= FEW {
        return rows.iter().map(|row| sentence(named, row)).collect::<Vec<_>>().join(" ");
    }
    let by = |a: &&Row<'_>, b: &&Row<'_>| a.metric.estimate.total_cmp(&b.metric.estimate);
    let (Some(least), Some(most)) = (rows.iter().min_by(by), rows.iter().max_by(by)) else {
        return String::new();
    };
    format!(
        "{} treatments, each against its own untraced blocks: from {} ({}) to {} ({}).",
        rows.len(),
        least.treatment,
        said(named, least.metric),
        most.treatment,
        said(named, most.metric)
    )
}

fn sentence(named: Named<'_>, row: &Row<'_>) -> String {
    let metric = row.metric;
    let resolves = metric
        .mde
        .map(|mde| format!(" This run can see {}.", words::with_unit(&words::number(mde), named.unit)))
        .unwrap_or_default();
    let samples = match row.differences.sampled {
        Sampled::Pairs => words::count(metric.samples as usize, "pair", "pairs"),
        Sampled::Chunks => words::count(metric.samples as usize, "chunk of pairs", "chunks of pairs"),
    };
    format!("{}: {} from {samples}.{resolves}{}", row.treatment, said(named, metric), against(named, metric))
}

fn against(named: Named<'_>, metric: &Metric) -> String {
    let (Some(limit), Some(low), Some(high)) = (metric.limit, metric.low, metric.high) else {
        return String::new();
    };
    let (value, at_least) = (limit.value(), matches!(limit, Limit::AtLeast(_)));
    let place = match (high <= value, low > value, at_least) {
        (true, _, false) | (_, true, true) => "the whole interval is on its good side",
        (_, true, false) | (true, _, true) => "the whole interval is beyond it",
        _ => "the interval reaches across it",
    };
    format!(" The limit is {}: {place}.", words::with_unit(&words::number(value), named.unit))
}

fn table(named: Named<'_>, rows: &[Row<'_>]) -> Table {
    let head = ["treatment", "samples", "untraced", "difference", "95 % interval", "MDE", "limit"];
    let unit = if named.unit.is_empty() { String::new() } else { format!(" ({})", named.unit) };
    let mut table = Table::new(&head).with(rows.iter().map(|Row { treatment, metric, .. }| {
        vec![
            (*treatment).to_owned(),
            metric.samples.to_string(),
            words::optional(metric.untraced),
            words::estimate(metric),
            words::interval(metric.low, metric.high),
            words::optional(metric.mde),
            words::limit(metric.limit),
        ]
    }));
    table.head[3].push_str(&unit);
    table
}
