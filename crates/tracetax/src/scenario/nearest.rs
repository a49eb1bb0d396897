//! Words: which known one was meant, and how a foreign one is shown. Pure.

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

/// A word from a file, fit for a terminal: what does not print is escaped, what is long is cut.
pub(super) fn shown(word: &str) -> String {
    let cut = if word.chars().nth(40).is_some() { "..." } else { "" };
    format!("{}{cut}", escaped(&word.chars().take(40).collect::<String>()))
}

/// A text with everything escaped that does not print.
pub(super) fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        match c {
            '"' | '\'' | '\\' => out.push(c),
            _ => out.extend(c.escape_debug()),
        }
        out
    })
}
