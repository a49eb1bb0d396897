//! The one place that reads a scenario file from disk.

use std::{io, path::Path};

use super::{
    Scenario,
    mistakes::{Mistake, Mistakes},
    parse,
    step::{Handling, Step, write},
};
use crate::bounded;

/// No scenario is near this size; what is larger was named by accident.
const MAX_BYTES: u64 = 1 << 20;

/// Reads one scenario file; its name without `.toml` becomes the scenario's.
///
/// # Errors
/// When the file cannot be read, or holds mistakes: both end a command with exit code 2.
pub fn read(path: &Path) -> Result<Scenario, Mistakes> {
    let file = path.to_string_lossy();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let bytes = bounded::read(path, MAX_BYTES).map_err(|error| unreadable(&file, &error))?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => parse(&stem, &file, text),
        Err(error) => Err(not_utf8(&file, &bytes, error.valid_up_to())),
    }
}

fn unreadable(file: &str, error: &io::Error) -> Mistakes {
    let step = match error.kind() {
        io::ErrorKind::FileTooLarge => {
            return whole_file(file, "the file is larger than 1 MiB", write("the name of a scenario file"));
        }
        io::ErrorKind::NotFound => write("the name of a file that is there; `ls scenarios` lists them"),
        io::ErrorKind::PermissionDenied => Step::File(Handling::MakeReadable),
        _ => write("the name of a scenario file"),
    };
    whole_file(file, &format!("the file cannot be read: {error}"), step)
}

fn whole_file(file: &str, title: &str, step: Step) -> Mistakes {
    Mistakes::new(file, "", vec![Mistake::of_file(title, step)])
}

fn not_utf8(file: &str, bytes: &[u8], at: usize) -> Mistakes {
    let mistake = Mistake {
        span: Some(at..at + '\u{fffd}'.len_utf8()),
        title: "the file is not UTF-8".to_owned(),
        label: format!("found the byte 0x{:02x}", bytes[at]),
        step: Step::File(Handling::SaveAsUtf8),
    };
    Mistakes::new(file, &String::from_utf8_lossy(bytes), vec![mistake])
}
