//! Measures the sessions of a baseline: each an ordinary run, with processes and a seed of its own.

use std::path::Path;

use anyhow::Result;
use record::{
    host::Host,
    recording::{Recording, SCHEMA},
};

use crate::{
    bench::{flag_from_environment, results_folder, seed_from_clock},
    cgroup::RunId,
    exit::{Outcome, Usage},
    interrupt::Interrupt,
    keeper,
    measure::{self, Measured},
    plan::{self, Wanted},
    results::{Folder, RECORDING},
    scenario::Scenario,
    session::folder_name,
    stored_run::{self, StoredRun},
};

/// How the folder of a recording ends.
const SUFFIX: &str = "-baseline";

/// How a recording ended.
pub enum Recorded {
    /// All sessions were measured.
    Whole(Recording),
    /// A signal ended it; the sessions before are kept.
    Interrupted(Outcome),
    /// The lab that this process kept has measured, and done what was to be done with it.
    Elsewhere(Outcome),
}

/// Measures so many sessions.
///
/// # Errors
/// When this user or machine cannot measure, or something fails.
pub fn record(scenarios: &[Scenario], sessions: u32, wanted: &Wanted<'_>) -> Result<Recorded> {
    if let Some(outcome) = keeper::keep()? {
        return Ok(Recorded::Elsewhere(outcome));
    }
    let host = measure::this_host(measure::try_strategies(scenarios)?)?;
    let wanted = Wanted { strategies: &host.strategies, ..*wanted };
    // Beside that of each session, so that a signal between two of them is not lost.
    let interrupt = Interrupt::catch()?;
    let results = results_folder();
    let folder = Folder::create_aside(&results, &format!("{}{SUFFIX}", folder_name(RunId::own()?)))?;
    let mut recording = Recording { schema: SCHEMA.into(), wanted: sessions, sessions: Vec::new() };
    for number in 1..=sessions {
        tell!("session {number} of {sessions}");
        match session(scenarios, &wanted, &host)? {
            Measured::Whole(whole) => recording.sessions.push(stored_run::name(whole.folder.path())),
            Measured::Interrupted(outcome) => return Ok(Recorded::Interrupted(outcome)),
        }
        folder.write_sealed(RECORDING, &recording)?;
        if let Some(signal) = interrupt.signal() {
            return Ok(Recorded::Interrupted(Outcome::Interrupted { signal }));
        }
    }
    Ok(Recorded::Whole(recording))
}

fn session(scenarios: &[Scenario], wanted: &Wanted<'_>, host: &Host) -> Result<Measured> {
    let wanted = Wanted { seed: seed_from_clock(), ..*wanted };
    measure::session(&plan::plan(scenarios, &wanted), host.clone(), flag_from_environment("VERBOSE"))
}

/// Reads the sessions of the newest recording.
///
/// # Errors
/// When there is none, it did not go to its end, or a session of it cannot be read.
pub fn newest(results: &Path) -> Result<Vec<StoredRun>> {
    let entries = std::fs::read_dir(results).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    // Their names begin with their time.
    let name = names.filter(|name| name.ends_with(SUFFIX)).max().ok_or_else(|| {
        Usage(format!("{} holds no recording: `cargo xtask baseline` makes one", results.display()))
    })?;
    let folder = Folder::aside(results, &name);
    if !folder.path().join(RECORDING).is_file() {
        return Err(cut_short(&name, 0, None));
    }
    let recording = folder.recording()?;
    if recording.sessions.len() < recording.wanted as usize {
        return Err(cut_short(&name, recording.sessions.len(), Some(recording.wanted)));
    }
    recording.sessions.iter().map(|session| stored_run::read(&results.join(session))).collect()
}

/// Sessions are not left out after having been seen.
fn cut_short(name: &str, done: usize, wanted: Option<u32>) -> anyhow::Error {
    let of = wanted.map(|wanted| format!(" of {wanted}")).unwrap_or_default();
    let text =
        format!("the newest recording, {name}, was interrupted after {done}{of} sessions: record again");
    Usage(text).into()
}
