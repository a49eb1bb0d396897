//! A figure: drawing, legend, what it shows in words with numbers, and the numbers themselves.

use maud::{Markup, html};

use super::ink::Ink;

/// A figure of the page.
pub struct Figure {
    /// What it is about.
    pub title: String,
    /// What the marks are.
    pub legend: Vec<Key>,
    /// The drawing; absent where there was nothing to draw, which `caption` says then.
    pub drawing: Option<Markup>,
    /// What it shows, in words, with numbers.
    pub caption: String,
    /// The numbers that are drawn.
    pub table: Table,
}

/// One entry of a legend.
pub struct Key {
    /// Its ink.
    pub ink: Ink,
    /// Its shape.
    pub shape: Shape,
    /// What it stands for.
    pub text: String,
}

/// The shape of a mark in a legend.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A dot.
    Dot,
    /// A line.
    Line,
    /// A field.
    Field,
}

impl Key {
    /// An entry.
    pub fn new(ink: Ink, shape: Shape, text: impl Into<String>) -> Self {
        Self { ink, shape, text: text.into() }
    }

    fn show(&self) -> Markup {
        let ink = self.ink.name();
        html! {
            li {
                svg viewBox="0 0 44 20" class="key" aria-hidden="true" {
                    @match self.shape {
                        Shape::Dot => circle cx="22" cy="10" r="7" fill=(ink) {},
                        Shape::Line => line x1="0" y1="10" x2="44" y2="10" stroke=(ink) stroke-width=(width(self.ink)) {},
                        Shape::Field => rect x="10" y="0" width="24" height="20" fill=(ink) {},
                    }
                }
                (self.text)
            }
        }
    }
}

/// Lines of one legend differ in width too.
fn width(ink: Ink) -> &'static str {
    if ink == Ink::Traced { "7" } else { "4" }
}

/// Rows of text under a head.
#[derive(Default)]
pub struct Table {
    /// The head.
    pub head: Vec<String>,
    /// The rows; the first cell of each is its name.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table under this head.
    pub fn new(head: &[&str]) -> Self {
        Self { head: head.iter().map(|cell| (*cell).to_owned()).collect(), rows: Vec::new() }
    }

    /// The same with these rows.
    pub fn with(self, rows: impl IntoIterator<Item = Vec<String>>) -> Self {
        Self { rows: rows.into_iter().collect(), ..self }
    }

    /// The table, in a box that scrolls where it is wider than the page. `label` names that box, once a page.
    pub fn show(&self, label: &str) -> Markup {
        html! {
            div class="wide" tabindex="0" role="region" aria-label=(label) {
                table {
                    thead { tr { @for cell in &self.head { th scope="col" { (cell) } } } }
                    tbody {
                        @for row in &self.rows {
                            tr {
                                @for (index, cell) in row.iter().enumerate() {
                                    @if index == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

impl Figure {
    /// The figure, in the part of the page of this name.
    pub fn show(&self, part: &str) -> Markup {
        html! {
            figure {
                h4 { (self.title) }
                @if !self.legend.is_empty() { ul class="legend" { @for key in &self.legend { (key.show()) } } }
                @if let Some(drawing) = &self.drawing { (drawing) }
                figcaption { (self.caption) }
                @if !self.table.rows.is_empty() {
                    details {
                        summary { "The numbers" span class="unseen" { " of " (self.title) ", " (part) } }
                        (self.table.show(&format!("Numbers: {}, {part}", self.title)))
                    }
                }
            }
        }
    }
}
