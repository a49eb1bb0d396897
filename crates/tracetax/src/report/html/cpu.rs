//! Where the CPU time of the machine went, as stacked bars: an arm each where treatments are few, else the treated ones.

use maud::Markup;
use plotters::{
    element::{Rectangle, Text},
    style::Color,
};
use record::verdict::CpuLedger;

use super::{
    chart::{self, AROUND, Axis, Drawn, Sheet, plane, styled},
    figure::{Figure, Key, Shape, Table},
    ink::Ink,
    words,
};
use crate::judge::figures::ScenarioFigures;

/// With more treatments than this, their untraced arms are left out: they are alike.
const FEW: usize = 4;

type Share = fn(&CpuLedger) -> f64;

/// The parts, in the order of the bars.
const PARTS: [(&str, Share); 9] = [
    ("target", |ledger| ledger.target_pct),
    ("agent", |ledger| ledger.agent_pct),
    ("generator", |ledger| ledger.load_pct),
    ("lab", |ledger| ledger.lab_pct),
    ("core warmer", |ledger| ledger.warmer_pct),
    ("other tasks", |ledger| ledger.rest_pct),
    ("idle", |ledger| ledger.idle_pct),
    ("stolen", |ledger| ledger.steal_pct),
    ("unaccounted", |ledger| ledger.unaccounted_pct),
];

struct Bar<'a> {
    name: String,
    ledger: &'a CpuLedger,
}

/// The figure of a scenario.
pub fn figure(figures: &ScenarioFigures) -> Option<Figure> {
    let bars = bars(figures);
    let first = bars.first()?;
    let there: Vec<usize> = (0..PARTS.len())
        .filter(|part| bars.iter().any(|bar| (PARTS[*part].1)(bar.ledger) >= 0.005))
        .collect();
    let caption = caption(&bars, first);
    Some(Figure {
        title: "Where the CPU time went".into(),
        legend: there
            .iter()
            .map(|part| Key::new(Ink::Part(*part as u8), Shape::Field, PARTS[*part].0))
            .collect(),
        drawing: Some(drawing(&bars, &caption)),
        caption,
        table: table(&bars),
    })
}

fn bars(figures: &ScenarioFigures) -> Vec<Bar<'_>> {
    let few = figures.treatments.len() <= FEW;
    let of = |treatment: &'_ crate::judge::figures::TreatmentFigures| treatment.name.clone();
    let measured = figures.treatments.iter().filter(|treatment| !treatment.pairs.is_empty());
    measured
        .flat_map(|treatment| {
            let [untraced, treated] = &treatment.cpu;
            let untraced =
                few.then(|| Bar { name: format!("untraced, beside {}", of(treatment)), ledger: untraced });
            untraced.into_iter().chain([Bar { name: of(treatment), ledger: treated }])
        })
        .collect()
}

fn caption(bars: &[Bar<'_>], first: &Bar<'_>) -> String {
    let told = bars.iter().max_by(|a, b| a.ledger.agent_pct.total_cmp(&b.ledger.agent_pct)).unwrap_or(first);
    let open: u32 = bars.iter().map(|bar| bar.ledger.blocks_not_closed).sum();
    let closes = match open {
        0 => "Every block adds up.".into(),
        count => format!("{count} blocks do not add up."),
    };
    format!(
        "Elapsed time of all processors is 100 %. In the arm {} the target took {} %, the agent {} %, the generator {} %; {} % was idle and {} % \
         is unaccounted for. {closes}",
        told.name,
        words::number(told.ledger.target_pct),
        words::number(told.ledger.agent_pct),
        words::number(told.ledger.load_pct),
        words::number(told.ledger.idle_pct),
        words::number(told.ledger.unaccounted_pct),
    )
}

/// Of a bar, in units: its name, itself, and room to the next.
const ROW: f64 = 112.0;

fn drawing(bars: &[Bar<'_>], caption: &str) -> Markup {
    let axis = Axis {
        span: 0.0..100.5,
        ticks: vec![0.0, 25.0, 50.0, 75.0, 100.0],
        written: |tick| format!("{tick:.0} %"),
        title: "share of the elapsed time of all processors".into(),
    };
    let height = (ROW * bars.len() as f64) as u32 + AROUND;
    let label = format!("Stacked bars of CPU time. {caption}");
    chart::svg(height, &label, |sheet| draw(sheet, &axis, bars))
}

fn draw(sheet: &Sheet<'_>, axis: &Axis, bars: &[Bar<'_>]) -> Drawn {
    let mut plane = plane(sheet, axis, &Axis::places(ROW * bars.len() as f64))?;
    for (index, bar) in bars.iter().enumerate() {
        let top = index as f64 * ROW;
        plane.draw_series([Text::new(bar.name.clone(), (0.0, top + 2.0), styled(Ink::Text))])?;
        let mut left = 0.0;
        for (part, (_, share)) in PARTS.iter().enumerate() {
            // What is unaccounted for may be a little below nothing: ticks are coarse.
            let right = left + share(bar.ledger).max(0.0);
            let field = Rectangle::new(
                [(left, top + 42.0), (right, top + 84.0)],
                Ink::Part(part as u8).rgb().filled(),
            );
            plane.draw_series((right > left).then_some(field))?;
            left = right;
        }
    }
    Ok(())
}

fn table(bars: &[Bar<'_>]) -> Table {
    let mut head = vec!["arm"];
    head.extend(PARTS.iter().map(|(name, _)| *name));
    let row = |bar: &Bar<'_>| {
        let shares = PARTS.iter().map(|(_, share)| format!("{:.2} %", share(bar.ledger)));
        [bar.name.clone()].into_iter().chain(shares).collect()
    };
    Table::new(&head).with(bars.iter().map(row))
}
