//! Response times of both arms over quantiles, up to the 99.9th percentile.

use plotters::{element::PathElement, style::Color};
use record::verdict::{ArmSummary, TreatmentVerdict};

use super::{
    chart::{self, Axis, Drawn, Sheet, plane},
    figure::{Figure, Key, Shape, Table},
    ink::Ink,
    words,
};
use crate::judge::figures::{MOST_QUANTILE, QuantilePoint, TreatmentFigures};

/// The quantiles that are named: on the axis, and in the table.
const NAMED: [(f64, &str); 5] =
    [(0.0, "least"), (0.5, "50 %"), (0.9, "90 %"), (0.99, "99 %"), (MOST_QUANTILE, "99.9 %")];

/// The figure of a treatment; absent where no response was timed.
pub fn figure(verdict: &TreatmentVerdict, figures: &TreatmentFigures) -> Option<Figure> {
    let [untraced, treated] = &figures.latency;
    if untraced.len() < 2 || treated.len() < 2 {
        return None;
    }
    let all = || untraced.iter().chain(treated);
    let up = Axis::from_zero(all().map(|point| point.latency_ms), "response time, ms");
    let across = across(all().map(|point| point.quantile).fold(0.0, f64::max));
    let caption = caption(verdict, untraced.len().min(treated.len()));
    let label =
        format!("Two lines of response time over quantiles, {} against untraced. {caption}", verdict.name);
    let drawing = chart::svg(460, &label, |sheet| draw(sheet, &across, &up, [untraced, treated]));
    Some(Figure {
        title: format!("Response times, {}", verdict.name),
        legend: vec![
            Key::new(Ink::Untraced, Shape::Line, "untraced"),
            Key::new(Ink::Traced, Shape::Line, verdict.name.as_str()),
        ],
        drawing: Some(drawing),
        caption,
        table: table(verdict, untraced, treated),
    })
}

fn draw(sheet: &Sheet<'_>, across: &Axis, up: &Axis, [untraced, treated]: [&[QuantilePoint]; 2]) -> Drawn {
    let mut plane = plane(sheet, across, up)?;
    let path = |points: &[QuantilePoint]| {
        points.iter().map(|point| (nines(point.quantile), point.latency_ms)).collect::<Vec<_>>()
    };
    plane.draw_series([PathElement::new(path(treated), Ink::Traced.rgb().stroke_width(7))])?;
    plane.draw_series([PathElement::new(path(untraced), Ink::Untraced.rgb().stroke_width(4))])?;
    Ok(())
}

/// How many nines a quantile has: 90 % one, 99 % two. So the axis gives the tail the room that it deserves.
fn nines(quantile: f64) -> f64 {
    -(1.0 - quantile).log10()
}

/// The axis of quantiles up to the last one that is drawn.
fn across(last: f64) -> Axis {
    let ticks = NAMED.iter().map(|(quantile, _)| nines(*quantile)).filter(|tick| *tick <= nines(last) + 1e-6);
    Axis {
        span: 0.0..nines(last).max(0.1),
        ticks: ticks.collect(),
        written: |tick| {
            let named = NAMED.iter().find(|(quantile, _)| (nines(*quantile) - tick).abs() < 1e-6);
            named.map_or_else(String::new, |(_, name)| (*name).to_owned())
        },
        title: "share of the requests that took no longer".into(),
    }
}

fn caption(verdict: &TreatmentVerdict, points: usize) -> String {
    let both =
        |of: fn(&ArmSummary) -> Option<f64>| Some((of(verdict.untraced.as_ref()?)?, of(&verdict.treated)?));
    let said = |name: &str, of: fn(&ArmSummary) -> Option<f64>| {
        both(of).map(|(untraced, treated)| {
            format!(
                "{name} {} ms untraced and {} ms {}",
                words::number(untraced),
                words::number(treated),
                verdict.name
            )
        })
    };
    let median = said("The median is", |arm| Some(arm.latency_p50_ms));
    let tail = said("the 99th percentile", |arm| arm.latency_p99_ms);
    let said: Vec<_> = [median, tail].into_iter().flatten().collect();
    let ends = if points < 61 { " The lines end where fewer than ten requests are left." } else { "" };
    format!("{}. Time counts from the moment a request was planned.{ends}", said.join(", "))
}

fn table(verdict: &TreatmentVerdict, untraced: &[QuantilePoint], treated: &[QuantilePoint]) -> Table {
    let at = |points: &[QuantilePoint], quantile: f64| {
        let near =
            points.iter().find(|point| (point.quantile - quantile).abs() < 2e-3 * (1.0 - quantile).max(0.01));
        words::optional(near.map(|point| point.latency_ms))
    };
    let drawn = untraced.iter().step_by(5).map(|point| point.quantile);
    Table::new(&["quantile", "untraced, ms", &format!("{}, ms", verdict.name)]).with(drawn.map(|quantile| {
        vec![format!("{:.2} %", 100.0 * quantile), at(untraced, quantile), at(treated, quantile)]
    }))
}
