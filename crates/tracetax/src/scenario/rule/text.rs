//! Rules for texts.

use toml::de::DeValue;

use super::{
    super::{shape::Shape, step::write},
    Fault, Rule, found,
};

/// A text.
pub(in crate::scenario) struct Text {
    allowed: &'static str,
    pattern: &'static str,
    longest: usize,
    /// What was found, and what to write.
    check: fn(&str) -> Result<(), (&'static str, &'static str)>,
}

impl Rule for Text {
    type Value = String;

    fn allowed(&self) -> String {
        self.allowed.to_owned()
    }

    fn shape(&self) -> Shape {
        Shape::Text { pattern: self.pattern, longest: self.longest }
    }

    fn check(&self, value: &DeValue<'_>) -> Result<String, Fault> {
        let Some(text) = value.as_str() else {
            return Err(self.fault(found(value), write("it in double quotes")));
        };
        (self.check)(text).map_err(|(found, what)| self.fault(found, write(what)))?;
        Ok(text.to_owned())
    }
}

/// One sentence.
pub(in crate::scenario) fn sentence() -> Text {
    Text {
        allowed: "a text of 1 to 200 characters on one line",
        pattern: r"^(?=.*\S)[^\u0000-\u001f\u007f-\u009f]*$",
        longest: 200,
        check: |text| match text {
            _ if text.trim().is_empty() => Err(("empty", "the question in one sentence")),
            _ if text.chars().any(char::is_control) => {
                Err(("holds a line break or a control character", "it on one line"))
            }
            _ if text.chars().count() > 200 => Err(("too long", "it shorter; reasons belong in a comment")),
            _ => Ok(()),
        },
    }
}

/// The path of a request, as it stands in the request line (RFC 9112, section 3.2.1).
pub(in crate::scenario) fn request_path() -> Text {
    Text {
        allowed: "a text of 1 to 4_096 visible ASCII characters that begins with `/`",
        pattern: "^/[!-~]*$",
        longest: 4096,
        check: |text| match text {
            _ if !text.starts_with('/') => Err(("does not begin with `/`", "a path such as \"/plain\"")),
            _ if text.len() > 4096 => Err(("too long", "a path of at most 4_096 bytes")),
            _ if !text.bytes().all(|byte| byte.is_ascii_graphic()) => Err((
                "holds a character that a request line cannot",
                "each of its bytes as `%` and two hex digits, a space as %20",
            )),
            _ => Ok(()),
        },
    }
}

/// A name that is used in files, tables and results.
pub(in crate::scenario) fn name() -> Text {
    Text {
        allowed: "1 to 40 characters of `a-z`, `0-9` and `-`, beginning with a letter",
        pattern: "^(?!untraced$)[a-z][a-z0-9-]*$",
        longest: 40,
        check: |text| match text {
            "untraced" => Err(("`untraced` is what it is compared with", "another name")),
            _ if !text.starts_with(|first: char| first.is_ascii_lowercase()) => {
                Err(("does not begin with a small letter", "small letters, digits and `-`"))
            }
            _ if text.len() > 40 => Err(("too long", "at most 40 characters")),
            _ if !text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-')) => {
                Err(("holds another character", "small letters, digits and `-`"))
            }
            _ => Ok(()),
        },
    }
}

/// The name of a scenario, from the name of its file.
pub(in crate::scenario) fn name_of_file(stem: &str) -> Result<String, Fault> {
    name().check(&DeValue::String(stem.into()))
}
