//! Licences and sources of all that is depended on, as `deny.toml` allows them.
//!
//! Each rule is a pure function of a package; one test asks it about this workspace, another shows that it can fail.

// Clippy allows unwrap in tests, and does not see that their helpers are such.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::{env, fs};

use cargo_metadata::MetadataCommand;
use serde::Deserialize;
use spdx::{Expression, Licensee, ParseMode};

/// What `deny.toml` says of this; `cargo deny` checks the rest of it.
#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
    allow_git: Vec<String>,
}

fn root() -> PathBuf {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap();
    Path::new(&manifest).parent().unwrap().to_owned()
}

fn deny() -> Deny {
    toml::from_str(&fs::read_to_string(root().join("deny.toml")).unwrap()).unwrap()
}

/// Whether one of the allowed licences is enough for a package. A slash stands for `OR` in older packages.
fn is_licensed(expression: Option<&str>, allowed: &[String]) -> bool {
    let allowed: Vec<_> = allowed.iter().map(|name| Licensee::parse(name).unwrap()).collect();
    let parsed = expression.and_then(|text| Expression::parse_mode(text, ParseMode::LAX).ok());
    parsed.is_some_and(|parsed| {
        parsed.evaluate(|wanted| allowed.iter().any(|licence| licence.satisfies(wanted)))
    })
}

/// Whether a package comes from an allowed registry, or lies in this workspace.
fn has_good_source(source: Option<&str>, sources: &Sources) -> bool {
    let Some(source) = source else { return true };
    let registry = source.strip_prefix("registry+");
    registry.is_some_and(|registry| sources.allow_registry.iter().any(|allowed| allowed == registry))
}

#[test]
fn all_that_is_depended_on_is_allowed() {
    let deny = deny();
    assert!(deny.sources.allow_git.is_empty(), "this test knows no source but registries");
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).exec().unwrap();
    assert!(metadata.packages.len() > 100);
    for package in &metadata.packages {
        let (name, licence) = (&package.name, package.license.as_deref());
        assert!(
            is_licensed(licence, &deny.licenses.allow),
            "{name}: {licence:?} is not allowed by deny.toml: take another crate, or allow it there with a reason"
        );
        let source = package.source.as_ref().map(|source| source.repr.as_str());
        assert!(has_good_source(source, &deny.sources), "{name}: {source:?} is not allowed by deny.toml");
    }
}

#[test]
fn what_is_not_allowed_is_found() {
    let allowed = ["Apache-2.0", "MIT", "Zlib"].map(String::from);
    for good in ["MIT", "MIT/Apache-2.0", "Unlicense OR MIT", "(MIT OR GPL-2.0-only) AND Zlib"] {
        assert!(is_licensed(Some(good), &allowed), "{good}");
    }
    for wrong in ["GPL-3.0-only", "MIT AND GPL-2.0-or-later", "mine", ""] {
        assert!(!is_licensed(Some(wrong), &allowed), "{wrong}");
    }
    assert!(!is_licensed(None, &allowed));
    let sources = Sources { allow_registry: vec!["https://a/index".into()], allow_git: vec![] };
    assert!(has_good_source(None, &sources) && has_good_source(Some("registry+https://a/index"), &sources));
    for wrong in ["registry+https://b/index", "git+https://a/index", "https://a/index", ""] {
        assert!(!has_good_source(Some(wrong), &sources), "{wrong}");
    }
}
