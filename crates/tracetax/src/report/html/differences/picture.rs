//! The drawing of paired differences.

use plotters::{
    element::{Circle, PathElement, Rectangle, Text},
    style::Color,
};
use record::verdict::Limit;

use super::Row;
use crate::report::html::{
    chart::{AROUND, Axis, Drawn, Plane, Sheet, ending, plane, styled},
    ink::Ink,
    words,
};

/// Most dots of a figure. Beyond that every second, third ... sample is drawn.
const MOST_DOTS: usize = 560;

/// How the rows are laid out.
pub struct Picture {
    /// Every how many-th pair is drawn.
    pub every: usize,
    /// What is drawn lies between these.
    ends: [f64; 2],
    /// Height of the dots of a row, in units.
    band: f64,
    /// Unit of the differences.
    unit: String,
}

/// Of a row, in units: its name above the dots, the interval below them, and room to the next.
const NAME: f64 = 42.0;
const BAR: f64 = 34.0;
const GAP: f64 = 18.0;

impl Picture {
    /// Lays them out.
    pub fn of(unit: &str, rows: &[Row<'_>]) -> Self {
        let dots: usize = rows.iter().map(|row| row.differences.values.len()).sum();
        let band = match rows.len() {
            1 => 210.0,
            2..=4 => 110.0,
            _ => 34.0,
        };
        Self { every: dots.div_ceil(MOST_DOTS).max(1), ends: ends(rows), band, unit: unit.to_owned() }
    }

    fn row(&self) -> f64 {
        NAME + self.band + BAR + GAP
    }

    /// Height of the drawing, in units.
    pub fn height(&self, rows: usize) -> u32 {
        (self.row() * rows as f64) as u32 + AROUND
    }

    /// A limit, where it is near enough to be drawn.
    pub fn limit(&self, row: &Row<'_>) -> Option<f64> {
        let limit = row.metric.limit.map(Limit::value)?;
        let [low, high] = self.ends;
        let reach = 2.0 * (high - low);
        (low - reach..=high + reach).contains(&limit).then_some(limit)
    }

    /// All that must be on the axis.
    pub fn shown(&self, rows: &[Row<'_>]) -> Vec<f64> {
        let limits = rows.iter().filter_map(|row| self.limit(row));
        self.ends.into_iter().chain([0.0]).chain(limits).collect()
    }

    /// What is not drawn, in words.
    pub fn left_out(&self, rows: &[Row<'_>]) -> String {
        let [low, high] = self.ends;
        let beyond = |value: &&f64| **value < low || **value > high;
        let beyond =
            rows.iter().map(|row| row.differences.values.iter().filter(beyond).count()).sum::<usize>();
        let mut text = String::new();
        if beyond > 0 {
            text += &format!(
                "{} farther out, at the edge of the drawing. ",
                words::count(beyond, "sample lies", "samples lie")
            );
        }
        if rows.iter().any(|row| row.metric.limit.is_some() && self.limit(row).is_none()) {
            text += "A limit lies too far off to be drawn. ";
        }
        text
    }

    /// Draws them.
    pub fn draw(&self, sheet: &Sheet<'_>, axis: &Axis, rows: &[Row<'_>]) -> Drawn {
        let mut plane = plane(sheet, axis, &Axis::places(self.row() * rows.len() as f64))?;
        for (index, row) in rows.iter().enumerate() {
            self.draw_row(&mut plane, axis, row, index as f64 * self.row())?;
        }
        Ok(())
    }

    fn draw_row(&self, plane: &mut Plane<'_>, axis: &Axis, row: &Row<'_>, top: f64) -> Drawn {
        let (left, right) = (axis.span.start, axis.span.end);
        plane.draw_series([Text::new(row.treatment.to_owned(), (left, top + 4.0), styled(Ink::Text))])?;
        let upright = |at: f64, ink: Ink, width: u32| {
            let path = vec![(at, top + NAME - 2.0), (at, top + self.row() - GAP)];
            PathElement::new(path, ink.rgb().stroke_width(width))
        };
        plane.draw_series([upright(0.0, Ink::Zero, 2)])?;
        let estimate = words::with_unit(&words::signed(row.metric.estimate), &self.unit);
        plane.draw_series([Text::new(estimate, (right, top + 4.0), ending(Ink::Traced))])?;
        plane.draw_series(self.dots(row, top + NAME))?;
        let (middle, metric) = (top + NAME + self.band + BAR / 2.0, row.metric);
        if let (Some(low), Some(high)) = (metric.low, metric.high) {
            let bar = Rectangle::new([(low, middle - 5.0), (high, middle + 5.0)], Ink::Traced.rgb().filled());
            plane.draw_series([bar])?;
        }
        let mark = vec![(metric.estimate, middle - 15.0), (metric.estimate, middle + 15.0)];
        plane.draw_series([PathElement::new(mark, Ink::Traced.rgb().stroke_width(5))])?;
        plane.draw_series(self.limit(row).map(|limit| upright(limit, Ink::Limit, 4)))?;
        Ok(())
    }

    /// From the first pair at the top to the last one at the bottom.
    fn dots(&self, row: &Row<'_>, top: f64) -> Vec<Circle<(f64, f64), u32>> {
        let values = &row.differences.values;
        let step = self.band / values.len().max(1) as f64;
        let [low, high] = self.ends;
        let radius = if self.band > 100.0 { 6 } else { 5 };
        let dot = |(index, value): (usize, &f64)| {
            let place = (value.clamp(low, high), top + (index as f64 + 0.5) * step);
            Circle::new(place, radius, Ink::Dot.rgb().filled())
        };
        values.iter().enumerate().step_by(self.every).map(dot).collect()
    }
}

/// Nine of ten pairs of each row and all intervals, with as much again on either side; farther out nothing is drawn.
fn ends(rows: &[Row<'_>]) -> [f64; 2] {
    let of = |row: &Row<'_>| {
        let [low, high] = row.differences.most;
        let room = (high - low).max(f64::MIN_POSITIVE);
        let values = row
            .differences
            .values
            .iter()
            .copied()
            .filter(move |value| (low - room..=high + room).contains(value));
        values
            .chain([row.metric.low, row.metric.high, Some(row.metric.estimate)].into_iter().flatten())
            .collect::<Vec<_>>()
    };
    let all: Vec<f64> = rows.iter().flat_map(of).collect();
    [all.iter().copied().fold(f64::INFINITY, f64::min), all.iter().copied().fold(f64::NEG_INFINITY, f64::max)]
}
