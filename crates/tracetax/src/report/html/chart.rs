//! What all drawings have in common: their size, their axes, their text. The plotting library draws them as SVG.
//!
//! Every drawing is 960 units wide and shown at half of that or less, so that whole units are fine enough and text can
//! still be read on a phone.

use std::{io, ops::Range};

use maud::{Markup, PreEscaped, html};
use plotters::{
    chart::{ChartBuilder, ChartContext},
    coord::{
        Shift,
        cartesian::Cartesian2d,
        ranged1d::{BoldPoints, DefaultFormatting, KeyPointHint, Ranged},
        types::RangedCoordf64,
    },
    drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea},
    element::Text,
    prelude::SVGBackend,
    style::{
        Color, FontDesc, FontFamily, FontStyle, TextStyle,
        text_anchor::{HPos, Pos, VPos},
    },
};

use super::ink::Ink;

/// Width of every drawing, in units.
pub const WIDTH: u32 = 960;

/// Height of text, in units, as in the style sheet.
const TEXT: f64 = 27.0;

/// What a drawing needs in height beside its rows, in units.
pub const AROUND: u32 = BELOW + 8;

/// Room for the ticks and the title of the horizontal axis, in units.
const BELOW: u32 = 96;

/// Between an axis and what is written beside it, in units.
const TICK: u32 = 12;

/// The library makes text smaller than it is told to, by this factor.
const SHRUNK: f64 = 1.24;

/// What is drawn on.
pub type Sheet<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A drawing with both its axes.
pub type Plane<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<Ticked, Ticked>>;

/// How drawing ends. Drawing into text cannot fail.
pub type Drawn<T = ()> = Result<T, DrawingAreaErrorKind<io::Error>>;

/// Draws, and puts it into an element that says in words what it is.
pub fn svg(height: u32, label: &str, draw: impl FnOnce(&Sheet<'_>) -> Drawn) -> Markup {
    let mut text = String::new();
    {
        let sheet = SVGBackend::with_string(&mut text, (WIDTH, height)).into_drawing_area();
        draw(&sheet).and_then(|()| sheet.present()).expect("text takes whatever is drawn");
    }
    let inside = text
        .split_once('>')
        .and_then(|(_, rest)| rest.rsplit_once("</svg>"))
        .map_or("", |(inside, _)| inside);
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-label=(label) { (PreEscaped(compact(inside))) }
    }
}

/// Leaves out what says nothing, or is said by the style sheet: half of the bytes.
fn compact(svg: &str) -> String {
    let size = format!(" font-size=\"{}\"", TEXT * SHRUNK / SHRUNK);
    let nothing = [
        "\n",
        " opacity=\"1\"",
        " stroke=\"none\"",
        " stroke-width=\"0\"",
        " font-family=\"sans-serif\"",
        size.as_str(),
    ];
    nothing.iter().fold(svg.to_owned(), |text, nothing| text.replace(nothing, ""))
}

/// An axis: from where to where, and what is written beside it.
pub struct Axis {
    /// From where to where.
    pub span: Range<f64>,
    /// Where lines of the grid are.
    pub ticks: Vec<f64>,
    /// What is written at one.
    pub written: fn(f64) -> String,
    /// What it measures, with its unit.
    pub title: String,
}

impl Axis {
    /// An axis of plain numbers that has all of these on it, and some room on either side.
    pub fn around(values: impl IntoIterator<Item = f64>, title: impl Into<String>) -> Self {
        Self::over(padded(values), title)
    }

    /// An axis of plain numbers that has all of these and zero on it, which is its end where none is below.
    pub fn from_zero(values: impl IntoIterator<Item = f64>, title: impl Into<String>) -> Self {
        let values: Vec<f64> = values.into_iter().chain([0.0]).collect();
        let span = padded(values.iter().copied());
        let start = if values.iter().any(|value| *value < 0.0) { span.start } else { 0.0 };
        Self::over(start..span.end, title)
    }

    fn over(span: Range<f64>, title: impl Into<String>) -> Self {
        let ticks = RangedCoordf64::from(span.clone()).key_points(BoldPoints(6));
        Self { span, ticks, written: plain, title: title.into() }
    }

    /// An axis that nobody sees: what is drawn counts its places from the top.
    pub fn places(count: f64) -> Self {
        Self { span: count..0.0, ticks: Vec::new(), written: plain, title: String::new() }
    }
}

