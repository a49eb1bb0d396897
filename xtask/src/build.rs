//! `build`: the eBPF object and the release binaries, each by its own compiler.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::route::Route;
use crate::workspace::{BINARIES, Workspace};
use crate::{ebpf, setup};

/// The eBPF object's name beside the binaries: where the agent looks for it.
const OBJECT: &str = "tracer.bpf.o";

/// Builds all that a measurement starts.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    object_and(workspace, &BINARIES)
}

/// Builds the eBPF object and these binaries.
pub(crate) fn object_and(workspace: &Workspace, names: &[&str]) -> Result<()> {
    let (route, _) = setup::ensure(workspace)?;
    object(workspace, route)?;
    binaries(workspace, names)
}

/// Builds the eBPF object by that route, which must be complete.
pub(crate) fn object(workspace: &Workspace, route: Route) -> Result<()> {
    let build = ebpf::build(workspace, route)?.args(["--package", "tracer-ebpf"]);
    build.quiet().run().with_context(|| format!("the eBPF object does not build by the {route} route"))?;
    let built = workspace.target.join("ebpf").join(ebpf::TARGET).join("release/tracer-ebpf");
    replace_if_changed(&built, &workspace.release().join(OBJECT))
}

/// Builds these binaries of the host in release mode.
pub(crate) fn binaries(workspace: &Workspace, names: &[&str]) -> Result<()> {
    let packages = names.iter().flat_map(|name| ["--package", name]);
    Ok(workspace.compile(&["build", "--release"]).args(packages).quiet().run()?)
}

/// An object of the same content keeps its time, so that nothing which depends on it is done again; a changed
/// one appears whole, since an agent may be reading it.
fn replace_if_changed(from: &Path, to: &Path) -> Result<()> {
    let new = fs::read(from).with_context(|| format!("the build left no {}", from.display()))?;
    if fs::read(to).is_ok_and(|old| old == new) {
        return Ok(());
    }
    if let Some(directory) = to.parent() {
        fs::create_dir_all(directory)?;
    }
    let whole = to.with_extension("new");
    fs::write(&whole, new)?;
    fs::rename(&whole, to).with_context(|| format!("cannot write {}", to.display()))
}

#[cfg(test)]
mod tests {
    use xshell::Shell;

    use super::*;

    #[test]
    fn only_a_changed_object_is_replaced() {
        let sh = Shell::new().unwrap();
        let temporary = sh.create_temp_dir().unwrap();
        let (from, to) = (temporary.path().join("built"), temporary.path().join("release/object.o"));
        fs::write(&from, "one").unwrap();
        replace_if_changed(&from, &to).unwrap();
        let first = fs::metadata(&to).unwrap().modified().unwrap();
        replace_if_changed(&from, &to).unwrap();
        assert_eq!(fs::metadata(&to).unwrap().modified().unwrap(), first);
        fs::write(&from, "two").unwrap();
        replace_if_changed(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(&to).unwrap(), "two");
    }

    #[test]
    fn a_build_without_object_is_named() {
        let error = replace_if_changed(Path::new("/nowhere/object"), Path::new("/nowhere/else")).unwrap_err();
        assert!(error.to_string().contains("/nowhere/object"));
    }
}
