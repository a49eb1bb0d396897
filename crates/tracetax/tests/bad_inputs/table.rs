//! Tables of bad inputs: TOML files of cases, each with a name that says what is wrong with it.
//!
//! A text in a case may hold any byte, written as `\xff`, and `\r`, `\n`, `\t`, `\0` and `\\` as in Rust. What is expected of
//! a case stands under its name in a snapshot of the table's name, beside it.

use std::{fs, path::Path};

use toml::{Table, Value};

/// One bad input.
pub struct Case {
    /// The part of its table that it stands in: what kind of file or reply it is about.
    pub kind: String,
    /// What is wrong with it.
    pub name: String,
    fields: Table,
}

/// All cases of a table, in its order of kinds and names.
pub fn cases(file: &Path) -> Vec<Case> {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let kinds: Table = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut cases = Vec::new();
    for (kind, rows) in kinds {
        let Value::Table(rows) = rows else { panic!("`{kind}` is no kind") };
        for (name, fields) in rows {
            let Value::Table(fields) = fields else { panic!("`{kind}.{name}` is no case") };
            cases.push(Case { kind: kind.clone(), name, fields });
        }
    }
    cases
}

impl Case {
    /// A field that is text, as it stands there.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.fields
            .get(field)
            .map(|value| value.as_str().unwrap_or_else(|| panic!("{}: {field} is no text", self.name)))
    }

    /// The bytes that a field stands for: where `times` stands beside it so often, and behind those of `first`.
    pub fn bytes(&self, field: &str) -> Option<Vec<u8>> {
        let times = self.fields.get("times").and_then(Value::as_integer).unwrap_or(1);
        let first = bytes(self.text("first").unwrap_or(""));
        let text = self.text(field)?;
        Some([first, bytes(text).repeat(usize::try_from(times).unwrap())].concat())
    }

    /// The bytes of every text in a list.
    pub fn list(&self, field: &str) -> Vec<Vec<u8>> {
        let list = self.fields.get(field).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(bytes).collect()
    }

    /// Whether a switch is on.
    pub fn is(&self, field: &str) -> bool {
        self.fields.get(field).and_then(Value::as_bool).unwrap_or(false)
    }

    /// What is sound, with the text `find` of it replaced by `put`; or `whole` in its place.
    pub fn applied_to(&self, sound: &[u8]) -> Vec<u8> {
        if let Some(whole) = self.bytes("whole") {
            return whole;
        }
        let (find, put) = (bytes(self.text("find").unwrap()), self.bytes("put").unwrap());
        let at = sound.windows(find.len()).position(|window| window == find);
        let at = at.unwrap_or_else(|| panic!("{}: `{}` is not there", self.name, self.text("find").unwrap()));
        [&sound[..at], &put, &sound[at + find.len()..]].concat()
    }
}

/// What escapes in a text stand for.
pub fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let byte = match (c, if c == '\\' { rest.next() } else { None }) {
            ('\\', Some('x')) => {
                let digits: String = rest.by_ref().take(2).collect();
                u8::from_str_radix(&digits, 16).unwrap_or_else(|_| panic!("`\\x{digits}` is no byte"))
            }
            ('\\', Some('n')) => b'\n',
            ('\\', Some('r')) => b'\r',
            ('\\', Some('t')) => b'\t',
            ('\\', Some('0')) => 0,
            ('\\', Some('\\')) => b'\\',
            // Of JSON.
            ('\\', Some(other)) => {
                bytes.push(b'\\');
                bytes.extend(other.to_string().into_bytes());
                continue;
            }
            _ => {
                bytes.extend(c.to_string().into_bytes());
                continue;
            }
        };
        bytes.push(byte);
    }
    bytes
}

/// Holds what was said of each case against the snapshot beside the table.
pub fn hold(file: &Path, said: &[(String, String)]) {
    let text: String =
        said.iter().map(|(name, said)| format!("## {name}\n{}\n\n", said.trim_end())).collect();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(file.canonicalize().unwrap().parent().unwrap());
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(file.file_stem().unwrap().to_str(), text.trim_end()));
}
