//! Names the tests that are marked `#[ignore = "reason"]`: what did not run is never silent.
//!
//! The sources are read, not the test binaries, so that the list is the same with every test runner.

use std::path::{Path, PathBuf};
use std::{fmt, fs};

use anyhow::{Context, Result};

/// A test that no runner runs unless told to.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Ignored {
    /// Relative to the root.
    pub(crate) file: PathBuf,
    pub(crate) test: String,
    pub(crate) reason: String,
}

impl Ignored {
    /// Whether it stands in a `rooted*.rs`, as all tests that need root do.
    pub(crate) fn is_rooted(&self) -> bool {
        self.is_in("rooted")
    }

    /// Whether it stands in a `browser*.rs`, as all tests that need a browser do.
    pub(crate) fn is_of_pages(&self) -> bool {
        self.is_in("browser")
    }

    fn is_in(&self, prefix: &str) -> bool {
        self.file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix))
    }
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.file.display(), self.test, self.reason)
    }
}

/// Every ignored test of the crates, in order.
pub(crate) fn in_workspace(root: &Path) -> Result<Vec<Ignored>> {
    let mut found = Vec::new();
    for path in rust_files(&root.join("crates"))? {
        let source = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let file = path.strip_prefix(root).unwrap_or(&path);
        let ignored = |(test, reason): (&str, &str)| Ignored {
            file: file.to_owned(),
            test: test.to_owned(),
            reason: reason.to_owned(),
        };
        found.extend(in_source(&source).into_iter().map(ignored));
    }
    found.sort();
    Ok(found)
}

fn rust_files(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).with_context(|| format!("cannot list {}", directory.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}

/// Pairs of test and reason: an attribute counts for the next function.
fn in_source(source: &str) -> Vec<(&str, &str)> {
    let mut reason = None;
    let mut found = Vec::new();
    for line in source.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("#[ignore") {
            reason = Some(rest.split('"').nth(1).unwrap_or("no reason given"));
        } else if let Some(test) = function_name(line) {
            found.extend(reason.take().map(|reason| (test, reason)));
        }
    }
    found
}

fn function_name(line: &str) -> Option<&str> {
    line.trim_start_matches("pub ").trim_start_matches("async ").strip_prefix("fn ")?.split(['(', '<']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_tests_are_named_with_their_reason() {
        let source = r#"
            #[test]
            fn runs() {}

            #[test]
            #[ignore = "needs root"]
            #[should_panic]
            fn traces_every_request() {}

            #[ignore]
            #[tokio::test]
            async fn slow() {}

            fn helper() {}
        "#;
        let expect = [("traces_every_request", "needs root"), ("slow", "no reason given")];
        assert_eq!(in_source(source), expect);
        assert_eq!(in_source("#[test]\nfn runs() {}"), []);
    }
}
