//! What each way to hook in costs, part by part, as stacked bars with the interval of the whole.

use plotters::{
    element::{PathElement, Rectangle, Text},
    style::Color,
};
use record::{
    cost::{Estimate, StrategyCost},
    verdict::ScenarioVerdict,
};

use super::{
    chart::{self, AROUND, Axis, Drawn, Plane, Sheet, ending, plane, styled},
    figure::{Figure, Key, Shape, Table},
    ink::Ink,
    words,
};

type Part = fn(&StrategyCost) -> Option<Estimate>;

/// The parts, in the order in which a request goes through them, each with its ink.
const PARTS: [(&str, Part, Ink); 4] = [
    ("hooked in, empty", |cost| cost.attach_us, Ink::Part(0)),
    ("finding the connection", |cost| cost.lookup_us, Ink::Part(2)),
    ("copying and parsing", |cost| cost.copy_us, Ink::Part(3)),
    ("sending the event", |cost| cost.transport_us, Ink::Part(4)),
];

/// The figure of a scenario; absent where no stages were measured.
pub fn figure(scenario: &ScenarioVerdict) -> Option<Figure> {
    let rows = &scenario.strategies;
    if rows.is_empty() {
        return None;
    }
    let caption = caption(scenario);
    let axis = Axis::from_zero(rows.iter().flat_map(ends), "extra server CPU per request, µs");
    let height = (ROW * rows.len() as f64) as u32 + AROUND;
    let drawing = chart::svg(height, &format!("Stacked bars of strategies. {caption}"), |sheet| {
        draw(sheet, &axis, rows)
    });
    let parts = PARTS.iter().map(|(name, _, ink)| Key::new(*ink, Shape::Field, *name));
    let whole = Key::new(Ink::Text, Shape::Line, "all of it, 95 % interval");
    Some(Figure {
        title: "Strategies compared".into(),
        legend: parts.chain([whole]).collect(),
        drawing: Some(drawing),
        caption,
        table: table(rows),
    })
}

fn caption(scenario: &ScenarioVerdict) -> String {
    let totals = scenario.strategies.iter().filter_map(|cost| Some((cost, cost.total_us?)));
    let by =
        |a: &(&StrategyCost, Estimate), b: &(&StrategyCost, Estimate)| a.1.estimate.total_cmp(&b.1.estimate);
    let told = |(cost, total): (&StrategyCost, Estimate)| {
        format!(
            "{} takes {} µs ({})",
            cost.strategy,
            words::number(total.estimate),
            words::interval(total.low, total.high)
        )
    };
    let ends = [totals.clone().min_by(by).map(told), totals.clone().max_by(by).map(told)];
    let [Some(least), Some(most)] = ends else { return "No whole tracer was measured.".into() };
    let mut text = match totals.count() {
        1 => format!("{least} of server CPU more per request."),
        count => format!(
            "Of {count} strategies {least} of server CPU more per request, the least, and {most}, the most."
        ),
    };
    let mut refused: Vec<&str> = scenario.unavailable.iter().map(|one| one.strategy.as_str()).collect();
    refused.dedup();
    if !refused.is_empty() {
        text += &format!(" Unavailable on this kernel: {}.", refused.join(", "));
    }
    text + " A part whose estimate is below zero is not drawn; its number is in the table."
}

/// How far a row reaches.
fn ends(cost: &StrategyCost) -> [f64; 2] {
    let parts = PARTS.iter().filter_map(|(_, part, _)| part(cost)).map(|part| part.estimate.max(0.0)).sum();
    let whole = cost.total_us.map_or(0.0, |total| total.high.unwrap_or(total.estimate));
    [parts, whole]
}

/// Of a bar, in units: its name, itself, and room to the next.
const ROW: f64 = 116.0;

fn draw(sheet: &Sheet<'_>, axis: &Axis, rows: &[StrategyCost]) -> Drawn {
    let mut plane = plane(sheet, axis, &Axis::places(ROW * rows.len() as f64))?;
    for (index, cost) in rows.iter().enumerate() {
        draw_row(&mut plane, axis, cost, index as f64 * ROW)?;
    }
    Ok(())
}

fn draw_row(plane: &mut Plane<'_>, axis: &Axis, cost: &StrategyCost, top: f64) -> Drawn {
    plane.draw_series([Text::new(cost.strategy.clone(), (0.0, top + 2.0), styled(Ink::Text))])?;
    let (above, below) = (top + 44.0, top + 84.0);
    let mut left = 0.0;
    for (_, part, ink) in &PARTS {
        let right = left + part(cost).map_or(0.0, |part| part.estimate.max(0.0));
        plane.draw_series(
            (right > left).then(|| Rectangle::new([(left, above), (right, below)], ink.rgb().filled())),
        )?;
        left = right;
    }
    let Some(total) = cost.total_us else { return Ok(()) };
    let said = format!("{} µs", words::number(total.estimate));
    plane.draw_series([Text::new(said, (axis.span.end, top + 2.0), ending(Ink::Text))])?;
    let middle = f64::midpoint(above, below);
    let line = |path| PathElement::new(path, Ink::Text.rgb().stroke_width(4));
    if let (Some(low), Some(high)) = (total.low, total.high) {
        plane.draw_series([line(vec![(low.max(0.0), middle), (high, middle)])])?;
    }
    plane.draw_series([line(vec![(total.estimate, above - 6.0), (total.estimate, below + 6.0)])])?;
    Ok(())
}

fn table(rows: &[StrategyCost]) -> Table {
    let mut head = vec!["strategy"];
    head.extend(PARTS.iter().map(|(name, _, _)| *name));
    head.extend(["all, µs", "95 % interval", "agent, µs", "bystander, ns a call", "records, %"]);
    let row = |cost: &StrategyCost| {
        let number = |part: Option<Estimate>| words::optional(part.map(|part| part.estimate));
        let mut cells = vec![cost.strategy.clone()];
        cells.extend(PARTS.iter().map(|(_, part, _)| number(part(cost))));
        cells.push(number(cost.total_us));
        cells.push(cost.total_us.map_or("–".into(), |total| words::interval(total.low, total.high)));
        cells.extend([
            number(cost.reader_us),
            number(cost.bystander_ns_per_call),
            words::optional(cost.complete_pct),
        ]);
        cells
    };
    Table::new(&head).with(rows.iter().map(row))
}
