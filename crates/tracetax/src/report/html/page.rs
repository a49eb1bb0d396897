//! The frame of a page: head, style, and the policy by which a browser asks nobody for anything.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use record::verdict::Word;

use super::{ink, words};

const STYLE: &str = include_str!("style.css");

/// What [`STYLE`] and the colours take at most, in bytes.
pub const STYLE_BYTES: usize = 16_000;

/// Nothing may be fetched, from nowhere; the style is in the page, and the icon in its address.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// A whole page around `body`, which is markup already. `word` gives the icon its colour.
pub fn document(title: &str, word: Word, body: &str) -> String {
    let style = STYLE.to_owned() + &ink::css();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content="tracetax";
                title { (title) }
                link rel="icon" href=(icon(word));
                style { (PreEscaped(style)) }
            }
            body {
                a class="skip" href="#main" { "To the verdict" }
                main id="main" { (PreEscaped(body)) }
            }
        }
    };
    page.into_string()
}

fn icon(word: Word) -> String {
    let colour = match words::tone(word) {
        "good" => "2c6e49",
        "bad" => "9d1f3c",
        _ => "8a6100",
    };
    format!(
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='%23{colour}'/%3E%3C/svg%3E"
    )
}

/// A section of the page; none where it has nothing in it.
pub fn section(id: &str, title: &str, body: &str) -> String {
    if body.is_empty() {
        return String::new();
    }
    let section: Markup = html! {
        section id=(id) aria-labelledby=(format!("{id}-title")) {
            h2 id=(format!("{id}-title")) { (title) }
            (PreEscaped(body))
        }
    };
    section.into_string()
}

#[cfg(test)]
mod tests {
    use super::{STYLE, STYLE_BYTES};
    use crate::report::html::ink;

    #[test]
    fn the_style_keeps_within_what_is_reckoned_for_it() {
        let bytes = STYLE.len() + ink::css().len();
        assert!(bytes <= STYLE_BYTES, "{bytes}");
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    }
}
