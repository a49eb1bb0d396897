//! The line of a text that a mistake is in. Pure.

use std::ops::Range;

/// One line, with the bytes of it that are meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// Its number, from 1.
    pub(super) number: usize,
    /// Its text without the line end, fit for a terminal.
    pub(super) line: String,
    /// What is meant, in bytes of `line`.
    pub(super) span: Range<usize>,
}

impl Excerpt {
    /// The line in which `span` begins. What the span holds of later lines is left out.
    pub(super) fn of(text: &str, span: &Range<usize>) -> Self {
        let start = at_boundary(text, span.start);
        let first = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line = text[first..].split('\n').next().unwrap_or("");
        let line = line.strip_suffix('\r').unwrap_or(line);
        let from = (start - first).min(line.len());
        let to = at_boundary(line, span.end.saturating_sub(first)).max(from);
        let before = visible(&line[..from]);
        let meant = visible(&line[from..to]);
        Self {
            number: line_number(text, start),
            span: before.len()..before.len() + meant.len(),
            line: before + &meant + &visible(&line[to..]),
        }
    }
}

/// The number of the line, from 1, that a byte is in.
pub(super) fn line_number(text: &str, at: usize) -> usize {
    1 + text[..at_boundary(text, at)].matches('\n').count()
}

fn at_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0)
}

/// The renderer shows the ASCII control characters as pictures; these are those that it would let through.
fn visible(text: &str) -> String {
    text.replace(|c| matches!(c, '\u{80}'..='\u{9f}'), "\u{fffd}")
}
