//! One request as one JSON line. Nothing is allocated, once the buffers have their size.

use anyhow::Result;
use record::agent::RequestRecord;
use tracer_common::event::Event;

/// Room for texts that are not UTF-8 and must be written in another way.
#[derive(Debug, Default)]
pub struct Scratch {
    method: String,
    path: String,
}

/// Appends the request of `event` to `batch`, with the end of the line.
///
/// # Errors
/// When it cannot be serialised.
pub fn append(event: &Event, scratch: &mut Scratch, batch: &mut Vec<u8>) -> Result<()> {
    let method = event.head.method.to_be_bytes();
    let method = &method[event.head.method.leading_zeros() as usize / 8..];
    let path = event.path().unwrap_or_default();
    let record = RequestRecord {
        start_ns: event.head.start_ns,
        duration_ns: event.head.end_ns.saturating_sub(event.head.start_ns),
        pid: event.head.tgid,
        tid: event.head.tid,
        // Below -1 it only tells connections apart.
        fd: event.head.fd.max(-1),
        method: text(method, &mut scratch.method),
        path: text(path, &mut scratch.path),
        path_truncated: event.head.path_truncated != 0,
        status: event.head.status,
        request_bytes: event.head.request_bytes,
        response_bytes: event.head.response_bytes,
        joined_midway: event.head.joined_midway != 0,
    };
    serde_json::to_writer(&mut *batch, &record)?;
    batch.push(b'\n');
    Ok(())
}

/// `bytes` as text; what is not UTF-8 becomes U+FFFD, as [`String::from_utf8_lossy`] has it.
fn text<'a>(bytes: &'a [u8], scratch: &'a mut String) -> &'a str {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text;
    }
    scratch.clear();
    for chunk in bytes.utf8_chunks() {
        scratch.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            scratch.push(char::REPLACEMENT_CHARACTER);
        }
    }
    scratch
}

#[cfg(test)]
mod tests {
    use record::agent::RequestRecord;
    use tracer_common::event::{Event, WHOLE};
    use zerocopy::FromZeros;

    use super::{Scratch, append, text};

    fn event() -> Event {
        let mut event = Event::new_zeroed();
        event.head.kind = WHOLE;
        event.head.method = u64::from_be_bytes(*b"\0\0\0\0\0GET");
        event.path[..6].copy_from_slice(b"/plain");
        event.head.path_len = 6;
        (event.head.start_ns, event.head.end_ns) = (1_000, 64_000);
        (event.head.tgid, event.head.tid, event.head.fd, event.head.status) = (41, 42, 7, 200);
        (event.head.request_bytes, event.head.response_bytes) = (u64::MAX, 3);
        event
    }

    fn line(event: &Event) -> String {
        let mut batch = Vec::new();
        append(event, &mut Scratch::default(), &mut batch).unwrap();
        String::from_utf8(batch).unwrap()
    }

    #[test]
    fn a_line_is_the_record_of_the_request() {
        let expect = "{\"start_ns\":1000,\"duration_ns\":63000,\"pid\":41,\"tid\":42,\"fd\":7,\"method\":\"GET\",\
            \"path\":\"/plain\",\"path_truncated\":false,\"status\":200,\"request_bytes\":18446744073709551615,\
            \"response_bytes\":3}\n";
        assert_eq!(line(&event()), expect);
        let record: RequestRecord = serde_json::from_str(expect).unwrap();
        assert_eq!(serde_json::to_string(&record).unwrap() + "\n", expect);
    }

    #[test]
    fn a_record_that_is_not_certain_says_so() {
        let mut event = event();
        event.head.joined_midway = 1;
        assert!(line(&event).ends_with(",\"response_bytes\":3,\"joined_midway\":true}\n"));
    }

    #[test]
    fn only_the_used_bytes_of_the_path_are_told() {
        let mut event = event();
        event.path[6..].fill(b'x');
        assert!(line(&event).contains("\"/plain\""));
    }

    #[test]
    fn a_path_is_escaped_and_made_text() {
        let mut event = event();
        event.path[..6].copy_from_slice(b"/\"\\\n\xff\x00");
        let record: RequestRecord = serde_json::from_str(&line(&event)).unwrap();
        assert_eq!(record.path, "/\"\\\n\u{fffd}\0");
    }

    #[test]
    fn texts_are_as_the_standard_library_makes_them() {
        let mut scratch = String::from("left from before");
        for bytes in [&b"/a"[..], b"\xff\xfe/\xc3", b"\xe2\x82", "\u{20ac}".as_bytes(), b""] {
            assert_eq!(text(bytes, &mut scratch), String::from_utf8_lossy(bytes));
        }
    }
}
