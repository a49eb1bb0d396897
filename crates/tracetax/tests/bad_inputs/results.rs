//! Files in the folder of a run: `report`, `compare` and `baseline --accept` tell what is wrong with each.

use std::{
    fs,
    path::{Path, PathBuf},
};

use record::{
    plan::{Arm, Life, Pair, Plan},
    recording::{Recording, SCHEMA},
};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tracetax::{judge, sealed};

use crate::{
    made_up_run,
    site::Site,
    table::{Case, cases, hold},
};

const TABLE: &str = "tests/bad-inputs/results.toml";

const RUN: &str = "results/run";

const RECORDING: &str = "results/recorded-baseline/recording.json";

/// A small run, of one scenario.
fn plan() -> Plan {
    let mut plan = made_up_run::plan();
    plan.scenarios.truncate(1);
    let pair = |index| Pair { index, seed: 1, step: None, order: vec![Arm::Untraced, Arm::Treated] };
    let life = Life { index: 0, treatment: 0, pairs: (0..3).map(pair).collect(), statistics_seed: None };
    plan.scenarios[0].lives = vec![life];
    plan
}

/// Files by their names in a workspace.
type Files = Vec<(String, Vec<u8>)>;

/// The files of that run, and of a recording of it.
fn sound() -> Files {
    let site = Site::new();
    let plan = plan();
    let blocks = made_up_run::blocks(&plan, 3);
    let lines: String = blocks.iter().map(|block| sealed::line(block).unwrap()).collect();
    let verdict = judge::judge(&plan, &blocks);
    let recording = Recording { schema: SCHEMA.into(), wanted: 1, sessions: vec!["run".into()] };
    for (name, content) in [
        ("plan.json", sealed::page(&plan).unwrap()),
        ("host.json", sealed::page(&made_up_run::host()).unwrap()),
        ("blocks.jsonl", lines),
        ("verdict.json", sealed::page(&verdict).unwrap()),
    ] {
        site.write(&format!("{RUN}/{name}"), content.as_bytes());
    }
    site.write(RECORDING, sealed::page(&recording).unwrap().as_bytes());
    let compared = site.said("comparison", &mut site.lab(&command("verdict.json")), RUN);
    assert!(site.path(&format!("{RUN}/comparison.json")).is_file(), "{compared}");
    let of_run = ["plan.json", "host.json", "blocks.jsonl", "verdict.json", "comparison.json"];
    let names = of_run.iter().map(|name| format!("{RUN}/{name}")).chain([RECORDING.to_owned()]);
    names.map(|name| (name.clone(), fs::read(site.path(&name)).unwrap())).collect()
}

/// A workspace with these files.
fn site(files: &Files) -> Site {
    let site = Site::new();
    files.iter().for_each(|(name, content)| site.write(name, content));
    site
}

/// What reads a file of this name.
fn command(file: &str) -> Vec<Vec<u8>> {
    let words: &[&str] = match file {
        "recording.json" => &["baseline", "--accept", "--reason", "for a test"],
        "verdict.json" => &["compare", RUN],
        _ => &["report", RUN],
    };
    words.iter().map(|word| word.as_bytes().to_vec()).collect()
}

fn path(site: &Site, file: &str) -> PathBuf {
    site.path(&if file == "recording.json" { RECORDING.to_owned() } else { format!("{RUN}/{file}") })
}

/// The checksum of what a document, or the first line of a list, holds now.
fn seal(bytes: &[u8]) -> Vec<u8> {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(0) + 1;
    let (document, rest) = if bytes.starts_with(b"{\"") { bytes.split_at(end) } else { (bytes, &b""[..]) };
    let digits = document.iter().rposition(|byte| *byte == b':').unwrap();
    let body = document[..digits].iter().rposition(|byte| *byte == b',').unwrap();
    let sum = format!("\"{:08x}\"", crc32fast::hash(&document[..body]));
    let begin = digits + 1 + document[digits + 1..].iter().position(|byte| *byte == b'"').unwrap();
    [&document[..begin], sum.as_bytes(), &document[begin + 10..], rest].concat()
}

/// Puts what is bad in the place of the file.
fn put(case: &Case, path: &Path) {
    let sound = fs::read(path).unwrap();
    match case.text("instead") {
        None if case.is("seal") => fs::write(path, seal(&case.applied_to(&sound))).unwrap(),
        None => fs::write(path, case.applied_to(&sound)).unwrap(),
        Some(what) => {
            fs::remove_file(path).unwrap();
            match what {
                "nothing" => {}
                "folder" => fs::create_dir(path).unwrap(),
                "pipe" => mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap(),
                "itself" => std::os::unix::fs::symlink(path, path).unwrap(),
                "zeros" => std::os::unix::fs::symlink("/dev/zero", path).unwrap(),
                "hole" => fs::File::create(path).unwrap().set_len(1 << 40).unwrap(),
                "half" => fs::write(path, &sound[..sound.len() / 2]).unwrap(),
                "twice" => fs::write(path, sound.repeat(2)).unwrap(),
                "byte-order-mark" => fs::write(path, [b"\xef\xbb\xbf", &sound[..]].concat()).unwrap(),
                "crlf" => fs::write(path, String::from_utf8(sound).unwrap().replace('\n', "\r\n")).unwrap(),
                other => panic!("{other}"),
            }
        }
    }
}

#[test]
fn each_bad_file_of_a_run_is_told() {
    let sound = sound();
    let said = cases(Path::new(TABLE)).into_iter().map(|case| {
        let site = site(&sound);
        put(&case, &path(&site, &case.kind));
        let name = format!("{} {}", case.kind, case.name);
        let said = site.said(&name, &mut site.lab(&command(&case.kind)), RUN);
        (name, said)
    });
    let said: Vec<_> = said.collect();
    hold(Path::new(TABLE), &said);
    let taken: Vec<_> = said.iter().filter(|(_, said)| !said.starts_with("exit 2\nerror: ")).collect();
    assert!(taken.is_empty(), "{taken:#?}");
}

/// Without it, a bad file could be refused for any other reason.
#[test]
fn what_is_sound_is_read() {
    let site = site(&sound());
    for file in ["plan.json", "host.json", "blocks.jsonl", "verdict.json", "comparison.json"] {
        let bytes = fs::read(path(&site, file)).unwrap();
        assert_eq!(seal(&bytes), bytes, "{file}");
        let said = site.said(file, &mut site.lab(&command(file)), RUN);
        assert!(!said.starts_with("exit 2"), "{file}: {said}");
    }
}
