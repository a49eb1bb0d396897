//! `build`: the eBPF object and the release binaries, each by its own compiler.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};
use xshell::cmd;

use crate::route::Route;
use crate::workspace::{BINARIES, Workspace};
use crate::{ebpf, setup, strip};

/// The eBPF object's name beside the binaries: where the agent looks for it.
pub(crate) const OBJECT: &str = "tracer.bpf.o";

/// The micro benchmarks' name beside the binaries: where the lab looks for them.
const BENCHMARKS: &str = "tracer-unit";

/// A copy of the object with a planted cost, for tests of the gate.
const PLANTED_OBJECT: &str = "tracer-planted.bpf.o";

/// Set by whoever tests the gate: the object is built with a known cost in it. The lab records it with the revision.
pub(crate) const PLANTED: &str = "TRACETAX_PLANTED";

/// Whether the object has a known cost in it, on purpose.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Cost {
    Own,
    Planted,
}

/// Ending of the file beside what was built that says by what: exact numbers hold for that alone.
const TOOLCHAIN: &str = "toolchain";

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

/// Builds the eBPF object by that route, which must be complete. Cargo keeps the whole of it in its own directory.
pub(crate) fn object(workspace: &Workspace, route: Route) -> Result<()> {
    let planted = env::var_os(PLANTED).is_some();
    if planted {
        eprintln!("{PLANTED} is set: A COST OF 1 us A REQUEST IS PLANTED IN THE TRACER, to test the gate");
    }
    object_as(workspace, route, if planted { Cost::Planted } else { Cost::Own }, OBJECT)
}

/// Builds the object with a planted cost, beside the one that is measured.
pub(crate) fn planted_object(workspace: &Workspace) -> Result<()> {
    let (route, _) = setup::ensure(workspace)?;
    object_as(workspace, route, Cost::Planted, PLANTED_OBJECT)
}

fn object_as(workspace: &Workspace, route: Route, cost: Cost, name: &str) -> Result<()> {
    let build = ebpf::build(workspace, route)?.args(["--package", "tracer-ebpf"]);
    let build = if cost == Cost::Planted { build.args(["--features", "planted-cost"]) } else { build };
    build.quiet().run().with_context(|| format!("the eBPF object does not build by the {route} route; TRACETAX_EBPF_ROUTE chooses another, `nightly` or `debian`"))?;
    let built = workspace.target.join("ebpf").join(ebpf::TARGET).join("release/tracer-ebpf");
    let linked = fs::read(&built).with_context(|| format!("the build left no {}", built.display()))?;
    let (toolchain, to) = (ebpf::toolchain(workspace, route)?, workspace.release().join(name));
    replace_if_changed(toolchain.as_bytes(), &to.with_extension(TOOLCHAIN))?;
    replace_if_changed(&strip::strip(&linked)?, &to)
}

/// Builds these binaries of the host in release mode.
pub(crate) fn binaries(workspace: &Workspace, names: &[&str]) -> Result<()> {
    let packages = names.iter().flat_map(|name| ["--package", name]);
    Ok(workspace.compile(&["build", "--release"]).args(packages).quiet().run()?)
}

/// Builds the agent's micro benchmarks, and leaves them beside the binaries.
pub(crate) fn benchmarks(workspace: &Workspace) -> Result<()> {
    let build = workspace.compile(&["bench", "--no-run", "--package", "tracer", "--bench", "unit"]);
    let messages = build.args(["--message-format", "json-render-diagnostics"]).quiet().read()?;
    let built = executable(&messages).context("cargo has not told where the micro benchmarks are")?;
    let (to, whole) = (workspace.release().join(BENCHMARKS), workspace.release().join(".tracer-unit.new"));
    let compiler = cmd!(workspace.sh, "rustc --version").quiet().read()?;
    replace_if_changed(compiler.as_bytes(), &to.with_extension(TOOLCHAIN))?;
    fs::copy(&built, &whole).with_context(|| format!("the build left no {}", built.display()))?;
    fs::rename(&whole, &to).with_context(|| format!("cannot write {}", to.display()))
}

/// The benchmark's executable in what cargo tells, a JSON object a line; cargo builds the binaries of the same package too.
/// The text is taken as it stands: of a folder whose name JSON must escape, the copy fails and names it.
fn executable(messages: &str) -> Option<PathBuf> {
    let benchmark = messages.lines().find(|line| line.contains("\"kind\":[\"bench\"]"))?;
    let (path, _) = benchmark.split_once("\"executable\":\"")?.1.split_once('"')?;
    Some(path.into())
}

/// An object of the same content keeps its time, so that nothing which depends on it is done again; a changed
/// one appears whole, since an agent may be reading it.
fn replace_if_changed(new: &[u8], to: &Path) -> Result<()> {
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
        let to = temporary.path().join("release/object.o");
        replace_if_changed(b"one", &to).unwrap();
        let first = fs::metadata(&to).unwrap().modified().unwrap();
        replace_if_changed(b"one", &to).unwrap();
        assert_eq!(fs::metadata(&to).unwrap().modified().unwrap(), first);
        replace_if_changed(b"two", &to).unwrap();
        assert_eq!(fs::read_to_string(&to).unwrap(), "two");
    }

    #[test]
    fn the_benchmark_is_found_among_what_cargo_tells() {
        let artifact = |kind: &str, path: &str| {
            format!("{{\"target\":{{\"kind\":[\"{kind}\"]}},\"executable\":{path},\"fresh\":true}}\n")
        };
        let others = artifact("lib", "null") + &artifact("bin", "\"/t/tracer\"");
        let benchmark = artifact("bench", "\"/t/deps/unit-0dc0\"");
        assert_eq!(executable(&(others.clone() + &benchmark)), Some("/t/deps/unit-0dc0".into()));
        assert_eq!(executable(&others), None);
    }
}
