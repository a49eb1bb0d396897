//! Where in the watched process a hook belongs: found once, before the agent gives up the rights that finding it takes.

use std::{
    fs::File,
    os::fd::AsRawFd as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use aya::programs::uprobe::UProbeAttachLocation;
use object::{Object as _, ObjectSection as _, ObjectSymbol as _, ReadCache, ReadRef};

use crate::{group, hooks::Hook};

/// What a hook is attached to.
#[derive(Debug)]
pub enum Place {
    /// A place of the kernel, which the hook names.
    Kernel,
    /// The control group of the process.
    Group(File),
    /// A function of the program that the process runs.
    Code(Code),
}

/// An instruction in a file.
#[derive(Debug)]
pub struct Code {
    file: File,
    offset: u64,
}

impl Place {
    /// That of `hook`, for the process `pid`.
    ///
    /// # Errors
    /// When the process has no such place.
    pub fn of(hook: &Hook, pid: u32) -> Result<Self> {
        match hook {
            Hook::CgroupSkb { .. } => {
                let folder = group::of(pid)?;
                let group = File::open(&folder);
                Ok(Self::Group(group.with_context(|| format!("cannot open {}", folder.display()))?))
            }
            Hook::Uprobe { function, .. } => {
                let code = Code::find(Path::new(&format!("/proc/{pid}/exe")), function);
                Ok(Self::Code(code.with_context(|| format!("cannot hook `{function}` of process {pid}"))?))
            }
            _ => Ok(Self::Kernel),
        }
    }
}

impl Code {
    fn find(program: &Path, function: &str) -> Result<Self> {
        let file = File::open(program).context("the file that it runs cannot be opened")?;
        // In pieces: the whole file would be most of the agent's memory.
        let pieces = ReadCache::new(&file);
        let offset = offset_of(&pieces, function)?;
        Ok(Self { file, offset })
    }

    /// In bytes from the beginning of the file.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// A path that leads to the file wherever it lies, also through folders that this process may not enter (proc_pid_fd(5)).
    #[must_use]
    pub fn path(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.file.as_raw_fd()).into()
    }
}

/// Where the first instruction of a function is in a program's file.
fn offset_of<'a>(program: impl ReadRef<'a>, function: &str) -> Result<u64> {
    let object = object::File::parse(program).context("the file that it runs is not understood")?;
    let symbol =
        object.symbols().chain(object.dynamic_symbols()).find(|symbol| symbol.name() == Ok(function));
    let symbol = symbol.context("it has no such function")?;
    let section = symbol.section_index().context("its function is elsewhere")?;
    let section = object.section_by_index(section)?;
    let (begin, _) = section.file_range().context("its function is not in the file")?;
    let location = UProbeAttachLocation::from_virtual_address(symbol.address(), section.address(), begin)?;
    let UProbeAttachLocation::AbsoluteOffset(offset) = location else { unreachable!("made of an address") };
    let len = program.len().ok().context("the file that it runs cannot be read")?;
    ensure!(len > offset, "its function is beyond the file's end");
    Ok(offset)
}
