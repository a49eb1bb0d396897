//! Text that others wrote, made fit for a terminal. Pure.
//!
//! A file or a child may hold what moves a cursor, renames a window or turns a line around. Nothing of it is ever printed as it is.

/// Characters of foreign text that a message shows.
const SHOWN: usize = 240;

/// Whether a character takes hold of a terminal: all control characters, ends of lines and tabs among them, and what changes the
/// direction of text (Unicode Standard Annex 9, table of formatting characters).
#[must_use]
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A whole text, with ends of lines and tabs as they are, and every other hostile character escaped.
#[must_use]
pub fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hostile(c) && !matches!(c, '\n' | '\t') {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A text on one line, with everything escaped that does not print.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\'' | '\\' => shown.push(c),
            _ => shown.extend(c.escape_debug()),
        }
    }
    shown
}

/// The beginning of a text, [`escaped`].
#[must_use]
pub fn beginning(text: &str) -> String {
    first(text, SHOWN)
}

/// At most so many characters of a text, [`escaped`].
#[must_use]
pub fn first(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => escaped(&text[..end]) + " ...",
        None => escaped(text),
    }
}

#[cfg(test)]
mod tests {
    use super::{SHOWN, beginning, first, harmless};

    #[test]
    fn what_takes_hold_of_a_terminal_is_escaped() {
        assert_eq!(harmless("a\n\tb\u{1b}[2J\u{9b}\u{202e}\u{e9}"), "a\n\tb\\u{1b}[2J\\u{9b}\\u{202e}\u{e9}");
        assert_eq!(beginning("a\nb\u{1b}\u{2066}\u{e9}"), "a\\nb\\u{1b}\\u{2066}\u{e9}");
    }

    #[test]
    fn only_the_beginning_of_a_long_text_is_shown() {
        let whole = "x".repeat(SHOWN);
        assert_eq!(beginning(&whole), whole);
        assert_eq!(beginning(&(whole.clone() + "y")), whole + " ...");
        assert_eq!(first("d\u{e9}j\u{e0} \"vu\"", 3), "d\u{e9}j ...");
        assert_eq!(first("d\u{e9}j\u{e0} \"vu\"", 9), "d\u{e9}j\u{e0} \"vu\"");
    }
}
