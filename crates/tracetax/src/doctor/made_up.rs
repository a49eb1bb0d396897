//! Machines that were made up.

use std::{collections::HashMap, fs, path::Path};

use procfs::ConfigSetting;
use record::{agent::Probe, doctor::State};

use super::{
    Finding, Machine, clock,
    space::Disk,
    tools::{Built, Toolchain},
};

/// What is judged of a machine with these files, and nothing wrong beside them.
pub(super) fn judged(files: &[(&str, &str)], judge: fn(&Machine) -> Finding) -> Finding {
    changed(files, |_| (), judge)
}

/// The same of a machine that is changed first.
pub(super) fn changed(
    files: &[(&str, &str)],
    change: impl FnOnce(&mut Machine),
    judge: fn(&Machine) -> Finding,
) -> Finding {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let mut machine = sound(root.path());
    change(&mut machine);
    judge(&machine)
}

/// The same of a kernel that was configured so; `y` is built in.
pub(super) fn configured(settings: &[(&str, &str)], judge: fn(&Machine) -> Finding) -> Finding {
    let setting = |value: &str| match value {
        "y" => ConfigSetting::Yes,
        other => ConfigSetting::Value(other.into()),
    };
    let config = settings.iter().map(|(name, value)| ((*name).into(), setting(value))).collect();
    changed(&[], |machine| machine.config = config, judge)
}

/// A machine with nothing wrong beside the files below `root`.
pub(super) fn sound(root: &Path) -> Machine {
    Machine {
        root: root.to_owned(),
        config: HashMap::new(),
        clock: clock::Readings { read_ns: 25.0, resolution_ns: 1 },
        disk: Disk { folder: "results".into(), free_bytes: Some(100_000_000_000) },
        tools: Built {
            missing: vec![],
            toolchain: Toolchain::Ready("debian: all its parts are here".into()),
        },
        probe: Ok(Probe::default()),
    }
}

/// What was found holds this, and so does the next step; an empty one means that there is none.
#[track_caller]
pub(super) fn check(finding: Finding, state: State, found: &str, next_step: &str) {
    let whole = format!("{finding:?}");
    assert_eq!(finding.state, state, "{whole}");
    assert!(finding.found.contains(found), "`{found}` is not in {whole}");
    assert_eq!(finding.next_step.is_none(), next_step.is_empty(), "{whole}");
    assert!(finding.next_step.unwrap_or_default().contains(next_step), "`{next_step}` is not in {whole}");
}
