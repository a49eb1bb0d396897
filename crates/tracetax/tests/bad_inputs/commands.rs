//! Command lines and variables that cannot be meant: nothing is started, and nothing is measured.

use std::{ffi::OsString, os::unix::ffi::OsStringExt as _, path::Path};

use crate::{
    site::Site,
    table::{cases, hold},
};

const TABLE: &str = "tests/bad-inputs/commands.toml";

#[test]
fn each_bad_command_line_is_told() {
    let site = Site::new();
    let said = cases(Path::new(TABLE)).into_iter().map(|case| {
        let mut lab = site.lab(&case.list("args"));
        for variable in case.list("with") {
            let at = variable.iter().position(|byte| *byte == b'=').unwrap();
            let [name, value] =
                [&variable[..at], &variable[at + 1..]].map(|part| OsString::from_vec(part.into()));
            lab.env(name, value);
        }
        let name = format!("{} {}", case.kind, case.name);
        let said = site.said(&name, &mut lab, "-");
        (name, said)
    });
    let said: Vec<_> = said.collect();
    hold(Path::new(TABLE), &said);
    let taken: Vec<_> = said
        .iter()
        .filter(|(_, said)| !said.starts_with("exit 2\n") && !said.starts_with("exit 3\n"))
        .collect();
    assert!(taken.is_empty(), "{taken:#?}");
}
