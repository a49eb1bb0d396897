//! Text that keeps within a size.

/// The pieces from the first on that fit in `room` bytes, and `rest` of the number of pieces that do not. Room for that
/// sentence is kept beforehand.
pub fn fit(pieces: impl IntoIterator<Item = String>, room: usize, rest: impl Fn(usize) -> String) -> String {
    let pieces: Vec<String> = pieces.into_iter().collect();
    let mut text = String::new();
    for (index, piece) in pieces.iter().enumerate() {
        let is_last = index + 1 == pieces.len();
        let kept = if is_last { 0 } else { rest(pieces.len()).len() };
        if text.len() + piece.len() + kept > room {
            return text + &rest(pieces.len() - index);
        }
        text += piece;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn what_does_not_fit_is_counted() {
        let check = |room, expect: &str| {
            let text = fit(["aaaa", "bbbb", "cccc"].map(String::from), room, |left| format!("+{left}"));
            assert_eq!(text, expect, "{room}");
        };
        check(12, "aaaabbbbcccc");
        check(11, "aaaabbbb+1");
        check(10, "aaaabbbb+1");
        check(9, "aaaa+2");
        check(5, "+3");
    }

    #[test]
    fn nothing_needs_no_room() {
        assert_eq!(fit([], 0, |left| format!("+{left}")), "");
    }
}
