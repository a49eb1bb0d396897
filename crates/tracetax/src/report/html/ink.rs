//! The colours of the page and of its figures, light and dark.
//!
//! The plotting library writes colours as numbers and knows no classes. So each ink has a number of its own, which is its
//! name in a drawing; the style sheet that [`css`] makes says by that name what is seen, in either mode.

use std::fmt::Write;

use plotters::style::RGBColor;

/// What something is drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Words that are to be read.
    Text,
    /// Words beside the matter: ticks, titles of axes.
    Faint,
    /// Lines of the grid.
    Grid,
    /// The line at zero.
    Zero,
    /// The untraced arm.
    Untraced,
    /// The traced arm, estimates and their intervals.
    Traced,
    /// A single pair.
    Dot,
    /// A limit or tolerance; dashed.
    Limit,
    /// The parts of a whole, in order.
    Part(u8),
}

/// An ink in the light and in the dark.
struct Shade {
    ink: Ink,
    light: u32,
    dark: u32,
}

const fn shade(ink: Ink, light: u32, dark: u32) -> Shade {
    Shade { ink, light, dark }
}

/// Parts of a whole are told apart by lightness too, so that neighbours differ for everybody.
const SHADES: [Shade; 17] = [
    shade(Ink::Text, 0x1f242a, 0xe9e7e2),
    shade(Ink::Faint, 0x5a626b, 0xa6adb5),
    shade(Ink::Grid, 0xe6e3dc, 0x2d3239),
    shade(Ink::Zero, 0x8b9198, 0x767d86),
    shade(Ink::Untraced, 0x3f668f, 0x8fb4dc),
    shade(Ink::Traced, 0xb84a12, 0xf29b62),
    shade(Ink::Dot, 0xc86632, 0xd9834c),
    shade(Ink::Limit, 0x9d1f3c, 0xff8ca1),
    shade(Ink::Part(0), 0x3f668e, 0x6f9ac8),
    shade(Ink::Part(1), 0xb84a13, 0xf29b63),
    shade(Ink::Part(2), 0x8fb0bf, 0x3f6678),
    shade(Ink::Part(3), 0x6d4c8f, 0xb495d6),
    shade(Ink::Part(4), 0xd9b454, 0x8a6c1e),
    shade(Ink::Part(5), 0x5f7f5c, 0x95ba90),
    shade(Ink::Part(6), 0xe9e7e3, 0x2b3037),
    shade(Ink::Part(7), 0x9d1f3d, 0xff8ca0),
    shade(Ink::Part(8), 0xa9a59c, 0x5e6369),
];

impl Ink {
    fn shade(self) -> &'static Shade {
        SHADES.iter().find(|shade| shade.ink == self).unwrap_or(&SHADES[0])
    }

    /// Its name in a drawing: what it is in the light.
    #[must_use]
    pub fn rgb(self) -> RGBColor {
        let [_, red, green, blue] = self.shade().light.to_be_bytes();
        RGBColor(red, green, blue)
    }

    /// The same as text.
    #[must_use]
    pub fn name(self) -> String {
        format!("#{:06X}", self.shade().light)
    }
}

/// Rules that give every drawing its colours in the dark, and dash the limits.
#[must_use]
pub fn css() -> String {
    let limit = Ink::Limit.name();
    let mut css = format!("[stroke='{limit}']{{stroke-dasharray:14 9}}");
    css.push_str("@media(prefers-color-scheme:dark){");
    for Shade { ink, dark, .. } in &SHADES {
        let name = ink.name();
        let _ = write!(css, "[fill='{name}']{{fill:#{dark:06X}}}[stroke='{name}']{{stroke:#{dark:06X}}}");
    }
    css + "}"
}

#[cfg(test)]
mod tests {
    use super::{Ink, SHADES, css};

    #[test]
    fn every_ink_has_a_name_of_its_own() {
        let mut names: Vec<_> = SHADES.iter().map(|shade| shade.ink.name()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), SHADES.len());
    }

    #[test]
    fn the_dark_is_another_colour() {
        assert_eq!(Ink::Part(6).name(), "#E9E7E3");
        assert!(css().contains("[fill='#E9E7E3']{fill:#2B3037}"), "{}", css());
    }
}
