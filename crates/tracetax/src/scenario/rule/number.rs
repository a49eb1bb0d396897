//! Rules for numbers: a range and a unit.

use std::ops::RangeInclusive;

use toml::de::DeValue;

use super::{
    super::{
        nearest::shown,
        shape::{Numbers, Shape},
        step::{remove, write},
    },
    Fault, Rule, found,
};

/// A whole number.
pub(in crate::scenario) struct Whole(Number);

/// A whole number of `unit` in `range`.
pub(in crate::scenario) fn whole(range: RangeInclusive<u32>, unit: &'static str) -> Whole {
    let range = f64::from(*range.start())..=f64::from(*range.end());
    Whole(Number { kind: "a whole number", range, unit })
}

impl Rule for Whole {
    type Value = u32;

    fn allowed(&self) -> String {
        self.0.allowed()
    }

    fn shape(&self) -> Shape {
        Shape::Whole(self.0.numbers())
    }

    fn check(&self, value: &DeValue<'_>) -> Result<u32, Fault> {
        let number = self.0.check(value)?;
        if value.is_integer() {
            // In range, hence exact.
            return Ok(number as u32);
        }
        let step = write(format!("{}, without a point", grouped(number.round())));
        Err(self.fault("found a number with a point or an exponent", step))
    }
}

/// A number, whole or not.
pub(in crate::scenario) struct Number {
    kind: &'static str,
    range: RangeInclusive<f64>,
    unit: &'static str,
}

/// A number of `unit` in `range`.
pub(in crate::scenario) fn number(range: RangeInclusive<f64>, unit: &'static str) -> Number {
    Number { kind: "a number", range, unit }
}

impl Number {
    fn numbers(&self) -> Numbers {
        Numbers { low: *self.range.start(), high: *self.range.end(), unit: self.unit }
    }
}

impl Rule for Number {
    type Value = f64;

    fn allowed(&self) -> String {
        let (low, high) = (grouped(*self.range.start()), grouped(*self.range.end()));
        format!("{} of {} from {low} to {high}", self.kind, self.unit)
    }

    fn shape(&self) -> Shape {
        Shape::Number(self.numbers())
    }

    fn check(&self, value: &DeValue<'_>) -> Result<f64, Fault> {
        let Some(number) = to_f64(value) else {
            return Err(match value.as_str().filter(|text| text.parse::<f64>().is_ok_and(f64::is_finite)) {
                Some(text) => self.fault("found text", remove(format!("the quotes: write {}", shown(text)))),
                None => self.fault(found(value), write(self.allowed())),
            });
        };
        if number.is_nan() {
            Err(self.fault("found `nan`", write(self.allowed())))
        } else if number < *self.range.start() {
            Err(self.fault("too small", write(format!("{} or more", grouped(*self.range.start())))))
        } else if number > *self.range.end() {
            Err(self.fault("too large", write(format!("{} or less", grouped(*self.range.end())))))
        } else {
            Ok(number)
        }
    }
}

/// The number of a value; one that no machine type holds is as good as infinite.
fn to_f64(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Integer(digits) => {
            let beyond = if digits.as_str().starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY };
            Some(i64::from_str_radix(digits.as_str(), digits.radix()).map_or(beyond, |number| number as f64))
        }
        DeValue::Float(digits) => digits.as_str().parse().ok(),
        _ => None,
    }
}

/// A number as TOML takes it, with `_` between thousands.
pub(in crate::scenario) fn grouped(number: f64) -> String {
    let plain = number.to_string();
    let whole = plain.split('.').next().unwrap_or_default();
    let mut out = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    out + &plain[whole.len()..]
}
