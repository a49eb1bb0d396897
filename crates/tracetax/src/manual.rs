//! What a shell completes and what `man` shows, made from the same description of the command line that reads it.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result};
use clap::Command;
use clap_complete::Shell;

use crate::{exit::Outcome, output::print};

/// The name of the binary, which shells and manuals know it by.
const NAME: &str = "tracetax";

/// The end of the manual page.
const AFTER: &str = "In the repository, `cargo xtask COMMAND` builds what the command needs and becomes it. Exit codes: 0 \
                     passed or improved, 1 the tool failed, 2 usage or a bad file, 3 environment unfit or not comparable, 4 \
                     inconclusive or new, 5 invalid, 99 over budget or regressed, 130 or 143 interrupted with what was \
                     measured kept.";

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Arguments of `man`.
#[derive(Debug, clap::Args)]
pub struct Man {
    /// Write a page for each command into this folder, made where it is not there; without it the main page is printed
    folder: Option<PathBuf>,
}

/// Prints what a shell reads to complete `tracetax`.
///
/// # Errors
/// When standard output cannot be written.
pub fn completions(args: &Completions, command: &Command) -> Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut shown(command), NAME, &mut script);
    print(&String::from_utf8(script)?)?;
    Ok(Outcome::Done)
}

/// Prints `tracetax.1`, or writes it and the page of each command into a folder.
///
/// # Errors
/// When a page cannot be written.
pub fn man(args: &Man, command: &Command) -> Result<Outcome> {
    let command = shown(command).after_help(AFTER);
    let Some(folder) = &args.folder else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        print(&String::from_utf8(page)?)?;
        return Ok(Outcome::Done);
    };
    let wrong = || format!("cannot write manual pages into {}: name another folder", folder.display());
    fs::create_dir_all(folder).with_context(wrong)?;
    clap_mangen::generate_to(command, folder).with_context(wrong)?;
    Ok(Outcome::Done)
}

/// The command by its own name, without what only a run starts.
fn shown(command: &Command) -> Command {
    let about = command.get_about().cloned().unwrap_or_default();
    let subcommands = command.get_subcommands().filter(|one| !one.is_hide_set()).cloned();
    Command::new(NAME)
        .about(about)
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .subcommands(subcommands)
}
