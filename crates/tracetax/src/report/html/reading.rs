//! How to read the page.

use maud::{Markup, html};
use record::verdict::Word;

use super::words;
use crate::report::words::meaning;

const TERMS: [(&str, &str); 7] = [
    (
        "Pair",
        "Two neighbouring blocks of load, one traced and one not, in an order that a coin decided before the run. Traced less \
         untraced is one sample, however many requests it holds.",
    ),
    (
        "Estimate and interval",
        "The middle of the differences of all pairs (Hodges-Lehmann). If the same run were repeated often, about 95 of 100 \
         intervals would hold the true difference.",
    ),
    (
        "MDE",
        "The least difference that a run like this one finds in 80 of 100 cases. What is smaller than that, this run cannot see.",
    ),
    (
        "Limit",
        "It holds when the cost is surely within it and fails when it is surely beyond: p is at most 1 %, and less where several \
         scenarios have the same limit, so this is surer than the interval that is shown. Anything else is inconclusive.",
    ),
    (
        "Dots",
        "A dot is a pair, the first of the run at the top and the last at the bottom. A slanted or broken column of dots is a \
         machine that has drifted; the pairing takes most of that out.",
    ),
    (
        "Response times",
        "The axis gives each nine the same room: half of the requests are left of 50 %, one in a hundred is right of 99 %. Time \
         counts from the moment a request was planned, so a late generator cannot hide a slow server.",
    ),
    (
        "CPU time",
        "Elapsed time of all processors, by who used it. Parts that add up to less than 100 % leave something unaccounted for, which \
         is shown.",
    ),
];

/// The section.
pub fn show() -> Markup {
    html! {
        section id="reading" aria-labelledby="reading-title" {
            h2 id="reading-title" { "How to read this" }
            dl class="terms" { @for (term, said) in TERMS { div { dt { (term) } dd { (said) } } } }
            h3 { "Words, worst first" }
            dl class="terms" { @for word in Word::ALL { div { dt { (words::badge(word)) } dd { (meaning(word)) } } } }
        }
    }
}
