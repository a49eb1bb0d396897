//! How a scenario went on in time: what a request took in each arm, and the agent's memory.

use plotters::{element::PathElement, style::Color};

use super::{
    chart::{self, Axis, Drawn, Sheet, plane},
    figure::{Figure, Key, Shape, Table},
    ink::Ink,
    words,
};
use crate::judge::figures::{MomentPoint, Series, TreatmentFigures};

/// A line of these has a figure.
const LEAST_POINTS: usize = 2;

struct Line<'a> {
    name: &'a str,
    ink: Ink,
    width: u32,
    points: &'a [MomentPoint],
}

/// The figures of a treatment.
pub fn figures(treatment: &TreatmentFigures) -> Vec<Figure> {
    let Series { untraced_us, treated_us, agent_mb, .. } = &treatment.series;
    let name = treatment.name.as_str();
    let traced = |points| Line { name, ink: Ink::Traced, width: 6, points };
    let untraced = Line { name: "untraced", ink: Ink::Untraced, width: 4, points: untraced_us };
    let cpu = figure(
        treatment,
        "Server CPU over time",
        "Server CPU per request, µs",
        &[traced(treated_us), untraced],
    );
    let memory =
        figure(treatment, "Memory of the agent over time", "Resident memory, MB", &[traced(agent_mb)]);
    [cpu, memory].into_iter().flatten().collect()
}

fn figure(treatment: &TreatmentFigures, title: &str, measured: &str, lines: &[Line<'_>]) -> Option<Figure> {
    if lines.iter().any(|line| line.points.len() < LEAST_POINTS) {
        return None;
    }
    let all = || lines.iter().flat_map(|line| line.points);
    let clock = Clock::of(all().map(|point| point.since_start_s).fold(0.0, f64::max));
    let up = Axis::from_zero(all().map(|point| point.value), measured);
    let across = Axis::from_zero(
        all().map(|point| point.since_start_s / clock.seconds),
        format!("since the first block, {}", clock.name),
    );
    let caption = caption(measured, &treatment.series, lines);
    let label = format!("Lines over time, {}. {caption}", treatment.name);
    let legend = lines.iter().rev().map(|line| Key::new(line.ink, Shape::Line, line.name));
    Some(Figure {
        title: format!("{title}, {}", treatment.name),
        legend: if lines.len() > 1 { legend.collect() } else { Vec::new() },
        drawing: Some(chart::svg(400, &label, |sheet| draw(sheet, &across, &up, &clock, lines))),
        caption,
        table: table(&clock, lines),
    })
}

/// The unit in which a time is told.
struct Clock {
    name: &'static str,
    seconds: f64,
}

impl Clock {
    fn of(longest_s: f64) -> Self {
        match longest_s {
            long if long >= 3.0 * 3600.0 => Self { name: "hours", seconds: 3600.0 },
            long if long >= 180.0 => Self { name: "minutes", seconds: 60.0 },
            _ => Self { name: "seconds", seconds: 1.0 },
        }
    }
}

fn caption(measured: &str, series: &Series, lines: &[Line<'_>]) -> String {
    let each: Vec<_> = lines.iter().filter_map(said).collect();
    let medians = match series.blocks_a_point {
        1 => String::new(),
        count => format!(" A point is the median of {count} neighbouring blocks."),
    };
    format!("{measured}: {}.{medians}", each.join("; "))
}

fn said(line: &Line<'_>) -> Option<String> {
    let (first, last) = (line.points.first()?, line.points.last()?);
    let values = line.points.iter().map(|point| point.value);
    let (low, high) = values
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    let [first, last, low, high] = [first.value, last.value, low, high].map(words::number);
    if low == high {
        return Some(format!("{} stays at {low}", line.name));
    }
    Some(format!("{} begins at {first} and ends at {last}, between {low} and {high}", line.name))
}

fn draw(sheet: &Sheet<'_>, across: &Axis, up: &Axis, clock: &Clock, lines: &[Line<'_>]) -> Drawn {
    let mut plane = plane(sheet, across, up)?;
    for line in lines {
        let path: Vec<_> =
            line.points.iter().map(|point| (point.since_start_s / clock.seconds, point.value)).collect();
        plane.draw_series([PathElement::new(path, line.ink.rgb().stroke_width(line.width))])?;
    }
    Ok(())
}

fn table(clock: &Clock, lines: &[Line<'_>]) -> Table {
    let mut head = vec![clock.name];
    head.extend(lines.iter().map(|line| line.name));
    let rows = lines.iter().map(|line| line.points.len()).min().unwrap_or(0);
    let row = |index: usize| {
        let time = words::number(lines[0].points[index].since_start_s / clock.seconds);
        [time].into_iter().chain(lines.iter().map(|line| words::number(line.points[index].value))).collect()
    };
    Table::new(&head).with((0..rows).map(row))
}
