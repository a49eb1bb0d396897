//! The pages for people lead only to what exists: files, headings, paths and commands. Nothing is fetched.
//!
//! Each rule gives the faults of a page; one test asks it about the pages, another shows that it can fail.

// Clippy allows unwrap in tests, and does not see that their helpers are such.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use pulldown_cmark::{BrokenLink, CowStr, Event, LinkType, Options, Parser, Tag, TagEnd};

/// The pages at the root; those of `docs/` come to them.
const AT_ROOT: [&str; 4] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];

/// Folders of the repository: code in a page that begins with one of them is a path.
const FOLDERS: [&str; 8] =
    ["crates/", "xtask/", "scenarios/", "schemas/", "docs/", "fuzz/", "baselines/", ".github/"];

/// What leads nowhere, as an address.
const NOWHERE: &str = "\0";

fn root() -> PathBuf {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap();
    Path::new(&manifest).parent().unwrap().to_owned()
}

/// Each page by its path from the root.
fn pages() -> BTreeMap<String, String> {
    let in_docs = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().file_name());
    let in_docs = in_docs.map(|name| format!("docs/{}", name.to_str().unwrap()));
    let names = AT_ROOT.map(str::to_owned).into_iter().chain(in_docs.filter(|name| name.ends_with(".md")));
    names.map(|name| (name.clone(), fs::read_to_string(root().join(name)).unwrap())).collect()
}

/// What a page holds.
#[derive(Debug, Default, PartialEq)]
struct Page {
    links: Vec<String>,
    /// The anchors of its headings.
    anchors: Vec<String>,
    /// Code within a line.
    code: Vec<String>,
    /// Blocks of code.
    blocks: Vec<String>,
}

fn read(text: &str) -> Page {
    // `[word]` alone may be meant as it stands; `[text][word]` is a link without an address.
    let mut broken = |link: BrokenLink<'_>| {
        let is_link = !matches!(link.link_type, LinkType::Shortcut | LinkType::ShortcutUnknown);
        is_link.then(|| (CowStr::from(NOWHERE), CowStr::from("")))
    };
    let mut page = Page::default();
    let (mut heading, mut block) = (None, None);
    for event in Parser::new_with_broken_link_callback(text, Options::ENABLE_TABLES, Some(&mut broken)) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                page.links.push(dest_url.into_string());
            }
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                page.anchors.push(anchor(&heading.take().unwrap(), &page.anchors));
            }
            Event::Start(Tag::CodeBlock(_)) => block = Some(String::new()),
            Event::End(TagEnd::CodeBlock) => page.blocks.extend(block.take()),
            Event::Text(text) | Event::Code(text) if heading.is_some() => {
                heading.as_mut().unwrap().push_str(&text);
            }
            Event::Text(text) if block.is_some() => block.as_mut().unwrap().push_str(&text),
            Event::Code(code) => page.code.push(code.into_string()),
            _ => {}
        }
    }
    page
}

/// The anchor that GitHub gives a heading: small letters, digits, `-` and `_`, with `-` for a space; a second one of the
/// same name is numbered (github.com/Flet/github-slugger has the rule).
fn anchor(heading: &str, before: &[String]) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    let name = kept.collect::<String>().replace(' ', "-");
    let numbered = (1..).map(|number| format!("{name}-{number}"));
    [name.clone()].into_iter().chain(numbered).find(|name| !before.contains(name)).unwrap()
}

/// What is wrong with a link of the page `from`; None for nothing.
fn fault(from: &str, link: &str, anchors_of: impl Fn(&str) -> Option<Vec<String>>) -> Option<String> {
    if link == NOWHERE {
        return Some("a link to a name that the page does not define".to_owned());
    }
    if link.contains(':') {
        return (!is_address(link)).then(|| format!("{link} is no address of https"));
    }
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let target = if path.is_empty() { Some(from.to_owned()) } else { beside(from, path) };
    let Some(target) = target.filter(|target| root().join(target).exists()) else {
        return Some(format!("{path} is not there"));
    };
    let anchor = anchor?;
    match anchors_of(&target) {
        Some(anchors) if anchors.iter().any(|known| known == anchor) => None,
        Some(anchors) => Some(format!("{target} has no heading #{anchor}: {anchors:?}")),
        None => Some(format!("{target} is no page, so it has no #{anchor}")),
    }
}

fn is_address(link: &str) -> bool {
    let host = link.strip_prefix("https://").and_then(|rest| rest.split(['/', '#', '?']).next());
    let is_host = |host: &str| host.contains('.') && !host.starts_with('.') && !host.ends_with('.');
    host.is_some_and(is_host) && link.chars().all(|c| c.is_ascii_graphic())
}

