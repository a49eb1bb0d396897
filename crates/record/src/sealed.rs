//! The last member of every document that tracetax reads back: a checksum of the bytes before it.

use schemars::{Schema, json_schema};

/// Name of the member.
pub const CHECKSUM: &str = "checksum";

/// Adds the member to a schema. It is in the file, and not in what a command prints.
pub fn with_checksum(schema: &mut Schema) {
    let checksum = json_schema!({
        "description": "CRC-32 of all bytes of the file before the comma in front of this member, in hexadecimal.",
        "type": "string",
        "pattern": "^[0-9a-f]{8}$",
    });
    let properties = schema.get_mut("properties").and_then(|properties| properties.as_object_mut());
    properties.map(|properties| properties.insert(CHECKSUM.into(), checksum.into()));
}
