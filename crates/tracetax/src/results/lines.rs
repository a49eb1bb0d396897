//! The text of `blocks.jsonl`: a sealed block a line. Pure.

use record::block::{Block, SCHEMA};

use super::sound;
use crate::sealed::{self, Fault};

/// What a text holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Lines {
    /// The blocks, in their order.
    pub blocks: Vec<Block>,
    /// The last line (from 1), where it has no end: a block that was being written when the run was killed. It is no block.
    pub torn: Option<usize>,
}

/// Reads all lines.
///
/// # Errors
/// The first line (from 1) that is no block, and why.
pub fn read(bytes: &[u8]) -> Result<Lines, (usize, Fault)> {
    let mut lines = Lines { blocks: Vec::new(), torn: None };
    for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if line.ends_with(b"\n") {
            lines.blocks.push(block(line).map_err(|fault| (index + 1, fault))?);
        } else {
            lines.torn = Some(index + 1);
        }
    }
    Ok(lines)
}

fn block(line: &[u8]) -> Result<Block, Fault> {
    let block = sealed::open(line, SCHEMA)?;
    match sound::doubt(&block) {
        None => Ok(block),
        Some(doubt) => Err(Fault::Damaged(doubt)),
    }
}
