//! JSON that tells when it was damaged: its last member is the CRC-32 of every byte before it. Pure.
//!
//! A document is read only if these are the very bytes that were written, up to its last. A CRC-32 finds every flipped bit and
//! every damaged run of up to 32 bits, whatever they are. It is no signature: who changes a file on purpose can make it anew.

use std::fmt::{Display, Formatter};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::printable::{beginning, is_hostile};

/// Digits of a checksum.
const DIGITS: usize = 8;

/// Why bytes are not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// They are whole or old, but of another schema.
    OtherSchema {
        /// What they name.
        found: String,
        /// What is read here.
        wanted: String,
    },
    /// They are not what was written, or were not written by tracetax.
    Damaged(String),
}

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OtherSchema { found, wanted } => write!(
                f,
                "it was written by another version of tracetax, an older one as a rule (`{found}`; this one reads `{wanted}`): \
                 read it with that version, or measure anew"
            ),
            Self::Damaged(what) => {
                write!(f, "it is damaged or was edited: {what}: take it from a copy, or measure anew")
            }
        }
    }
}

impl std::error::Error for Fault {}

/// What stands around a checksum.
struct Style {
    before: &'static str,
    after: &'static str,
}

const LINE: Style = Style { before: ",\"checksum\":\"", after: "\"}\n" };
const PAGE: Style = Style { before: ",\n  \"checksum\": \"", after: "\"\n}\n" };

/// A value on one line, sealed, with its end of line.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn line<T: Serialize>(value: &T) -> serde_json::Result<String> {
    Ok(seal(&serde_json::to_string(value)?, &LINE))
}

/// A value over many lines, as people read it, sealed.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn page<T: Serialize>(value: &T) -> serde_json::Result<String> {
    Ok(seal(&serde_json::to_string_pretty(value)?, &PAGE))
}

/// `object` has a member at least: its schema.
fn seal(object: &str, style: &Style) -> String {
    let body = object.strip_suffix('}').unwrap_or(object).trim_end();
    format!("{body}{}{}{}", style.before, checksum(body.as_bytes()), style.after)
}

fn checksum(bytes: &[u8]) -> String {
    format!("{:08x}", crc32fast::hash(bytes))
}

/// Reads what [`line()`] or [`page`] has written of a value with this schema.
///
/// # Errors
/// Says what is wrong with the bytes. Text that would take hold of a terminal is refused too.
pub fn open<T: DeserializeOwned>(bytes: &[u8], schema: &str) -> Result<T, Fault> {
    let damaged = |what: &str| Fault::Damaged(what.into());
    let Some((body, found)) = [LINE, PAGE].iter().find_map(|style| parts(bytes, style)) else {
        return Err(of_schema(bytes, schema).unwrap_or_else(|| damaged("it does not end with its checksum")));
    };
    let wanted = checksum(body);
    if found != wanted.as_bytes() {
        let found = String::from_utf8_lossy(found).escape_debug().to_string();
        return Err(Fault::Damaged(format!("its checksum is {found}, that of its content {wanted}")));
    }
    let whole = [body, b"}"].concat();
    if let Some(fault) = of_schema(&whole, schema) {
        return Err(fault);
    }
    let value: Value = serde_json::from_slice(&whole).map_err(|error| damaged(&error.to_string()))?;
    if let Some(text) = unprintable(&value) {
        return Err(Fault::Damaged(format!("it holds text that cannot be printed: `{}`", beginning(text))));
    }
    serde_json::from_slice(&whole).map_err(|error| damaged(&error.to_string()))
}

/// A document with the checksum that it should have, where it ends like one: for tests of what is behind that door.
#[must_use]
pub fn again(bytes: &[u8]) -> Option<Vec<u8>> {
    [LINE, PAGE].iter().find_map(|style| {
        let (body, _) = parts(bytes, style)?;
        Some([body, style.before.as_bytes(), checksum(body).as_bytes(), style.after.as_bytes()].concat())
    })
}

/// What was sealed, and the checksum beside it.
fn parts<'a>(bytes: &'a [u8], style: &Style) -> Option<(&'a [u8], &'a [u8])> {
    let rest = bytes.strip_suffix(style.after.as_bytes())?;
    let (rest, checksum) = rest.split_at_checked(rest.len().checked_sub(DIGITS)?)?;
    Some((rest.strip_suffix(style.before.as_bytes())?, checksum))
}

/// Only as much of a document as tells of which version it is.
#[derive(Deserialize)]
struct Head {
    schema: String,
}

