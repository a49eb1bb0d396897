//! What a value may be, for programs that describe the form instead of reading it.

/// What a rule allows, as far as it can be said without running it.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A number, whole or not.
    Number(Numbers),
    /// A number without a point.
    Whole(Numbers),
    /// A text.
    Text {
        /// It matches this regular expression (of ECMA 262, as JSON Schema has it).
        pattern: &'static str,
        /// It has no more characters than this.
        longest: usize,
    },
    /// One of these words.
    Word(Vec<&'static str>),
    /// `true`, and nothing else.
    True,
    /// A list without repetitions.
    List {
        /// It has no more items than this, and at least one.
        most: usize,
        /// What each item is.
        of: Box<Shape>,
    },
}

/// A range of numbers, ends included, and what they count.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbers {
    /// The least.
    pub low: f64,
    /// The greatest.
    pub high: f64,
    /// Unit, in the plural.
    pub unit: &'static str,
}
