//! valgrind, which counts instructions for `unit`.

use anyhow::{Result, ensure};

use crate::exit;
use crate::route::{Needs, Step};
use crate::setup::run_step;
use crate::workspace::{Workspace, is_root, on_path};

const WHY: &str = "counts the instructions of the micro benchmarks (`unit`)";

/// Installs it where it is absent and may be installed.
///
/// # Errors
/// Exit code 3, with the command to type, where it may not, or that has failed.
pub(crate) fn ensure(workspace: &Workspace) -> Result<()> {
    if is_there() {
        return Ok(());
    }
    let apt = on_path("apt-get").is_some();
    if !(apt && is_root()) {
        return Err(exit::unfit(by_hand(apt)));
    }
    for step in steps() {
        eprintln!("# {}", step.why);
        run_step(workspace, &step).map_err(|error| exit::unfit(format!("{error:#}\n{}", by_hand(apt))))?;
    }
    ensure!(
        is_there(),
        "installed, and still no `valgrind` on PATH: open a new shell, or add its folder to PATH"
    );
    Ok(())
}

fn is_there() -> bool {
    on_path("valgrind").is_some()
}

fn steps() -> [Step; 2] {
    [
        Step::new(Needs::Root, "the list of packages, so that the newest is taken", "apt-get update"),
        Step::new(Needs::Root, WHY, "apt-get install --yes --no-install-recommends valgrind"),
    ]
}

fn by_hand(apt: bool) -> String {
    if !apt {
        return format!("valgrind is absent: install it with this system's package manager; it {WHY}");
    }
    let lines = steps().map(|step| format!("\n  {step}    # {}", step.why)).concat();
    format!("valgrind is absent; it is installed by these commands:{lines}")
}

#[cfg(test)]
mod tests {
    use super::by_hand;

    #[test]
    fn who_may_not_install_is_told_how() {
        let text = by_hand(true);
        assert!(text.contains("sudo apt-get install") && text.contains(" valgrind "), "{text}");
        assert!(by_hand(false).contains("package manager"));
    }
}
