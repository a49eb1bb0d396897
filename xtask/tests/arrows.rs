//! The architecture's rules that can be checked: who depends on whom, and what must not be there.
//!
//! Each rule is a pure function of names or text; one test asks it about this workspace, another shows that it
//! can fail.

// Clippy allows unwrap in tests, and does not see that their helpers are such.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

/// Which crate of the workspace may depend on which others of it, and does.
const ARROWS: [(&str, &[&str]); 9] = [
    ("load", &["record"]),
    ("record", &[]),
    ("stats", &[]),
    ("target", &["record"]),
    ("tracer", &["record", "tracer-common"]),
    ("tracer-common", &[]),
    ("tracer-ebpf", &["tracer-common"]),
    ("tracetax", &["record", "stats"]),
    ("xtask", &[]),
];

/// What the lab must not bring along: it measures the ones who do.
const NOT_IN_THE_LAB: [&str; 3] = ["aya", "hyper", "tokio"];

/// File names that say nothing about what is inside, and the other way of naming a module's file.
const BAD_NAMES: [&str; 5] = ["mod.rs", "utils.rs", "util.rs", "helpers.rs", "common.rs"];

type Graph<Node> = BTreeMap<Node, BTreeSet<Node>>;

/// The differences between the table and what is there, in both directions.
fn crossed(table: &[(&str, &[&str])], found: &Graph<String>) -> Vec<String> {
    let drawn: BTreeSet<_> = table.iter().flat_map(|(from, to)| arrows(from, to.iter().copied())).collect();
    let there: BTreeSet<_> =
        found.iter().flat_map(|(from, to)| arrows(from, to.iter().map(String::as_str))).collect();
    let extra = there.difference(&drawn).map(|arrow| format!("{arrow} is not in the table"));
    let gone = drawn.difference(&there).map(|arrow| format!("{arrow} is in the table only"));
    extra.chain(gone).collect()
}

/// The crate itself counts too, so that a new crate without dependencies must be entered as well.
fn arrows<'a>(from: &'a str, to: impl Iterator<Item = &'a str>) -> impl Iterator<Item = String> {
    [format!("crate {from}")].into_iter().chain(to.map(move |to| format!("{from} -> {to}")))
}

/// All that can be reached from `start`, without `start`.
fn reachable<Node: Clone + Ord>(graph: &Graph<Node>, start: &Node) -> BTreeSet<Node> {
    let mut seen = BTreeSet::new();
    let mut open = vec![start];
    while let Some(node) = open.pop() {
        open.extend(graph.get(node).into_iter().flatten().filter(|next| seen.insert((*next).clone())));
    }
    seen
}

/// Whether a type gets `Serialize` here, by `derive` or by hand; a bound on it is no matter.
fn makes_serializable(source: &str) -> bool {
    let code: Vec<&str> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let derived = code.split("derive(").skip(1).filter_map(|rest| rest.split(')').next());
    let words = derived.flat_map(|list| list.split(',')).filter_map(|path| path.trim().rsplit("::").next());
    words.into_iter().any(|word| word == "Serialize") || code.contains("Serialize for ")
}

fn has_bad_name(path: &Path) -> bool {
    path.file_name().is_some_and(|name| BAD_NAMES.iter().any(|bad| name == *bad))
}

/// Tests that need root or a browser stand in files of their own, which the driver knows by name; others say why they are
/// ignored.
fn is_ignored_wrongly(path: &Path, source: &str) -> bool {
    let places = [("rooted", "\"needs root\""), ("browser", "\"needs chromium\"")];
    let is_in = |prefix| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix));
    let mut attributes = source.lines().map(str::trim).filter(|line| line.starts_with("#[ignore"));
    let misplaced =
        |attribute: &str| places.iter().any(|(prefix, why)| is_in(*prefix) != attribute.contains(why));
    attributes.any(|attribute| !attribute.contains('"') || misplaced(attribute))
}

fn root() -> PathBuf {
    // Not the one it was compiled in, which may be another checkout with the same target directory.
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
    Path::new(&manifest).parent().unwrap().to_owned()
}

fn metadata() -> Metadata {
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let mut command = MetadataCommand::new();
    command.current_dir(root()).other_options(["--filter-platform".into(), platform]);
    command.exec().unwrap()
}

/// Normal dependencies among the workspace's own crates, as their manifests declare them.
fn declared(metadata: &Metadata) -> Graph<String> {
    let packages = metadata.workspace_packages();
    let own: BTreeSet<String> = packages.iter().map(|package| package.name.to_string()).collect();
    let dependencies = |package: &cargo_metadata::Package| {
        let normal = package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal);
        normal.map(|d| d.name.clone()).filter(|name| own.contains(name)).collect()
    };
    packages.iter().map(|package| (package.name.to_string(), dependencies(package))).collect()
}

/// Normal dependencies as they were resolved, of every package.
fn resolved(metadata: &Metadata) -> Graph<PackageId> {
    let nodes = &metadata.resolve.as_ref().unwrap().nodes;
    let is_normal = |dependency: &&cargo_metadata::NodeDep| {
        dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal)
    };
    let edges =
        |node: &cargo_metadata::Node| node.deps.iter().filter(is_normal).map(|d| d.pkg.clone()).collect();
    nodes.iter().map(|node| (node.id.clone(), edges(node))).collect()
}

