//! The folder of a run: what is written, and what is read back.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};
use record::{
    block::Block, comparison::Comparison, host::Host, plan::Plan, recording::Recording, verdict::Verdict,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    bounded,
    dir::{Dir, unwritable},
    exit::Usage,
    sealed::{self, Fault},
    world::Disk,
};

#[cfg(test)]
mod hostile;
pub(crate) mod lines;
mod place;
mod sound;
#[cfg(test)]
mod tests;

use lines::Lines;

/// What was to be measured.
const PLAN: &str = "plan.json";

/// The list of blocks.
const BLOCKS: &str = "blocks.jsonl";

/// The list of runs of a baseline.
pub const RECORDING: &str = "recording.json";

/// A soak writes 6.8 kB a window, so 4.1 GB in the longest that can be asked for: a week, with a window a second.
const MOST_BYTES_OF_BLOCKS: u64 = 4 << 30;

/// Nor does any other document.
const MOST_BYTES: u64 = 64 << 20;

/// What becomes of a run that cannot go on.
const KEPT: &str = "the run is over; the blocks before are kept, and judged by `cargo xtask report`";

/// The folder of one run.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

/// The list of blocks, open for appending.
#[derive(Debug)]
pub struct Blocks<D = File> {
    file: D,
    path: PathBuf,
}

impl Folder {
    /// Makes the folder `name` under `results`, and points `latest` at it.
    ///
    /// # Errors
    /// When it is there already or cannot be made, and when others could have it lead elsewhere.
    pub fn create(results: &Path, name: &str) -> Result<Self> {
        let (place, path) = place::open(results)?;
        let folder = Self::make(&place, path.join(name), name)?;
        place.point("latest", name)?;
        Ok(folder)
    }

    /// Makes the folder `name` under `results` for something that has no blocks: `latest` stays the newest run.
    ///
    /// # Errors
    /// Those of [`Self::create`].
    pub fn create_aside(results: &Path, name: &str) -> Result<Self> {
        let (place, path) = place::open(results)?;
        Self::make(&place, path.join(name), name)
    }

    fn make(place: &Dir, path: PathBuf, name: &str) -> Result<Self> {
        place.make(name)?.make("logs")?;
        Ok(Self(path))
    }

    /// The folder that [`Self::create_aside`] has made.
    #[must_use]
    pub fn aside(results: &Path, name: &str) -> Self {
        let path = results.join(name);
        Self(path.canonicalize().unwrap_or(path))
    }

    /// The folder at `path`, which must be one of a run.
    ///
    /// # Errors
    /// When it holds no plan.
    pub fn open(path: &Path) -> Result<Self> {
        if path.join(PLAN).is_file() {
            // `latest` is a link, and what is written there later follows none.
            let resolved = path.canonicalize().map_err(|error| unwritable(path, error))?;
            return Ok(Self(resolved));
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

    /// Where it stays, for `latest` will be another run; as it is typed from here.
    #[must_use]
    pub fn lasting_path(&self) -> PathBuf {
        let path = self.0.canonicalize().unwrap_or_else(|_| self.0.clone());
        let here = std::env::current_dir().unwrap_or_default();
        match path.strip_prefix(here) {
            Ok(below) if below.as_os_str().is_empty() => ".".into(),
            Ok(below) => below.to_owned(),
            Err(_) => path,
        }
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
        Dir::open(&self.0)?.write(name, content.as_bytes())
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
        Ok(Blocks::on(Dir::open(&self.0)?.append(BLOCKS)?, path))
    }

    /// Reads the plan.
    ///
    /// # Errors
    /// When it is not there or no plan.
    pub fn plan(&self) -> Result<Plan> {
        self.read_sound(PLAN, record::plan::SCHEMA, sound::doubt_of_plan)
    }

    /// Reads what the machine was.
    ///
    /// # Errors
    /// When it is not there or no such file.
    pub fn host(&self) -> Result<Host> {
        self.read_sound("host.json", record::host::SCHEMA, sound::doubt_of_host)
    }

    /// Reads which runs were measured for a baseline.
    ///
    /// # Errors
    /// When it is not there or no such list.
    pub fn recording(&self) -> Result<Recording> {
        self.read_sound(RECORDING, record::recording::SCHEMA, sound::doubt_of_recording)
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

    /// Reads a document that no doubt is left of.
    fn read_sound<T: DeserializeOwned>(
        &self,
        name: &str,
        schema: &str,
        doubt: impl Fn(&T) -> Option<String>,
    ) -> Result<T> {
        let value = self.read_sealed(name, schema)?;
        match doubt(&value) {
            None => Ok(value),
            Some(doubt) => Err(refused(&self.0.join(name), None, &Fault::Damaged(doubt))),
        }
    }

    /// Reads a file that [`Self::write_sealed`] has written.
    ///
    /// # Errors
    /// When it is not there or damaged, and when another version has written it.
    fn read_sealed<T: DeserializeOwned>(&self, name: &str, schema: &str) -> Result<T> {
        let path = self.0.join(name);
        sealed::open(&self.read(name)?, schema).map_err(|fault| refused(&path, None, &fault))
    }

    fn read(&self, name: &str) -> Result<Vec<u8>> {
        let path = self.0.join(name);
        let most = if name == BLOCKS { MOST_BYTES_OF_BLOCKS } else { MOST_BYTES };
        bounded::read(&path, most).map_err(|error| {
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

/// The plan that the bytes of `plan.json` hold, or why they hold none.
///
/// # Errors
/// Says what is wrong with them.
pub fn plan_of(bytes: &[u8]) -> Result<Plan, String> {
    let plan = sealed::open(bytes, record::plan::SCHEMA).map_err(|fault| fault.to_string())?;
    sound::doubt_of_plan(&plan).map_or(Ok(plan), Err)
}

/// The blocks that the bytes of `blocks.jsonl` hold, or why they hold none.
///
/// # Errors
/// Says which line is wrong, and what is.
pub fn blocks_of(bytes: &[u8]) -> Result<Vec<Block>, String> {
    let read = lines::read(bytes).map_err(|(line, fault)| format!("{line}: {fault}"));
    read.map(|lines| lines.blocks)
}

/// A file that is not read, and why.
fn refused(path: &Path, line: Option<usize>, fault: &Fault) -> anyhow::Error {
    let line = line.map(|line| format!(":{line}")).unwrap_or_default();
    Usage(format!("{}{line}: {fault}", path.display())).into()
}

impl<D: Disk> Blocks<D> {
    /// The list of blocks in a file, which stands at this path.
    pub(crate) fn on(file: D, path: PathBuf) -> Self {
        Self { file, path }
    }

    /// Appends one block, and returns when it is on the disk.
    ///
    /// # Errors
    /// When it cannot be written, and when no reader would take it for a block: then a child has told what cannot be.
    pub fn append(&mut self, block: &Block) -> Result<()> {
        if let Some(doubt) = sound::doubt(block) {
            bail!("target, agent or generator has told what cannot be: {doubt}; {KEPT}");
        }
        let line = sealed::line(block)?;
        let written = self.file.append(line.as_bytes()).and_then(|()| self.file.sync());
        written.map_err(|error| unwritable(&self.path, error).context(KEPT))
    }
}
