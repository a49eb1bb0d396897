//! How the levels of a soak went on: what the agent holds, and what the target does.

use plotters::{element::PathElement, style::Color};
use record::{
    soak::{Soak, Trend},
    verdict::TreatmentVerdict,
};

use super::{
    chart::{self, Axis, plane},
    figure::{Figure, Table},
    ink::Ink,
    words,
};
use crate::report::labels::level;

/// What is drawn: the rest is in the table of levels.
const DRAWN: [&str; 4] = ["agent_rss_and_maps_mb", "agent_group_mb", "agent_descriptors", "target_rss_mb"];

/// A line of these has a figure.
const LEAST_POINTS: usize = 2;

/// The figures of a treatment; none where it was not soaked.
pub fn figures(treatment: &TreatmentVerdict) -> Vec<Figure> {
    let trends = treatment.soak.iter().flat_map(|soak: &Soak| &soak.trends);
    let drawn =
        trends.filter(|trend| DRAWN.contains(&trend.name.as_str()) && trend.points.len() >= LEAST_POINTS);
    drawn.map(|trend| figure(&treatment.name, trend)).collect()
}

fn figure(name: &str, trend: &Trend) -> Figure {
    let measured = level(&trend.name);
    let up = Axis::from_zero(trend.points.iter().map(|point| point.1), measured);
    let across = Axis::from_zero(trend.points.iter().map(|point| point.0), "since the first window, minutes");
    let caption = caption(measured, trend);
    let label = format!("A line over time, {name}. {caption}");
    let drawing = chart::svg(400, &label, |sheet| {
        let mut plane = plane(sheet, &across, &up)?;
        plane.draw_series([PathElement::new(trend.points.clone(), Ink::Traced.rgb().stroke_width(6))])?;
        Ok(())
    });
    let rows =
        trend.points.iter().map(|(minutes, value)| vec![words::number(*minutes), words::number(*value)]);
    Figure {
        title: format!("{measured}, over time, {name}"),
        legend: Vec::new(),
        drawing: Some(drawing),
        caption,
        table: Table::new(&["minutes", measured]).with(rows),
    }
}

fn caption(measured: &str, trend: &Trend) -> String {
    let [first, last, least, greatest] =
        [trend.first, trend.last, trend.least, trend.greatest].map(words::number);
    let slope = trend.per_hour.map_or_else(String::new, |slope| {
        format!(
            " The slope is {} an hour, between {}.",
            words::number(slope.estimate),
            words::interval(slope.low, slope.high).replace(" to ", " and ")
        )
    });
    format!(
        "{measured}: begins at {first} and ends at {last}, between {least} and {greatest}.{slope} A point is the median of \
         neighbouring windows."
    )
}

#[cfg(test)]
mod tests {
    use super::figure;
    use crate::report::soak::tests::soak;

    #[test]
    fn a_level_is_drawn_and_told() {
        let leaking = figure("traced", &soak().trends[0]);
        assert!(leaking.drawing.is_some());
        insta::assert_snapshot!(leaking.caption);
    }
}
