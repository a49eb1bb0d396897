//! Turns the bytes that a child writes into replies. What it says is not trusted: a line is bounded, and
//! shown only with its control characters escaped.

use std::{
    io::{self, BufRead, BufReader, Read},
    sync::mpsc::SyncSender,
};

use serde::de::DeserializeOwned;

use crate::{
    printable::{beginning, first},
    world::Line,
};

/// The longest line: far above any reply, far below what would hurt the lab.
const LINE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Characters of a line that an error shows.
const SHOWN_CHARS: usize = 120;

/// Sends every line of `output`, until the first that is none, the end, or nobody listens.
pub(super) fn forward(output: impl Read, lines: &SyncSender<Line>) {
    let mut reader = BufReader::new(output);
    while let Some(line) = next(&mut reader, LINE_BYTES_MAX) {
        let is_last = line.is_err();
        if lines.send(line).is_err() || is_last {
            return;
        }
    }
}

/// Everything that is wrong with what a child might say, in replies of this type.
#[must_use]
pub fn wrong_with<R: DeserializeOwned>(mut bytes: &[u8]) -> String {
    let lines = std::iter::from_fn(|| next(&mut bytes, LINE_BYTES_MAX));
    let replies = lines.map(|line| line.and_then(|line| parse::<R>(&line)));
    replies.filter_map(Result::err).collect::<Vec<_>>().join("\n")
}

/// The next line without its end, or what is wrong with it; `None` at the end.
fn next(reader: &mut impl BufRead, bytes_max: usize) -> Option<Line> {
    match next_line(reader, bytes_max) {
        Ok(line) if line.is_empty() => None,
        Ok(line) => Some(whole(line, bytes_max)),
        Err(error) => Some(Err(format!("cannot be heard: {error}"))),
    }
}

/// At most one byte more than a line may have, with its line feed where it was reached.
fn next_line(reader: &mut impl BufRead, bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    reader.take(bytes_max as u64 + 1).read_until(b'\n', &mut line)?;
    Ok(line)
}

fn whole(mut line: Vec<u8>, bytes_max: usize) -> Line {
    if line.pop_if(|byte| *byte == b'\n').is_some() {
        return Ok(line);
    }
    let what = if line.len() > bytes_max { "has said an endless line" } else { "has stopped amid a line" };
    Err(format!("{what}: {}", shown(&line, SHOWN_CHARS)))
}

/// A line as a reply, or what is wrong with it.
pub(super) fn parse<R: DeserializeOwned>(line: &[u8]) -> Result<R, String> {
    serde_json::from_slice(line).map_err(|error| {
        // It may name what was said.
        let error = beginning(&error.to_string());
        format!("has said what is no reply ({error}): {}", shown(line, SHOWN_CHARS))
    })
}

/// The first `chars` characters of foreign text, fit for a terminal.
pub(super) fn shown(text: &[u8], chars: usize) -> String {
    // A character has at most 4 bytes; no more needs looking at.
    let cut = text.len().min(4 * chars + 4);
    first(&String::from_utf8_lossy(&text[..cut]), chars)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{next, parse, shown};

    fn replies(mut bytes: &[u8]) -> Vec<String> {
        std::iter::from_fn(|| next(&mut bytes, 16))
            .map(|line| line.and_then(|line| parse::<Value>(&line)))
            .map(|reply| reply.map_or_else(|wrong| format!("WRONG {wrong}"), |value| value.to_string()))
            .collect()
    }

    #[test]
    fn each_line_is_a_reply() {
        assert_eq!(replies(b"{\"a\":1}\n2\n"), ["{\"a\":1}", "2"]);
        assert!(replies(b"").is_empty());
    }

    #[test]
    fn what_is_no_reply_is_shown_harmlessly() {
        let wrong = "WRONG has said what is no reply (expected value at line 1 column 1): \\u{1b}[31mred";
        assert_eq!(replies(b"\x1b[31mred\n"), [wrong]);
        assert_eq!(replies(b"1\n{\"a\":"), ["1", "WRONG has stopped amid a line: {\"a\":"]);
        assert_eq!(replies(b"\xff\n").len(), 1);
    }

    #[test]
    fn a_line_is_as_long_as_allowed_and_no_longer() {
        assert_eq!(replies(b"\"3456789012345\"\n"), ["\"3456789012345\""]);
        assert_eq!(replies(b"00000000000000000\n")[0], "WRONG has said an endless line: 00000000000000000");
    }

    #[test]
    fn only_the_beginning_is_shown() {
        assert_eq!(shown(b"abcdef", 3), "abc ...");
        assert_eq!(shown("d\u{e9}j\u{e0}".as_bytes(), 9), "d\u{e9}j\u{e0}");
        assert_eq!(shown("a\u{202e}b\n".as_bytes(), 9), "a\\u{202e}b\\n");
    }
}