/// The path from the root of what a page means by a path; None where that is outside.
fn beside(from: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(name) => parts.push(name.to_str()?),
            Component::ParentDir => drop(parts.pop()?),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}

/// Whether code is a path of this repository in full, without a place to fill in.
fn is_path(code: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    let to_fill_in = |part: &str| {
        let stem = part.split('.').next().unwrap();
        !stem.is_empty() && !AT_ROOT.contains(&part) && stem.chars().all(|c| c.is_ascii_uppercase())
    };
    FOLDERS.iter().any(|folder| code.starts_with(folder))
        && code.chars().all(plain)
        && !code.split('/').any(to_fill_in)
}

/// The commands of `cargo xtask` that a page tells the reader to type.
fn commands(page: &Page) -> Vec<String> {
    let calls = page.blocks.iter().chain(&page.code).flat_map(|code| code.split("cargo xtask ").skip(1));
    calls.filter_map(|rest| rest.split_whitespace().next()).map(str::to_owned).collect()
}

/// What the driver's help lists.
fn known() -> Vec<String> {
    let help = Command::new(env!("CARGO_BIN_EXE_xtask")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let lines = help.lines().filter_map(|line| line.strip_prefix("  "));
    lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let anchors_of = |name: &str| Some(read(pages.get(name)?).anchors);
    let links =
        pages.iter().flat_map(|(name, text)| read(text).links.into_iter().map(move |link| (name, link)));
    let links: Vec<_> = links.collect();
    assert!(links.len() >= 5);
    let faults = links.iter().filter_map(|(name, link)| Some((name, fault(name, link, anchors_of)?)));
    assert_eq!(faults.collect::<Vec<_>>(), []);
}

#[test]
fn every_path_is_there() {
    for (name, text) in pages() {
        let code = read(&text).code;
        let gone: Vec<_> = code.iter().filter(|code| is_path(code) && !root().join(code).exists()).collect();
        assert!(gone.is_empty(), "{name} names {gone:?}");
    }
}

#[test]
fn every_command_exists() {
    let known = known();
    let mut told = 0;
    for (name, text) in pages() {
        let commands = commands(&read(&text));
        told += commands.len();
        let unknown: Vec<_> = commands.iter().filter(|command| !known.contains(command)).collect();
        assert!(unknown.is_empty(), "{name}: {unknown:?}");
    }
    assert!(told > 20 && !known.iter().any(|name| name == "bnech"));
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let anchors = |name: &str| (name == "docs/ci.md").then(|| vec!["exit-codes".to_owned()]);
    for good in ["ci.md", "ci.md#exit-codes", "../README.md", "../crates", "https://toml.io", "../docs/ci.md"]
    {
        assert_eq!(fault("docs/verdict.md", good, anchors), None, "{good}");
    }
    assert_eq!(fault("docs/ci.md", "#exit-codes", anchors), None);
    for bad in [
        NOWHERE,
        "no-such.md",
        "README.md",
        "../../outside.md",
        "/etc/passwd",
        "ci.md#exit-code",
        "ci.md#Exit-codes",
        "../Cargo.toml#package",
        "http://toml.io",
        "https://toml",
        "https://toml.io/a b",
        "mailto:nobody",
    ] {
        assert!(fault("docs/verdict.md", bad, anchors).is_some(), "{bad}");
    }
}

#[test]
fn a_path_with_a_place_to_fill_in_is_none() {
    for path in ["crates/record", "xtask/src/lab.rs", ".github/workflows/", "docs/README.md"] {
        assert!(is_path(path), "{path}");
    }
    for other in [
        "crates/tracer-ebpf/src/NAME.rs",
        "baselines/<class>/",
        "crates/{a,b}",
        "target/against",
        "docs/*.md",
    ] {
        assert!(!is_path(other), "{other}");
    }
}

#[test]
fn a_page_is_read_as_github_shows_it() {
    let text = "# Data flows one way\n\n## `compare --against REV`, & more!\n\n## One\n## One\n\n\
                [a](b.md) [c][d] [e] `crates/x`\n\n```\ncargo xtask bench --all # x\n```\n\n[f]: g.md\n[see][f] <https://h.io>\n";
    let page = read(text);
    assert_eq!(page.links, ["b.md", NOWHERE, "g.md", "https://h.io"]);
    assert_eq!(page.anchors, ["data-flows-one-way", "compare---against-rev--more", "one", "one-1"]);
    assert_eq!(page.code, ["crates/x"]);
    assert_eq!(commands(&page), ["bench"]);
}
