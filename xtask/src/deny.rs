//! `deny`: is all that is depended on allowed by `deny.toml`? By `cargo deny`, where it is there.
//!
//! It is not installed from here, since it takes longer to build than all of this workspace. What can be told without it, a
//! test tells everywhere (`xtask/tests/deny.rs`).

use anyhow::{Context, Result};

use crate::setup;
use crate::workspace::Workspace;

/// Of the release that `deny.toml` was written for.
const INSTALL: &str = "cargo install cargo-deny --version 0.20.2 --locked";

/// What needs no network: advisories are looked up in a database that is fetched.
const OFFLINE: [&str; 3] = ["bans", "licenses", "sources"];

/// Checks what can be checked here, and says what cannot.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    if setup::answers(workspace, &["deny", "--version"]) {
        let check = workspace.cargo(&["deny", "--offline", "check", "--hide-inclusion-graph"]).args(OFFLINE);
        check.run().context("something is depended on that deny.toml does not allow: see above")?;
    } else {
        println!("not checked: duplicates and wildcards; there is no cargo-deny (`{INSTALL}`)");
        println!("licences and sources were checked by the tests");
    }
    println!(
        "not checked: advisories, which take the network; the job `deny` of ci.yml does that on each change"
    );
    Ok(())
}
