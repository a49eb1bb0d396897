//! Which source is measured: the driver asks version control, and tells by the environment.

use record::revision::Revision;

/// Set by the driver: the commit, with `-dirty` behind it where tracked files differ from it.
const REVISION: &str = "TRACETAX_REVISION";

/// Set by whoever tests the gate: a known cost is planted in the tracer's programs.
const PLANTED: &str = "TRACETAX_PLANTED";

/// The source that this lab was built from; `None` where the driver did not tell.
#[must_use]
pub fn own() -> Option<Revision> {
    let text = std::env::var(REVISION).ok()?;
    parse(&text, std::env::var_os(PLANTED).is_some())
}

fn parse(text: &str, planted: bool) -> Option<Revision> {
    let (commit, dirty) = text.strip_suffix("-dirty").map_or((text, false), |commit| (commit, true));
    (!commit.is_empty()).then(|| Revision { commit: commit.to_owned(), dirty, planted })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_revision_says_whether_it_is_what_was_committed() {
        assert_eq!(parse("0123456789abcdef", false).unwrap().short(), "0123456789ab");
        assert_eq!(parse("0123456789abcdef-dirty", false).unwrap().short(), "0123456789ab-dirty");
        assert_eq!(parse("0123456789abcdef-dirty", true).unwrap().short(), "0123456789ab-dirty+planted");
        assert_eq!(parse("", false), None);
    }
}
