//! A comparison: how far each metric has moved, with its interval and the tolerance.

use maud::Markup;
use plotters::{
    element::{PathElement, Rectangle, Text},
    style::Color,
};
use record::comparison::{Against, Comparison, MetricComparison};

use super::{
    chart::{self, AROUND, Axis, Drawn, Plane, Sheet, ending, plane, styled},
    figure::{Figure, Key, Shape, Table},
    ink::Ink,
    words,
};
use crate::report::words::word as plain;

/// A metric and the scenario that it is of.
struct Row<'a> {
    scenario: &'a str,
    metric: &'a MetricComparison,
}

/// The figure of a comparison; absent where no number was compared.
pub fn figure(comparison: &Comparison) -> Option<Figure> {
    let rows: Vec<Row<'_>> = comparison
        .scenarios
        .iter()
        .flat_map(|scenario| scenario.metrics.iter().map(|metric| Row { scenario: &scenario.name, metric }))
        .collect();
    if rows.is_empty() {
        return None;
    }
    let caption = caption(comparison, &rows);
    Some(Figure {
        title: "What has changed".into(),
        legend: vec![
            Key::new(Ink::Traced, Shape::Line, format!("change and its {} interval", level(comparison))),
            Key::new(Ink::Limit, Shape::Line, "tolerance"),
        ],
        drawing: Some(drawing(&rows, &caption)),
        caption,
        table: table(&rows),
    })
}

/// How sure an interval is: one more session of the same tracer in a stored comparison, paired differences in a live one.
fn level(comparison: &Comparison) -> &'static str {
    match comparison.against {
        Against::Baselines => "90 %",
        Against::Revision(_) => "95 %",
    }
}

/// What was held against what.
pub fn held_against(comparison: &Comparison) -> String {
    let now = comparison.revision.as_ref().map_or("An unknown revision".into(), |revision| revision.short());
    match &comparison.against {
        Against::Baselines => format!("{now} against the stored baselines"),
        Against::Revision(revision) => {
            format!("{now} against {}, measured in the same run", revision.short())
        }
    }
}

fn caption(comparison: &Comparison, rows: &[Row<'_>]) -> String {
    let each = rows.iter().map(|Row { scenario, metric }| {
        let named = words::metric(&metric.metric);
        format!(
            "{scenario}, {}: {} {} before, {} now, change {} ({}), tolerance {}: {}",
            metric.treatment,
            named.name.to_lowercase(),
            words::with_unit(&words::number(metric.before), named.unit),
            words::number(metric.now),
            words::signed(metric.change),
            words::interval(metric.low, metric.high),
            words::number(metric.tolerance),
            plain(metric.word)
        )
    });
    format!("{}. {}.", held_against(comparison), each.collect::<Vec<_>>().join(". "))
}

/// Of a row, in units.
const ROW: f64 = 118.0;

fn drawing(rows: &[Row<'_>], caption: &str) -> Markup {
    let all = rows.iter().flat_map(|Row { metric, .. }| {
        [Some(metric.change), metric.low, metric.high, Some(metric.tolerance), Some(0.0)]
            .into_iter()
            .flatten()
    });
    let axis = Axis::around(all, "change of cost per request, µs");
    let height = (ROW * rows.len() as f64) as u32 + AROUND;
    chart::svg(height, &format!("Dot plot of changes. {caption}"), |sheet| draw(sheet, &axis, rows))
}

fn draw(sheet: &Sheet<'_>, axis: &Axis, rows: &[Row<'_>]) -> Drawn {
    let mut plane = plane(sheet, axis, &Axis::places(ROW * rows.len() as f64))?;
    for (index, row) in rows.iter().enumerate() {
        draw_row(&mut plane, axis, row, index as f64 * ROW)?;
    }
    Ok(())
}

fn draw_row(plane: &mut Plane<'_>, axis: &Axis, row: &Row<'_>, top: f64) -> Drawn {
    let Row { scenario, metric } = row;
    let name = format!("{scenario}, {}: {}", metric.treatment, plain(metric.word));
    plane.draw_series([Text::new(name, (axis.span.start, top + 2.0), styled(Ink::Text))])?;
    plane.draw_series([Text::new(
        words::signed(metric.change),
        (axis.span.end, top + 2.0),
        ending(Ink::Traced),
    )])?;
    let middle = top + 66.0;
    let line = |at: f64, reach: f64, ink: Ink, width: u32| {
        PathElement::new(vec![(at, middle - reach), (at, middle + reach)], ink.rgb().stroke_width(width))
    };
    plane.draw_series([line(0.0, 26.0, Ink::Zero, 2)])?;
    if let (Some(low), Some(high)) = (metric.low, metric.high) {
        plane.draw_series([Rectangle::new(
            [(low, middle - 6.0), (high, middle + 6.0)],
            Ink::Traced.rgb().filled(),
        )])?;
    }
    plane.draw_series([
        line(metric.change, 18.0, Ink::Traced, 5),
        line(metric.tolerance, 26.0, Ink::Limit, 4),
    ])?;
    Ok(())
}

fn table(rows: &[Row<'_>]) -> Table {
    let head = [
        "scenario",
        "treatment",
        "metric",
        "before",
        "now",
        "change",
        "interval",
        "MDE",
        "tolerance",
        "verdict",
    ];
    Table::new(&head).with(rows.iter().map(|Row { scenario, metric }| {
        vec![
            (*scenario).to_owned(),
            metric.treatment.clone(),
            metric.metric.clone(),
            words::number(metric.before),
            words::number(metric.now),
            words::signed(metric.change),
            words::interval(metric.low, metric.high),
            words::optional(metric.mde),
            words::number(metric.tolerance),
            plain(metric.word).to_owned(),
        ]
    }))
}
