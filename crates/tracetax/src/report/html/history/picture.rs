//! The drawing of a cost over runs.

use plotters::{
    element::{Circle, PathElement, Rectangle, Text},
    style::Color,
};
use record::verdict::Word;

use crate::{
    history::{Level, Point},
    report::html::{
        chart::{Axis, Drawn, Plane, Sheet, plane, styled},
        ink::Ink,
    },
};

/// With more revisions than this their names would lie on each other.
const MOST_NAMES: usize = 6;

/// What is drawn.
pub struct Picture<'a> {
    points: &'a [Point],
    accepted: Option<&'a Level>,
}

impl<'a> Picture<'a> {
    /// The picture of these runs.
    pub fn of(points: &'a [Point], accepted: Option<&'a Level>) -> Self {
        Self { points, accepted }
    }

    /// Draws it: a run has a place of its own, whatever time went by in between.
    pub fn draw(&self, sheet: &Sheet<'_>) -> Drawn {
        let count = self.points.len() as f64;
        let across = Axis {
            span: 0.0..count,
            ticks: Vec::new(),
            written: |_| String::new(),
            title: "runs, the oldest first".into(),
        };
        let up = Axis::from_zero(self.heights(), "server CPU per request, µs");
        let mut plane = plane(sheet, &across, &up)?;
        self.draw_revisions(&mut plane, up.span.end, up.span.start)?;
        if let Some(level) = self.accepted {
            let tolerated = level.mean + level.tolerance;
            plane.draw_series([Rectangle::new(
                [(0.0, level.mean), (count, tolerated)],
                Ink::Grid.rgb().filled(),
            )])?;
            let ends =
                |at: f64| PathElement::new(vec![(0.0, at), (count, at)], Ink::Limit.rgb().stroke_width(4));
            plane.draw_series([ends(level.mean), ends(tolerated)])?;
        }
        for (index, point) in self.points.iter().enumerate() {
            draw_point(&mut plane, index as f64 + 0.5, point)?;
        }
        Ok(())
    }

    /// All that must be on the axis, and room above it for the names of revisions.
    fn heights(&self) -> Vec<f64> {
        let of = |point: &Point| [Some(point.metric.estimate), point.metric.low, point.metric.high];
        let runs = self.points.iter().flat_map(of).flatten();
        let mut all: Vec<f64> = runs.chain(self.accepted.map(|level| level.mean + level.tolerance)).collect();
        let highest = all.iter().copied().fold(0.0, f64::max);
        let lowest = all.iter().copied().fold(0.0, f64::min);
        all.push(highest + (highest - lowest) / 6.0);
        all
    }

    /// A line where the revision changes; its name where there is room for all.
    fn draw_revisions(&self, plane: &mut Plane<'_>, top: f64, bottom: f64) -> Drawn {
        let changes: Vec<usize> = (0..self.points.len())
            .filter(|index| *index == 0 || self.points[*index].revision != self.points[index - 1].revision)
            .collect();
        for index in &changes {
            let at = *index as f64;
            let line = PathElement::new(vec![(at, bottom), (at, top)], Ink::Grid.rgb().stroke_width(2));
            plane.draw_series([line])?;
            if changes.len() <= MOST_NAMES {
                let name = self.points[*index].revision.as_deref().unwrap_or("unknown");
                let name: String = name.chars().take(7).collect();
                plane.draw_series([Text::new(format!(" {name}"), (at, top), styled(Ink::Faint))])?;
            }
        }
        Ok(())
    }
}

fn draw_point(plane: &mut Plane<'_>, at: f64, point: &Point) -> Drawn {
    let ink = if point.word == Word::Invalid { Ink::Zero } else { Ink::Traced };
    if let (Some(low), Some(high)) = (point.metric.low, point.metric.high) {
        plane.draw_series([PathElement::new(vec![(at, low), (at, high)], ink.rgb().stroke_width(6))])?;
    }
    plane.draw_series([Circle::new((at, point.metric.estimate), 8, ink.rgb().filled())])?;
    Ok(())
}
