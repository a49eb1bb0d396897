//! The groups of one run, as their keeper owns them: made at its start, emptied and removed at its end.

use anyhow::Context as _;
use procfs::process::Process;

use super::{
    Groups, Layout, Role, RunId,
    tree::{Tree, Trees},
};

/// The groups of one run, with this process, its keeper, inside the group of that role. Dropping it ends it, and says
/// what could not be ended.
#[derive(Debug)]
pub struct RunGroups {
    trees: Trees,
    groups: Groups,
}

impl RunGroups {
    /// Makes the groups of `run` in every hierarchy that `layout` needs, and moves this process into the keeper's.
    ///
    /// # Errors
    /// When a group cannot be made or entered; what was made until then is removed.
    pub fn create(layout: &Layout, run: RunId) -> anyhow::Result<Self> {
        let own = Process::myself().and_then(|own| own.cgroups()).context("cannot read own groups")?;
        let mut trees = Trees(Vec::new());
        for mount in layout.needed() {
            trees.0.push(Tree::create(mount, &own, run)?);
        }
        trees.0.iter_mut().try_for_each(|tree| tree.create_roles(layout))?;
        let groups = Groups::open(trees.0.iter().map(Tree::folder).collect(), Role::Keeper)?;
        groups.place(Role::Keeper, std::process::id())?;
        Ok(Self { trees, groups })
    }

    /// The groups of the roles.
    #[must_use]
    pub fn roles(&self) -> &Groups {
        &self.groups
    }

    /// Moves this process back to where it was, kills what is left inside, waits for it to be gone, and removes the
    /// groups: at most 2 s for each of these.
    ///
    /// # Errors
    /// When a group cannot be removed; the error names the processes that hold it.
    pub fn end(mut self) -> anyhow::Result<()> {
        self.trees.end()
    }
}
