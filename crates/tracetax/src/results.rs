//! The folder of a run: what is written, and what is read back.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use record::{block::Block, comparison::Comparison, host::Host, plan::Plan, verdict::Verdict};
use serde::{Serialize, de::DeserializeOwned};

use crate::{exit::Usage, owner, whole_file};

/// What to do about a file that nobody but a run writes.
const MEASURE_ANEW: &str = "take it from a copy, or measure anew";

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

    /// Writes a value as JSON.
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
        let path = self.0.join("blocks.jsonl");
        let file = owner::open(File::options().append(true).create(true), &path);
        Ok(Blocks(file.with_context(|| format!("cannot write {}", path.display()))?))
    }

    /// Reads the plan.
    ///
    /// # Errors
    /// When it is not there or no plan.
    pub fn plan(&self) -> Result<Plan> {
        self.read_json("plan.json")
    }

    /// Reads what the machine was.
    ///
    /// # Errors
    /// When it is not there or no such file.
    pub fn host(&self) -> Result<Host> {
        self.read_json("host.json")
    }

    /// Reads the verdict.
    ///
    /// # Errors
    /// When it is not there or no verdict.
    pub fn verdict(&self) -> Result<Verdict> {
        self.read_json("verdict.json")
    }

    /// Reads the comparison, where the run was compared.
    ///
    /// # Errors
    /// When it is there and no comparison.
    pub fn comparison(&self) -> Result<Option<Comparison>> {
        let name = "comparison.json";
        if self.0.join(name).is_file() { self.read_json(name).map(Some) } else { Ok(None) }
    }

    fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let path = self.0.join(name);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is damaged: {MEASURE_ANEW}", path.display()))
    }

    /// All blocks; none where the folder has kept none, as of a run whose verdict alone was brought here.
    ///
    /// # Errors
    /// As [`Self::blocks`].
    pub fn kept_blocks(&self) -> Result<Vec<Block>> {
        if self.0.join("blocks.jsonl").is_file() { self.blocks() } else { Ok(Vec::new()) }
    }

    /// Reads all blocks. A last line without its end is a block that was being written when the run was killed: it is
    /// left out.
    ///
    /// # Errors
    /// Names file and line of anything else that is no block.
    pub fn blocks(&self) -> Result<Vec<Block>> {
        let path = self.0.join("blocks.jsonl");
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let whole = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
        let blocks = whole.enumerate().map(|(index, line)| {
            serde_json::from_slice(line).with_context(|| {
                format!("{}:{}: this line is no block: {MEASURE_ANEW}", path.display(), index + 1)
            })
        });
        blocks.collect()
    }
}

impl Blocks {
    /// Appends one block, and returns when it is on the disk.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append(&mut self, block: &Block) -> Result<()> {
        let mut line = serde_json::to_vec(block)?;
        line.push(b'\n');
        self.0
            .write_all(&line)
            .and_then(|()| self.0.sync_data())
            .context("cannot write blocks.jsonl, of which what was written before is kept: is the disk full?")
    }
}
