//! The folder of a run: what is written, and what is read back.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use record::{block::Block, comparison::Comparison, host::Host, plan::Plan, verdict::Verdict};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    exit::Usage,
    owner,
    sealed::{self, Fault},
    whole_file,
};

mod lines;
#[cfg(test)]
mod tests;

use lines::Lines;

/// The list of blocks.
const BLOCKS: &str = "blocks.jsonl";

/// The folder of one run.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

/// The list of blocks, open for appending.
#[derive(Debug)]
pub struct Blocks(File);

impl Folder {
    /// Makes the folder `name` under `results`, and points `latest` at it.
    ///
    /// # Errors
    /// When it is there already or cannot be made.
    pub fn create(results: &Path, name: &str) -> Result<Self> {
        let folder = Self::create_aside(results, name)?;
        let (latest, next) = (results.join("latest"), results.join(format!(".latest-{name}")));
        owner::symlink(name, &next)?;
        fs::rename(&next, &latest)
            .with_context(|| format!("cannot point {} at this run", latest.display()))?;
        Ok(folder)
    }

    /// Makes the folder `name` under `results` for something that has no blocks: `latest` stays the newest run.
    ///
    /// # Errors
    /// When it is there already or cannot be made.
    pub fn create_aside(results: &Path, name: &str) -> Result<Self> {
        let path = results.join(name);
        owner::check()?;
        let refused = || format!("cannot make {}: name a folder for results by OUTPUT_DIR", path.display());
        owner::create_dir_all(results).and_then(|()| owner::create_dir(&path)).with_context(refused)?;
        owner::create_dir(&path.join("logs"))?;
        Ok(Self(path))
    }

    /// The folder that [`Self::create_aside`] has made.
    #[must_use]
    pub fn aside(results: &Path, name: &str) -> Self {
        Self(results.join(name))
    }

    /// The folder at `path`, which must be one of a run.
    ///
    /// # Errors
    /// When it holds no plan.
    pub fn open(path: &Path) -> Result<Self> {
        if path.join("plan.json").is_file() {
            return Ok(Self(path.to_path_buf()));
        }
        let text = format!(
            "{} is no folder of a run: it holds no plan.json; name another (`cargo xtask bench` makes them, and says where)",
            path.display()
        );
        Err(Usage(text).into())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where it stays: `latest` will be another run.
    #[must_use]
    pub fn lasting_path(&self) -> PathBuf {
        self.0.canonicalize().unwrap_or_else(|_| self.0.clone())
    }

    /// Where the standard error of a child goes.
    #[must_use]
    pub fn log(&self, role: &str) -> PathBuf {
        self.0.join("logs").join(format!("{role}.log"))
    }

    /// Writes a file whole: either the old or the new content is there, never half of it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, content: &str) -> Result<()> {
        whole_file::write(&self.0.join(name), content)
    }

    /// Writes a value as JSON that is read back: it tells when it was damaged.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_sealed<T: Serialize>(&self, name: &str, value: &T) -> Result<()> {
        self.write(name, &sealed::page(value)?)
    }

    /// Writes a value as JSON that only others read.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_json<T: Serialize>(&self, name: &str, value: &T) -> Result<()> {
        self.write(name, &(serde_json::to_string_pretty(value)? + "\n"))
    }

    /// Opens the list of blocks for appending.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn append_blocks(&self) -> Result<Blocks> {
        let path = self.0.join(BLOCKS);
        let file = owner::open(File::options().append(true).create(true), &path);
        Ok(Blocks(file.with_context(|| format!("cannot write {}", path.display()))?))
    }

    /// Reads the plan.
    ///
    /// # Errors
    /// When it is not there or no plan.
    pub fn plan(&self) -> Result<Plan> {
        self.read_sealed("plan.json", record::plan::SCHEMA)
    }

    /// Reads what the machine was.
    ///
    /// # Errors
    /// When it is not there or no such file.
    pub fn host(&self) -> Result<Host> {
        self.read_sealed("host.json", record::host::SCHEMA)
    }

    /// Reads the verdict.
    ///
    /// # Errors
    /// When it is not there or no verdict.
    pub fn verdict(&self) -> Result<Verdict> {
        self.read_sealed("verdict.json", record::verdict::SCHEMA)
    }

    /// Reads the comparison, where the run was compared.
    ///
    /// # Errors
    /// When it is there and no comparison.
    pub fn comparison(&self) -> Result<Option<Comparison>> {
        let name = "comparison.json";
        if self.0.join(name).is_file() {
            self.read_sealed(name, record::comparison::SCHEMA).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Reads a file that [`Self::write_sealed`] has written.
    ///
    /// # Errors
    /// When it is not there or damaged, and when another version has written it.
    pub fn read_sealed<T: DeserializeOwned>(&self, name: &str, schema: &str) -> Result<T> {
        let path = self.0.join(name);
        sealed::open(&self.read(name)?, schema).map_err(|fault| refused(&path, None, &fault))
    }

    fn read(&self, name: &str) -> Result<Vec<u8>> {
        let path = self.0.join(name);
        fs::read(&path).map_err(|error| {
            let text = format!("cannot read {}: {error}: name another run, or measure anew", path.display());
            Usage(text).into()
        })
    }

    /// All blocks; none where the folder has kept none, as of a run whose verdict alone was brought here.
    ///
    /// # Errors
    /// As [`Self::blocks`].
    pub fn kept_blocks(&self) -> Result<Vec<Block>> {
        if self.0.join(BLOCKS).is_file() { self.blocks() } else { Ok(Vec::new()) }
    }

    /// Reads all blocks. A last line without its end is a block that was being written when the run was killed: it is
    /// left out, and [`Self::torn`] tells of it.
    ///
    /// # Errors
    /// Names file and line of anything else that is no block.
    pub fn blocks(&self) -> Result<Vec<Block>> {
        Ok(self.lines()?.blocks)
    }

    /// What was left out of the blocks, for those who read the verdict on the others.
    ///
    /// # Errors
    /// As [`Self::blocks`].
    pub fn torn(&self) -> Result<Option<String>> {
        let told = self.lines()?.torn.map(|line| {
            let place = self.0.join(BLOCKS);
            format!(
                "{}:{line}: this last line has no end and is left out: the run ended while writing it",
                place.display()
            )
        });
        Ok(told)
    }

    fn lines(&self) -> Result<Lines> {
        let bytes = self.read(BLOCKS)?;
        lines::read(&bytes).map_err(|(line, fault)| refused(&self.0.join(BLOCKS), Some(line), &fault))
    }
}

/// A file that is not read, and why.
fn refused(path: &Path, line: Option<usize>, fault: &Fault) -> anyhow::Error {
    let line = line.map(|line| format!(":{line}")).unwrap_or_default();
    Usage(format!("{}{line}: {fault}", path.display())).into()
}

impl Blocks {
    /// Appends one block, and returns when it is on the disk.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append(&mut self, block: &Block) -> Result<()> {
        let line = sealed::line(block)?;
        self.0
            .write_all(line.as_bytes())
            .and_then(|()| self.0.sync_data())
            .context("cannot write blocks.jsonl, of which what was written before is kept: is the disk full?")
    }
}
