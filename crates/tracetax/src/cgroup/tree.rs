//! The groups of one run in one hierarchy.

use std::{fs, io, path::PathBuf};

use anyhow::Context as _;
use procfs::ProcessCGroups;

use super::{
    Layout, Mount, Role, RunId,
    members::{PATIENCE, enter, kill_until_empty, members, remove},
};
use crate::exit::Unfit;

/// The run's group in one hierarchy.
#[derive(Debug)]
pub(super) struct Tree {
    /// The run's group; the roles' groups are inside.
    folder: PathBuf,
    /// Where this process was before.
    home: PathBuf,
    /// The root of the hierarchy, for the case that `home` is gone.
    root: PathBuf,
    /// The `cgroup.subtree_control` in which the memory controller was switched on for this run.
    switched_on: Option<PathBuf>,
}

/// Trees that are ended on drop, so that no error on the way leaves a group behind.
#[derive(Debug)]
pub(super) struct Trees(pub(super) Vec<Tree>);

impl Trees {
    /// Takes this process out, kills what is inside, and removes the groups; each tree, also after an error in another.
    pub(super) fn end(&mut self) -> anyhow::Result<()> {
        let trees = std::mem::take(&mut self.0);
        let results: Vec<_> = trees.into_iter().map(Tree::end).collect();
        results.into_iter().collect()
    }
}

impl Drop for Trees {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            // A drop cannot fail; the next start sweeps the group.
            tell!("tracetax: a control group is left behind: {error:#}");
        }
    }
}

impl Tree {
    pub(super) fn create(mount: &Mount, own: &ProcessCGroups, run: RunId) -> anyhow::Result<Self> {
        let mut refusals = Vec::new();
        for place in mount.places(own) {
            let folder = place.join(run.group_name());
            match fs::create_dir(&folder) {
                Ok(()) => {
                    let (home, root) = (mount.folder_of(own), mount.point().to_owned());
                    return Ok(Self { folder, home, root, switched_on: None });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    anyhow::bail!("run {run} has its groups already: {}", folder.display())
                }
                Err(error) => refusals.push(format!("{}: {error}", folder.display())),
            }
        }
        let text = format!(
            "cannot make a control group: run it as root, in a container with its control groups mounted writable: {}",
            refusals.join("; ")
        );
        Err(Unfit(text).into())
    }

    pub(super) fn create_roles(&mut self, layout: &Layout) -> anyhow::Result<()> {
        if !layout.memory_is_v1() {
            self.switch_memory_on();
        }
        Role::ALL.iter().try_for_each(|role| {
            let folder = self.folder.join(role.name());
            fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))
        })
    }

    /// Asks for the memory controller. Where it is not delegated, or processes beside the groups forbid it
    /// (cgroup-v2.rst, "No Internal Process Constraint"), there is no memory peak and all else works.
    fn switch_memory_on(&mut self) {
        let above = self.folder.with_file_name("cgroup.subtree_control");
        let had =
            fs::read_to_string(&above).is_ok_and(|on| on.split_whitespace().any(|name| name == "memory"));
        if !had && fs::write(&above, "+memory").is_ok() {
            self.switched_on = Some(above);
        }
        let _ = fs::write(self.folder.join("cgroup.subtree_control"), "+memory");
    }

    /// The run's group.
    pub(super) fn folder(&self) -> PathBuf {
        self.folder.clone()
    }

    fn end(self) -> anyhow::Result<()> {
        self.leave().with_context(|| format!("cannot leave {}", self.folder.display()))?;
        kill_until_empty(&self.folder, PATIENCE)?;
        remove(&self.folder, PATIENCE)?;
        if let Some(control) = self.switched_on {
            // Refused while another run uses it, which is right.
            let _ = fs::write(control, "-memory");
        }
        Ok(())
    }

    /// Moves this process back, where it is still inside.
    fn leave(&self) -> io::Result<()> {
        let own = std::process::id();
        if !members(&self.folder)?.iter().any(|pid| i64::from(*pid) == i64::from(own)) {
            return Ok(());
        }
        enter(&self.home, own).or_else(|_| enter(&self.root, own))
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::Tree;

    /// Whether the memory controller is switched on above the run's group, and by whom.
    fn check(before: &str, after: &str, is_ours: bool) {
        let place = tempfile::tempdir().unwrap();
        let above = place.path().join("cgroup.subtree_control");
        let folder = place.path().join("tracetax-1-2");
        fs::create_dir(&folder).unwrap();
        fs::write(&above, before).unwrap();
        let nowhere = Path::new("/nowhere").to_owned();
        let mut tree =
            Tree { folder: folder.clone(), home: nowhere.clone(), root: nowhere, switched_on: None };
        tree.switch_memory_on();
        assert_eq!(fs::read_to_string(&above).unwrap(), after);
        assert_eq!(fs::read_to_string(folder.join("cgroup.subtree_control")).unwrap(), "+memory");
        assert_eq!(tree.switched_on.is_some(), is_ours);
    }

    #[test]
    fn the_memory_controller_is_switched_on_only_where_it_is_off() {
        check("cpuset cpu memory pids\n", "cpuset cpu memory pids\n", false);
        check("cpu\n", "+memory", true);
        check("", "+memory", true);
    }
}