/// Every Rust file below `directory`.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let (directories, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let below = directories.iter().flat_map(|directory| sources(directory));
    files.into_iter().chain(below).filter(|file| file.extension().is_some_and(|e| e == "rs")).collect()
}

fn own_sources() -> Vec<PathBuf> {
    ["crates", "xtask/src"].map(|directory| sources(&root().join(directory))).concat()
}

#[test]
fn crates_depend_on_each_other_as_drawn() {
    assert_eq!(crossed(&ARROWS, &declared(&metadata())), [""; 0]);
}

#[test]
fn a_crossed_and_a_lost_arrow_are_found() {
    let table: [(&str, &[&str]); 2] = [("lab", &["record"]), ("record", &[])];
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let kept = [("lab".to_owned(), names(&["record"])), ("record".to_owned(), names(&[]))];
    assert_eq!(crossed(&table, &kept.clone().into()), [""; 0]);
    let turned = [("lab".to_owned(), names(&[])), ("record".to_owned(), names(&["lab"]))];
    let expect = ["record -> lab is not in the table", "lab -> record is in the table only"];
    assert_eq!(crossed(&table, &turned.into()), expect);
    let [lab, record] = kept;
    let more = [lab, record, ("utils".to_owned(), names(&[]))];
    assert_eq!(crossed(&table, &more.into()), ["crate utils is not in the table"]);
}

#[test]
fn the_lab_has_no_part_of_what_it_measures() {
    let metadata = metadata();
    let lab = metadata.workspace_packages().into_iter().find(|package| package.name == "tracetax").unwrap();
    let tree = reachable(&resolved(&metadata), &lab.id);
    let names: BTreeSet<&str> = tree.iter().map(|id| metadata[id].name.as_str()).collect();
    assert!(names.contains("serde_json"), "this is no tree of the lab: {names:?}");
    let forbidden: Vec<_> = NOT_IN_THE_LAB.iter().filter(|name| names.contains(*name)).collect();
    assert!(forbidden.is_empty(), "in the lab's tree: {forbidden:?}");
}

#[test]
fn what_is_brought_along_by_others_is_found() {
    let graph =
        Graph::from([("lab", ["http"].into()), ("http", ["tokio", "lab"].into()), ("other", ["aya"].into())]);
    assert_eq!(reachable(&graph, &"lab"), BTreeSet::from(["http", "lab", "tokio"]));
}

#[test]
fn no_file_hides_what_it_is() {
    let bad: Vec<_> = own_sources().into_iter().filter(|path| has_bad_name(path)).collect();
    assert!(bad.is_empty(), "{bad:?}");
}

#[test]
fn a_file_that_hides_what_it_is_is_found() {
    assert!(has_bad_name(Path::new("crates/load/src/schedule/mod.rs")));
    assert!(has_bad_name(Path::new("crates/load/src/utils.rs")));
    assert!(!has_bad_name(Path::new("crates/load/src/schedule.rs")));
}

#[test]
fn only_record_makes_types_serializable() {
    let record = root().join("crates/record");
    let others = own_sources().into_iter().filter(|path| !path.starts_with(&record));
    let bad: Vec<_> = others.filter(|path| makes_serializable(&fs::read_to_string(path).unwrap())).collect();
    assert!(bad.is_empty(), "{bad:?}");
}

#[test]
fn a_serializable_type_is_found() {
    assert!(makes_serializable("#[derive(Clone, Serialize)]\nstruct A;"));
    assert!(makes_serializable("#[derive(\n    Debug,\n    serde::Serialize,\n)]\nstruct A;"));
    assert!(makes_serializable("impl Serialize for A {}"));
    assert!(!makes_serializable("// #[derive(Serialize)]\n#[derive(Clone, Deserialize)]\nstruct A;"));
    assert!(!makes_serializable("fn write<T: Serialize>(value: &T) {}"));
}

#[test]
fn tests_that_need_root_stand_in_rooted_files() {
    let wrong = |path: &PathBuf| is_ignored_wrongly(path, &fs::read_to_string(path).unwrap());
    let bad: Vec<_> = sources(&root().join("crates")).into_iter().filter(wrong).collect();
    assert!(bad.is_empty(), "{bad:?}");
}

#[test]
fn a_test_ignored_wrongly_is_found() {
    let check = |path: &str, attribute: &str, expect: bool| {
        let source = format!("#[test]\n    {attribute}\nfn traces() {{}}");
        assert_eq!(is_ignored_wrongly(Path::new(path), &source), expect, "{path} {attribute}");
    };
    check("crates/tracer/src/drain.rs", "#[ignore = \"needs root\"]", true);
    check("crates/tracer/src/drain.rs", "#[ignore]", true);
    check("crates/tracer/src/drain.rs", "#[ignore = \"takes an hour\"]", false);
    check("crates/tracer/src/drain.rs", "#[should_panic]", false);
    check("crates/tracer/tests/rooted_drain.rs", "#[ignore = \"needs root\"]", false);
    check("crates/tracer/tests/rooted_drain.rs", "#[ignore = \"takes an hour\"]", true);
    check("crates/tracetax/tests/browser.rs", "#[ignore = \"needs chromium\"]", false);
    check("crates/tracetax/tests/browser.rs", "#[ignore = \"needs root\"]", true);
    check("crates/tracetax/tests/gate.rs", "#[ignore = \"needs chromium\"]", true);
}
