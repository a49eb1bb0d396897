//! The form as a JSON Schema, which editors read. Pure, and made of the same keys as the reader asks for.
//!
//! Draft-07, since that is what editors of TOML take. What depends on several numbers it cannot say: `form::ACROSS`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    form,
    key::{Condition, Key, LeftOut, Need},
    shape::{Numbers, Shape},
};

/// Where the file lies, from the root of the repository.
pub const FILE: &str = "schemas/scenario.schema.json";

/// The schema of a scenario file, from [`super::keys`].
#[must_use]
pub fn schema(keys: &[Key]) -> Value {
    let mut schema = object(keys, "");
    schema.insert("$schema".into(), "http://json-schema.org/draft-07/schema#".into());
    schema.insert("title".into(), "Scenario of tracetax".into());
    let across = form::ACROSS.join(" ");
    schema
        .insert("description".into(), format!("Not seen here, but by `cargo xtask check`: {across}").into());
    Value::Object(schema)
}

/// One section, with all that depends on which of its keys are there.
fn object(keys: &[Key], section: &str) -> Map<String, Value> {
    let own: Vec<&Key> = keys.iter().filter(|key| key.section == section).collect();
    let properties: Map<String, Value> =
        own.iter().map(|key| (bare(key.name).to_owned(), property(keys, key))).collect();
    let required: Vec<_> =
        own.iter().filter(|key| key.need == Need::Required).map(|key| bare(key.name)).collect();
    let mut object = Map::new();
    object.insert("type".into(), "object".into());
    object.insert("additionalProperties".into(), false.into());
    object.insert("properties".into(), properties.into());
    let dependent = [
        ("required", json!(required)),
        ("oneOf", alternatives(&own)),
        ("allOf", conditions(&own)),
        ("dependencies", beside(&own)),
    ];
    for (name, value) in dependent {
        if value.as_array().is_none_or(|items| !items.is_empty()) && value != json!({}) {
            object.insert(name.into(), value);
        }
    }
    object
}

fn property(keys: &[Key], key: &Key) -> Value {
    let mut property = match &key.shape {
        Some(shape) => value_of(shape),
        None if key.name.starts_with("[[") => {
            let (items, item) = (object(keys, key.name), json!({"type": "array", "minItems": 1}));
            with(item, "items", items.into())
        }
        None => object(keys, key.name).into(),
    };
    property = with(property, "description", described(key).into());
    if let Some(value) = written(key.example) {
        property = with(property, "examples", json!([value]));
    }
    match left_out(key)
        .and_then(|left_out| if let LeftOut::Is(text) = left_out { written(text) } else { None })
    {
        Some(value) => with(property, "default", value),
        None => property,
    }
}

fn value_of(shape: &Shape) -> Value {
    match shape {
        Shape::Number(Numbers { low, high, .. }) => {
            json!({"type": "number", "minimum": low, "maximum": high})
        }
        Shape::Whole(Numbers { low, high, .. }) => {
            json!({"type": "integer", "minimum": *low as u64, "maximum": *high as u64})
        }
        Shape::Text { pattern, longest } => {
            json!({"type": "string", "pattern": pattern, "maxLength": longest})
        }
        Shape::Word(words) => json!({"type": "string", "enum": words}),
        Shape::True => json!({"const": true}),
        Shape::List { most, of } => {
            json!({"type": "array", "minItems": 1, "maxItems": most, "uniqueItems": true, "items": value_of(of)})
        }
    }
}

/// What an editor shows beside the key.
fn described(key: &Key) -> String {
    let allowed = if key.is_section() { String::new() } else { format!(" Must be {}.", key.allowed) };
    let need = match key.need {
        Need::Required | Need::OneOf(_) => String::new(),
        Need::By(by) => format!(" With `{}` {}: {}.", by.key, words(by.words), by.why),
        Need::Optional(LeftOut::Means(what)) | Need::Beside(_, LeftOut::Means(what)) => {
            format!(" Left out: {what}.")
        }
        Need::Optional(LeftOut::Is(what)) | Need::Beside(_, LeftOut::Is(what)) => {
            format!(" Left out: {what}.")
        }
    };
    format!("{}{allowed}{need}", key.meaning)
}

/// Words in backticks, with `or` before the last.
pub(super) fn words(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [rest @ .., last] if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        all => all.concat(),
    }
}

fn left_out(key: &Key) -> Option<LeftOut> {
    match key.need {
        Need::Optional(left_out) | Need::Beside(_, left_out) => Some(left_out),
        Need::Required | Need::OneOf(_) | Need::By(_) => None,
    }
}

/// Exactly one of some keys.
fn alternatives(own: &[&Key]) -> Value {
    let one = |key: &&&Key| matches!(key.need, Need::OneOf(_));
    own.iter().filter(one).map(|key| json!({"required": [bare(key.name)]})).collect()
}

/// Keys that may stand only beside another.
fn beside(own: &[&Key]) -> Value {
    let pair = |key: &&Key| match key.need {
        Need::Beside(other, _) => Some((key.name.to_owned(), json!([other]))),
        _ => None,
    };
    own.iter().filter_map(pair).collect::<Map<_, _>>().into()
}

/// Keys that have to be there with some words of another, and may not with the others.
fn conditions(own: &[&Key]) -> Value {
    let mut by_words: BTreeMap<&[&str], (&Condition, Vec<&str>)> = BTreeMap::new();
    for key in own {
        if let Need::By(condition) = key.need {
            by_words.entry(condition.words).or_insert((condition, Vec::new())).1.push(key.name);
        }
    }
    by_words.values().map(|(condition, names)| decided(condition, names)).collect()
}

fn decided(condition: &Condition, names: &[&str]) -> Value {
    let absent: Map<String, Value> = names.iter().map(|name| ((*name).to_owned(), false.into())).collect();
    json!({
        "if": {"properties": {condition.key: {"enum": condition.words}}},
        "then": {"required": names},
        "else": {"properties": absent},
    })
}

/// A value as it is written in the file; None for none.
fn written(text: &str) -> Option<Value> {
    let table: Map<String, Value> = toml::from_str(&format!("value = {text}")).ok()?;
    table.into_iter().next().map(|(_, value)| value)
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

/// `load` of `[load]` and of `[[load]]`.
fn bare(head: &str) -> &str {
    head.trim_matches(['[', ']'])
}