/// The fault of a document that is JSON and names another schema.
fn of_schema(bytes: &[u8], wanted: &str) -> Option<Fault> {
    let found = serde_json::from_slice::<Head>(bytes).ok()?.schema;
    let is_ours = found.starts_with("tracetax/") && !found.contains(is_hostile);
    match (found == wanted, is_ours) {
        (true, _) => None,
        (false, true) => Some(Fault::OtherSchema { found: beginning(&found), wanted: wanted.into() }),
        (false, false) => {
            Some(Fault::Damaged(format!("its schema is `{}`, which is none of tracetax", beginning(&found))))
        }
    }
}

/// The first text that would take hold of a terminal. Ends of lines and tabs do not.
fn unprintable(value: &Value) -> Option<&str> {
    let is_bad = |c: char| is_hostile(c) && !matches!(c, '\n' | '\t');
    let of_text = |text: &'_ str| text.contains(is_bad);
    match value {
        Value::String(text) => of_text(text).then_some(text),
        Value::Array(values) => values.iter().find_map(unprintable),
        Value::Object(members) => members
            .iter()
            .find_map(|(key, value)| of_text(key).then_some(key.as_str()).or_else(|| unprintable(value))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use record::{
        recording::{Recording, SCHEMA},
        sealed::CHECKSUM,
    };

    use super::{Fault, LINE, PAGE, checksum, line, open, page, seal};

    fn recording() -> Recording {
        Recording { schema: SCHEMA.into(), wanted: 5, sessions: vec!["one".into(), "zwei\n\tdrei".into()] }
    }

    fn read(bytes: &[u8]) -> Result<Recording, Fault> {
        open(bytes, SCHEMA)
    }

    #[test]
    fn both_styles_are_json_that_ends_with_its_checksum() {
        insta::assert_snapshot!(line(&recording()).unwrap(), @r#"{"schema":"tracetax/recording/v2","wanted":5,"sessions":["one","zwei\n\tdrei"],"checksum":"94a16e5b"}"#);
        insta::assert_snapshot!(page(&recording()).unwrap(), @r#"
        {
          "schema": "tracetax/recording/v2",
          "wanted": 5,
          "sessions": [
            "one",
            "zwei\n\tdrei"
          ],
          "checksum": "e0469a8b"
        }
        "#);
        for text in [line(&recording()).unwrap(), page(&recording()).unwrap()] {
            assert_eq!(read(text.as_bytes()), Ok(recording()));
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert!(value[CHECKSUM].is_string());
        }
        for style in [LINE, PAGE] {
            assert!(style.before.contains(CHECKSUM));
        }
    }

    /// The polynomial's own check value (the CRC catalogue's CRC-32/ISO-HDLC).
    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(checksum(b"123456789"), "cbf43926");
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_found() {
        for text in [line(&recording()).unwrap(), page(&recording()).unwrap()] {
            let bytes = text.as_bytes();
            for position in 0..bytes.len() {
                assert!(read(&bytes[..position]).is_err(), "cut at {position}");
                for bit in 0..8 {
                    let mut changed = bytes.to_vec();
                    changed[position] ^= 1 << bit;
                    assert!(read(&changed).is_err(), "byte {position}, bit {bit}");
                }
            }
        }
    }

    fn sealed(json: &str) -> Vec<u8> {
        seal(json, &LINE).into_bytes()
    }

    #[test]
    fn another_version_is_named_whether_sealed_or_not() {
        let old = r#"{"schema":"tracetax/recording/v1","wanted":5,"sessions":[]}"#;
        for bytes in [old.as_bytes().to_vec(), sealed(old)] {
            let fault = read(&bytes).unwrap_err();
            assert!(matches!(fault, Fault::OtherSchema { .. }), "{fault}");
            assert!(fault.to_string().contains("(`tracetax/recording/v1`; this one reads "), "{fault}");
        }
    }

    #[test]
    fn what_is_sealed_and_hostile_is_refused() {
        let with = |sessions: &str| format!(r#"{{"schema":"{SCHEMA}","wanted":5,"sessions":{sessions}}}"#);
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        for (sessions, says) in [
            (r#"["\u001b[2J"]"#, r"cannot be printed: `\u{1b}[2J`"),
            ("[\"\u{9b}31m\"]", "cannot be printed"),
            ("[5]", "invalid type"),
            (&deep, "recursion limit"),
            ("1e999", "number out of range"),
            (r#"[],"more":1"#, "unknown field `more`"),
            (r#"["\ud800"]"#, "unexpected end of hex escape"),
        ] {
            let fault = read(&sealed(&with(sessions))).unwrap_err();
            assert!(fault.to_string().contains(says), "{fault}");
        }
        for bytes in [&b""[..], b"\n", b"{}", b"\"}\n", b",\"checksum\":\"00000000\"}\n", b"\xff\xfe"] {
            assert!(matches!(read(bytes), Err(Fault::Damaged(_))), "{bytes:?}");
        }
    }
}
