//! The fixed handlers. Each burns the planted cost, then does work that its path tells; nothing here can fail.

use std::ops::RangeInclusive;

use hyper::{Request, Response, StatusCode, body::Incoming};

use crate::{burn::burn, content::Content, work::Work};

const PLAIN: &str = "Hello, World!\n";

/// The largest body of `/bytes/{n}`: 1 GiB.
const BYTES: RangeInclusive<u64> = 0..=1 << 30;
/// Final answers only: hyper sends no 1xx as an answer.
const STATUS: RangeInclusive<u64> = 200..=999;
/// The longest work of one request is a second: a mistyped path must not hang the server.
const WORK_US: RangeInclusive<u64> = 0..=1_000_000;

/// Answers one request.
pub(crate) fn answer(request: Request<Incoming>, work: &Work) -> Response<Content> {
    burn(work.planted_ns());
    work.count_request();

    let mut segments = request.uri().path().splitn(3, '/').skip(1);
    match (segments.next().unwrap_or_default(), segments.next()) {
        ("plain", None) => ok(Content::Text(Some(PLAIN))),
        ("echo", None) => ok(Content::Echo(request.into_body())),
        ("bytes", Some(text)) => with_number(text, BYTES, |bytes| ok(Content::Filler(bytes))),
        ("status", Some(text)) => with_number(text, STATUS, |code| status(u16::try_from(code).ok())),
        ("burn", Some(text)) => with_number(text, WORK_US, |us| {
            burn(us * 1_000);
            ok(Content::Text(Some(PLAIN)))
        }),
        _ => status(Some(404)),
    }
}

/// Answers with the number in `text`, or with 400 when that is none of `allowed`.
fn with_number(
    text: &str,
    allowed: RangeInclusive<u64>,
    answer: impl FnOnce(u64) -> Response<Content>,
) -> Response<Content> {
    match text.parse() {
        Ok(number) if allowed.contains(&number) => answer(number),
        _ => status(Some(400)),
    }
}

fn ok(content: Content) -> Response<Content> {
    Response::new(content)
}

/// An answer of this status without a body; 500 when there is no such status.
fn status(code: Option<u16>) -> Response<Content> {
    let mut response = Response::new(Content::EMPTY);
    *response.status_mut() =
        code.and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}
