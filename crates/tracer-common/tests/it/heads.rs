//! One head, as `httparse` reads it and as we do.

use crate::{
    check::EMPTY,
    watch::{Move, Watch},
};

/// What both must agree on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    start: String,
    head_bytes: usize,
    body: Framing,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(u64),
    Chunked,
    Unknown,
}

/// None where httparse refuses, and where a method or a framing is one of which we know that it is given up.
pub(crate) fn reference_request(text: &str) -> Option<Head> {
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let mut request = httparse::Request::new(&mut headers);
    let head_bytes = complete(request.parse(text.as_bytes()))?;
    let method = request.method.filter(|method| {
        method.len() <= 8
            && !method.starts_with('-')
            && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
    })?;
    let path = request.path?.split('?').next()?;
    let path = match path.as_bytes().split_at_checked(128) {
        Some((kept, [_, ..])) => format!("{}...", String::from_utf8_lossy(kept)),
        _ => path.into(),
    };
    let body = match framing(request.headers)? {
        Framing::Unknown if has(request.headers, "transfer-encoding") => return None,
        Framing::Unknown => Framing::Length(0),
        known => known,
    };
    Some(Head { start: format!("{method} {path}"), head_bytes, body })
}

/// The same for an answer. httparse passes over empty lines before it, which no server sends.
pub(crate) fn reference_answer(text: &str) -> Option<Head> {
    if !text.starts_with("HTTP/") {
        return None;
    }
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let mut answer = httparse::Response::new(&mut headers);
    let head_bytes = complete(answer.parse(text.as_bytes()))?;
    let status = answer.code.filter(|code| *code >= 200)?;
    let body = framing(answer.headers)?;
    let body = if matches!(status, 204 | 304) { Framing::Length(0) } else { body };
    Some(Head { start: format!("GET / {status}"), head_bytes, body })
}

fn complete(status: httparse::Result<usize>) -> Option<usize> {
    status.ok().filter(httparse::Status::is_complete).map(httparse::Status::unwrap)
}

fn has(headers: &[httparse::Header<'_>], name: &str) -> bool {
    headers.iter().any(|header| header.name.eq_ignore_ascii_case(name))
}

/// RFC 9112, 6.3. None where lengths contradict each other or are no numbers.
fn framing(headers: &[httparse::Header<'_>]) -> Option<Framing> {
    let values = |name: &'static str| {
        headers
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .map(|header| str::from_utf8(header.value).unwrap_or("?").trim())
    };
    let mut lengths = values("content-length").map(number);
    let length = lengths.next();
    if lengths.any(|other| Some(other) != length) || length == Some(None) {
        return None;
    }
    let last = values("transfer-encoding").next_back();
    Some(match (last, length.flatten()) {
        (Some(codings), _) if last_coding(codings) == "chunked" => Framing::Chunked,
        (Some(_), _) | (None, None) => Framing::Unknown,
        (None, Some(length)) => Framing::Length(length),
    })
}

/// Digits only, and no more of them than any length has.
fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= 17;
    digits.then(|| text.parse().ok()).flatten()
}

fn last_coding(codings: &str) -> String {
    codings.rsplit(',').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// How we read a head: where it ends and what follows show in the sizes of the record.
pub(crate) fn ours(request: &str, answer: Option<&str>) -> Option<Head> {
    let (head, start) = match answer {
        None => (request, vec![]),
        Some(answer) => (answer, vec![Move::In(request.into())]),
    };
    let head = head.as_bytes();
    let step = |bytes: &[u8]| if answer.is_some() { Move::Out(bytes.into()) } else { Move::In(bytes.into()) };
    let end = || if answer.is_some() { vec![] } else { vec![Move::Out(EMPTY.into())] };
    // By bytes: the head ends with the byte after which a body or a message can be seen.
    let seen = |moves: Vec<Move>| {
        let records = Watch::follow(&[start.clone(), moves].concat()).records();
        records.first().map(|record| record.rsplit_once(' ').expect("sizes").0.to_owned())
    };
    let name = |record: String| match answer {
        None => record.rsplit_once(' ').expect("a status").0.to_owned(),
        Some(_) => record,
    };
    let head_bytes =
        (1..=head.len()).find(|end_at| knows_body(&start, step(&head[..*end_at]), answer.is_some()))?;
    let whole = step(&head[..head_bytes]);
    let mut after = vec![whole.clone()];
    let watch = Watch::follow(&[start.clone(), after.clone()].concat());
    let connection = watch.connection()?;
    let side = if answer.is_some() { connection.answers } else { connection.requests };
    let body = match side.skippable() {
        u64::MAX => Framing::Unknown,
        0 if !side.at_start() => Framing::Chunked,
        length => Framing::Length(length),
    };
    match body {
        Framing::Length(0) => {}
        Framing::Length(length) if answer.is_some() => after.push(Move::File(length)),
        Framing::Length(_) => {}
        Framing::Chunked => after.push(step(b"1\r\nx\r\n0\r\n\r\n")),
        Framing::Unknown => after.push(Move::Close),
    }
    after.extend(end());
    Some(Head { start: name(seen(after)?), head_bytes, body })
}

/// Is the head of this direction complete after `step`?
fn knows_body(start: &[Move], step: Move, answers: bool) -> bool {
    let watch = Watch::follow(&[start, &[step]].concat());
    watch.connection().is_some_and(|connection| {
        let side = if answers { connection.answers } else { connection.requests };
        side.heads > 0
    })
}
