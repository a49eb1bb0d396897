//! Every bit of every file that is read back: whatever happens to it, it is told, or nothing was changed by it.

use std::fs;

use record::{
    block::Block,
    comparison::Comparison,
    host::Host,
    plan::{Arm, Life, Pair, Plan, TreatmentKind},
    recording::Recording,
    verdict::{Verdict, Word},
};
use serde::{Serialize, de::DeserializeOwned};
use tempfile::TempDir;

use super::{BLOCKS, Folder, lines};
use crate::{calibrate::made_up, exit::Usage, host, judge, report, sealed};

/// One pair.
fn plan() -> Plan {
    let mut plan = report::made_up::plan("made-up");
    let nothing = made_up::plan([("nothing", TreatmentKind::Nothing)]).treatments;
    let scenario = &mut plan.scenarios[0];
    scenario.treatments = nothing;
    let pair = Pair { index: 0, seed: 1, step: None, order: vec![Arm::Untraced, Arm::Treated] };
    scenario.lives = vec![Life { index: 0, treatment: 0, pairs: vec![pair], statistics_seed: None }];
    plan
}

fn blocks() -> [Block; 2] {
    [Arm::Untraced, Arm::Treated].map(|arm| made_up::block(0, arm, 7.0))
}

/// A run in a folder of its own.
fn run() -> (TempDir, Folder) {
    let results = tempfile::tempdir().unwrap();
    let folder = Folder::create(results.path(), "run").unwrap();
    folder.write_sealed("plan.json", &plan()).unwrap();
    let mut list = folder.append_blocks().unwrap();
    blocks().iter().for_each(|block| list.append(block).unwrap());
    (results, folder)
}

/// Each flipped bit, and each cut.
fn damaged(bytes: &[u8]) -> impl Iterator<Item = (String, Vec<u8>)> {
    let cuts = (0..bytes.len()).map(|at| (format!("cut at {at}"), bytes[..at].to_vec()));
    let flips = (0..bytes.len() * 8).map(|bit| {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        (format!("byte {}, bit {}", bit / 8, bit % 8), flipped)
    });
    cuts.chain(flips)
}

fn check<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T, schema: &str) {
    let whole = sealed::page(value).unwrap().into_bytes();
    assert_eq!(&sealed::open::<T>(&whole, schema).unwrap(), value);
    for (what, bytes) in damaged(&whole) {
        assert!(sealed::open::<T>(&bytes, schema).is_err(), "{schema}: {what}");
    }
}

#[test]
fn no_damage_to_a_document_is_silent() {
    let plan = plan();
    check::<Plan>(&plan, record::plan::SCHEMA);
    check::<Host>(&host::read().unwrap(), record::host::SCHEMA);
    check::<Verdict>(&judge::judge(&plan, &blocks()), record::verdict::SCHEMA);
    let scenario = report::made_up::scenario("made-up", &[Word::Regressed]);
    check::<Comparison>(&report::made_up::comparison(vec![scenario]), record::comparison::SCHEMA);
    let schema = record::recording::SCHEMA;
    check(&Recording { schema: schema.into(), wanted: 1, sessions: vec!["one".into()] }, schema);
}

/// A list without its last lines is whole as a list: that it lacks them, the plan tells.
#[test]
fn no_damage_to_the_blocks_is_silent() {
    let whole: String = blocks().iter().map(|block| sealed::line(block).unwrap()).collect();
    let read = lines::read(whole.as_bytes()).unwrap();
    assert_eq!((read.blocks.as_slice(), read.torn), (&blocks()[..], None));
    assert_eq!(judge::judge(&plan(), &read.blocks).interrupted, None);
    let mut at_a_line = 0;
    for (what, bytes) in damaged(whole.as_bytes()) {
        let Ok(read) = lines::read(&bytes) else { continue };
        assert!(read.blocks.len() < 2, "{what} is silent");
        assert_eq!(read.blocks, blocks()[..read.blocks.len()], "{what}");
        if read.torn.is_none() {
            at_a_line += 1;
            assert!(judge::judge(&plan(), &read.blocks).interrupted.is_some(), "{what} is silent");
        }
    }
    assert_eq!(at_a_line, 2);
}

#[test]
fn a_torn_tail_is_left_out_and_told() {
    let (_results, folder) = run();
    assert_eq!(folder.torn().unwrap(), None);
    let path = folder.path().join(BLOCKS);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 100]).unwrap();
    assert_eq!(folder.blocks().unwrap(), blocks()[..1]);
    let told = folder.torn().unwrap().unwrap();
    assert!(told.contains("/run/blocks.jsonl:2: this last line has no end and is left out"), "{told}");
}

#[test]
fn what_is_damaged_is_named_with_its_line() {
    let (_results, folder) = run();
    let path = folder.path().join(BLOCKS);
    let text = fs::read_to_string(&path).unwrap();
    let refused = |text: &str, says: &[&str]| {
        fs::write(&path, text).unwrap();
        let error = folder.blocks().unwrap_err();
        assert!(error.is::<Usage>());
        for part in says {
            assert!(error.to_string().contains(part), "`{part}` is not in {error}");
        }
    };
    refused(
        &text.replacen("\"treated\"", "\"treatef\"", 1),
        &["/blocks.jsonl:2: it is damaged or was edited: its"],
    );
    refused(&format!("\n{text}"), &["/blocks.jsonl:1: ", "does not end with its checksum"]);
    refused(&text.replace("block/v2", "block/v1"), &["/blocks.jsonl:1: ", "its checksum is "]);
    let old = serde_json::to_string(&blocks()[0]).unwrap().replace("block/v2", "block/v1") + "\n";
    refused(&old, &["/blocks.jsonl:1: it was written by another version of tracetax", "or measure anew"]);
    fs::remove_file(&path).unwrap();
    let error = folder.blocks().unwrap_err();
    assert!(error.is::<Usage>() && error.to_string().contains("/blocks.jsonl: No such file"), "{error}");
}

/// Else it would be refused when it is read, and all others with it.
#[test]
fn a_block_that_cannot_be_is_not_written() {
    let (_results, folder) = run();
    let mut block = blocks()[1].clone();
    block.load.completed = u64::MAX;
    let error = folder.append_blocks().unwrap().append(&block).unwrap_err().to_string();
    assert_eq!(
        error,
        "target, agent or generator has told what cannot be: `completed` is 18446744073709551615, more than can be; \
         the run is over; the blocks before are kept, and judged by `cargo xtask report`"
    );
    assert_eq!(folder.blocks().unwrap(), blocks());
}
