//! Words: which known one was meant, and how a foreign one is shown. Pure.

use crate::printable::first;

/// Below this likeness (0 to 1) a guess misleads more than it helps.
const LIKE_ENOUGH: f64 = 0.55;

/// Which of the known words was most likely meant? Case and the kind of dash do not count.
pub(super) fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    // The likeness takes time with the product of both lengths, and no known word is long.
    let word: String = plain(word).chars().take(60).collect();
    known
        .map(|candidate| (strsim::normalized_damerau_levenshtein(&word, &plain(candidate)), candidate))
        .filter(|(likeness, _)| *likeness >= LIKE_ENOUGH)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

fn plain(word: &str) -> String {
    word.to_lowercase().replace('-', "_")
}

/// A word from a file, fit for a terminal.
pub(super) fn shown(word: &str) -> String {
    first(word, 40)
}