/// A number of a tick, without digits that say nothing.
fn plain(number: f64) -> String {
    let text = format!("{number:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.replace('-', "\u{2212}") }
}

/// From the least to the greatest, and a twentieth more on either side; never nothing.
fn padded(values: impl IntoIterator<Item = f64>) -> Range<f64> {
    let finite = values.into_iter().filter(|value| value.is_finite());
    let (low, high) = finite
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low > high {
        return 0.0..1.0;
    }
    let room = if high > low { (high - low) / 20.0 } else { high.abs().max(1.0) / 10.0 };
    low - room..high + room
}

/// Both axes with the grid of the horizontal one, and of the vertical one where that has ticks.
pub fn plane<'a>(sheet: &Sheet<'a>, across: &Axis, up: &Axis) -> Drawn<Plane<'a>> {
    let mut builder = ChartBuilder::on(sheet);
    builder.margin_right(24).x_label_area_size(BELOW);
    builder.margin_top(if up.title.is_empty() { 8 } else { 52 });
    builder.margin_left(if up.ticks.is_empty() { 4 } else { 0 });
    builder.y_label_area_size(if up.ticks.is_empty() { 0 } else { widest(up) });
    let (x, y) = (ticked(across), ticked(up));
    let mut plane = builder.build_cartesian_2d(x, y)?;
    let (written_across, written_up) = (|x: &f64| (across.written)(*x), |y: &f64| (up.written)(*y));
    let mut mesh = plane.configure_mesh();
    mesh.light_line_style(Ink::Grid.rgb().mix(0.0)).bold_line_style(Ink::Grid.rgb().stroke_width(2));
    mesh.axis_style(Ink::Grid.rgb().mix(0.0)).set_all_tick_mark_size(TICK);
    mesh.label_style(styled(Ink::Faint)).axis_desc_style(styled(Ink::Faint)).x_desc(across.title.as_str());
    mesh.x_label_formatter(&written_across).y_label_formatter(&written_up);
    mesh.x_labels(across.ticks.len().max(1)).y_labels(up.ticks.len().max(1)).draw()?;
    if !up.title.is_empty() {
        sheet.draw(&Text::new(up.title.clone(), (0, 6), styled(Ink::Faint)))?;
    }
    Ok(plane)
}

/// An axis of the library, with the ticks that were chosen here.
pub struct Ticked {
    axis: RangedCoordf64,
    ticks: Vec<f64>,
}

impl Ranged for Ticked {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.axis.map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.axis.range()
    }
}

fn ticked(axis: &Axis) -> Ticked {
    Ticked { axis: axis.span.clone().into(), ticks: axis.ticks.clone() }
}

/// Room for the widest tick, in units.
fn widest(axis: &Axis) -> u32 {
    let digits = axis.ticks.iter().map(|tick| (axis.written)(*tick).chars().count()).max().unwrap_or(0);
    24 + 15 * digits as u32
}

/// Text of this ink.
pub fn styled(ink: Ink) -> TextStyle<'static> {
    let font = FontDesc::new(FontFamily::SansSerif, TEXT * SHRUNK, FontStyle::Normal);
    let plain = TextStyle::from(font);
    TextStyle { color: ink.rgb().to_backend_color(), ..plain }
}

/// The same, ending where it is put.
pub fn ending(ink: Ink) -> TextStyle<'static> {
    styled(ink).pos(Pos::new(HPos::Right, VPos::Top))
}

#[cfg(test)]
mod tests {
    use super::{Axis, plain, svg};

    #[test]
    fn an_axis_has_room_whatever_is_on_it() {
        let span = |values: &[f64]| Axis::around(values.iter().copied(), "us").span;
        assert_eq!(span(&[0.0, 2.0]), -0.1..2.1);
        assert_eq!(span(&[5.0]), 4.5..5.5);
        assert_eq!(span(&[]), 0.0..1.0);
        assert_eq!(span(&[f64::NAN, f64::INFINITY]), 0.0..1.0);
        assert_eq!(Axis::from_zero([2.0], "us").span, 0.0..2.1);
        assert_eq!(Axis::from_zero([-2.0], "us").span, -2.1..0.1);
    }

    #[test]
    fn a_tick_has_no_idle_digits() {
        assert_eq!([0.5, -0.25, 10.0, -0.00001].map(plain), ["0.5", "\u{2212}0.25", "10", "0"]);
    }

    #[test]
    fn a_label_is_escaped() {
        assert!(
            svg(10, "<a> \"b\"", |_| Ok(()))
                .into_string()
                .contains(r#"aria-label="&lt;a&gt; &quot;b&quot;""#)
        );
    }
}
