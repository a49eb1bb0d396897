//! Removes what killed runs have left: their groups, and the processes inside.
//!
//! Touches nothing but groups whose whole name is that of a run since boot, whose keeper is dead, and only where a run of
//! this process would make its own.

use std::path::{Path, PathBuf};

use procfs::{ProcessCGroups, process::Process};

use super::{
    Layout, Role, RunId,
    members::{PATIENCE, children, kill_until_empty, members, remove},
};

/// What a sweep did, one line a group.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Groups that were removed, and what was killed inside.
    pub removed: Vec<String>,
    /// Groups of dead runs that could not be removed, and why.
    pub kept: Vec<String>,
}

/// Removes the groups that killed runs have left, with the processes inside. Runs whose keeper lives are left
/// alone.
#[must_use]
pub fn sweep(layout: &Layout) -> Swept {
    let own = Process::myself().and_then(|own| own.cgroups()).unwrap_or(ProcessCGroups(Vec::new()));
    let mut swept = Swept::default();
    for place in layout.needed().iter().flat_map(|mount| mount.places(&own)) {
        for (run, folder) in dead_runs(&place) {
            match clear(&folder) {
                Ok(killed) => swept.removed.push(removed_line(run, &folder, killed)),
                Err(error) => swept.kept.push(format!("group of dead run {run} stays: {error:#}")),
            }
        }
    }
    swept
}

/// Groups of dead runs directly inside `place`.
fn dead_runs(place: &Path) -> Vec<(RunId, PathBuf)> {
    groups_in(place).filter(|(run, folder)| !has_keeper(*run, folder)).collect()
}

/// Runs that have a group directly inside `place`, and whether their keepers live. Nothing is touched.
pub(crate) fn runs_in(place: &Path) -> Vec<(RunId, bool)> {
    groups_in(place).map(|(run, folder)| (run, has_keeper(run, &folder))).collect()
}

fn groups_in(place: &Path) -> impl Iterator<Item = (RunId, PathBuf)> {
    children(place).unwrap_or_default().into_iter().filter_map(|folder| {
        let run = RunId::from_group_name(folder.file_name()?.to_str()?)?;
        Some((run, folder))
    })
}

/// Whether the run's keeper lives. One in another PID namespace has another id here; its start tells it.
fn has_keeper(run: RunId, folder: &Path) -> bool {
    let inside = members(&folder.join(Role::Keeper.name())).unwrap_or_default();
    run.is_alive() || inside.into_iter().any(|pid| run.started_with(pid))
}

/// Kills what is inside and removes the group. Gives the number of processes that were there.
fn clear(folder: &Path) -> anyhow::Result<usize> {
    let inside = members(folder)?;
    anyhow::ensure!(!inside.contains(&0), "{} holds processes of another PID namespace", folder.display());
    let own = i32::try_from(std::process::id())?;
    anyhow::ensure!(!inside.contains(&own), "this process is inside {}", folder.display());
    if !inside.is_empty() {
        kill_until_empty(folder, PATIENCE)?;
    }
    remove(folder, PATIENCE)?;
    Ok(inside.len())
}

fn removed_line(run: RunId, folder: &Path, killed: usize) -> String {
    match killed {
        0 => format!("removed {} of dead run {run}", folder.display()),
        1 => format!("removed {} of dead run {run}, killed the process inside", folder.display()),
        n => format!("removed {} of dead run {run}, killed the {n} processes inside", folder.display()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::dead_runs;
    use crate::cgroup::RunId;

    #[test]
    fn only_groups_of_dead_runs_are_found() {
        let place = tempfile::tempdir().unwrap();
        let (alive, dead) = (RunId::own().unwrap().group_name(), RunId::of_nobody(7).group_name());
        let foreign = ["tracetax-4194305-7", "tracetax-4194305-7-00000001", "tracetax-x", "system.slice"];
        for name in [alive.as_str(), &dead].into_iter().chain(foreign) {
            fs::create_dir(place.path().join(name)).unwrap();
        }
        fs::write(place.path().join(RunId::of_nobody(8).group_name()), "a file").unwrap();
        let found = dead_runs(place.path());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].1, place.path().join(dead));
    }

    #[test]
    fn a_keeper_that_another_namespace_numbers_otherwise_is_alive() {
        let place = tempfile::tempdir().unwrap();
        let own = RunId::own().unwrap().to_string();
        let start = own.split_once('-').unwrap().1.parse().unwrap();
        let group = place.path().join(RunId::of_nobody(start).group_name());
        fs::create_dir_all(group.join("keeper")).unwrap();
        fs::write(group.join("keeper/cgroup.procs"), format!("{}\n", std::process::id())).unwrap();
        assert!(dead_runs(place.path()).is_empty());
    }
}
