//! Files under `baselines/`: `baseline --check` tells what is wrong with each.

use std::path::Path;

use record::baseline::Baseline;
use tracetax::digest;

use crate::{
    site::Site,
    table::{Case, cases, hold},
};

const TABLE: &str = "tests/bad-inputs/baselines.toml";

const FILE: &str = "baselines/01234567/made-up.toml";

/// A sound one.
fn sound() -> String {
    let hash = digest::of_scenario(&Site::scenario());
    seal(&format!(
        r#"# Not for editing.
accepted = "2026-11-24"
checksum = "0"
expires = "2999-12-31"
host_class = "01234567"
lives = 2
pairs = 6
reason = "first"
revision = "0123456789abcdef0123456789abcdef01234567"
scenario = "made-up"
scenario_hash = "{hash}"
schema = "tracetax/baseline/v1"

[treatments.traced.server_cpu_us_per_request]
anchor = 1.1
sessions = [1.05, 1.08, 1.1, 1.12, 1.15]
tolerance = 0.25
untraced = [7.0, 7.1, 7.2, 7.3, 7.4]
"#
    ))
}

/// The same with the checksum of what it holds, where it holds a baseline.
fn seal(text: &str) -> String {
    let Ok(baseline) = toml::from_str::<Baseline>(text) else { return text.to_owned() };
    let of = |checksum: &str| format!("checksum = \"{checksum}\"");
    text.replacen(&of(&baseline.checksum), &of(&digest::of_baseline(&baseline)), 1)
}

fn bad(case: &Case) -> Vec<u8> {
    let bytes = case.applied_to(sound().as_bytes());
    match String::from_utf8(bytes) {
        Ok(text) if case.kind == "sealed" => seal(&text).into_bytes(),
        Ok(text) => text.into_bytes(),
        Err(error) => error.into_bytes(),
    }
}

#[test]
fn each_bad_baseline_is_told() {
    let site = Site::new();
    let check = |name: &str| site.said(name, &mut site.lab(&[b"baseline".into(), b"--check".into()]), "-");
    site.write(FILE, sound().as_bytes());
    assert!(check("sound").starts_with("exit 0\nok "), "{}", check("sound"));
    let said = cases(Path::new(TABLE)).into_iter().map(|case| {
        site.write(FILE, &bad(&case));
        let name = format!("{} {}", case.kind, case.name);
        let said = check(&name);
        // How many are wrong is the same for all, and the day is another one each day.
        let line = said.lines().take(2).collect::<Vec<_>>().join("\n");
        (name, line.split(", and today is").next().unwrap().to_owned())
    });
    let said: Vec<_> = said.collect();
    hold(Path::new(TABLE), &said);
    let refused = |said: &str| said.starts_with("exit 2\nwrong ") || said.starts_with("exit 3\nold ");
    let taken: Vec<_> = said.iter().filter(|(_, said)| !refused(said)).collect();
    assert!(taken.is_empty(), "{taken:#?}");
}
