//! Valid dialogues made at random, with the records that must come of them.

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};

use crate::watch::Move;

/// What every secret of a generated dialogue is made of; no path holds it.
pub(crate) const CANARY: u8 = b'~';

/// Text that would mislead who looks at bodies.
const DECOYS: [&str; 7] = [
    "GET /~decoy~ HTTP/1.1\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "\r\n0\r\n\r\n",
    "~secret~",
    "\n\n",
    "POST /~ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "~",
];

/// Paths of the requests among [`DECOYS`].
pub(crate) const DECOY_PATHS: [&[u8]; 2] = [b"/~decoy~", b"/~"];

/// A dialogue of one connection.
#[derive(Debug, Clone)]
pub(crate) struct Dialogue {
    /// What the process does.
    pub(crate) moves: Vec<Move>,
    /// The records of it, as [`crate::watch::Watch::records`] gives them.
    pub(crate) records: Vec<String>,
}

/// One request and its answer.
#[derive(Debug, Clone)]
struct Exchange {
    request: Vec<u8>,
    answer: Vec<u8>,
    interim: bool,
    record: String,
}

/// How a body is framed.
#[derive(Debug, Clone)]
enum Body {
    None,
    Length(Vec<u8>),
    Chunked(Vec<Vec<u8>>),
}

/// Dialogues of up to six bursts, each of up to five requests that are read before the first is answered.
pub(crate) fn dialogue() -> impl Strategy<Value = Dialogue> {
    let bursts = prop::collection::vec(prop::collection::vec(exchange(), 1..6), 1..6);
    bursts.prop_map(|bursts| {
        let mut dialogue = Dialogue { moves: Vec::new(), records: Vec::new() };
        for burst in bursts {
            dialogue.moves.extend(burst.iter().map(|exchange| Move::In(exchange.request.clone())));
            dialogue.moves.extend(burst.iter().flat_map(answers));
            dialogue.records.extend(burst.into_iter().map(|exchange| exchange.record));
        }
        dialogue
    })
}

fn answers(exchange: &Exchange) -> Vec<Move> {
    let interim = Move::Out(b"HTTP/1.1 100 ~\r\nX: ~\r\n\r\n".to_vec());
    let answer = Move::Out(exchange.answer.clone());
    if exchange.interim { vec![interim, answer] } else { vec![answer] }
}

fn exchange() -> impl Strategy<Value = Exchange> {
    let line = (method(), "/[a-z0-9/._%-]{0,150}", prop::option::of("[a-z=&~?/]{0,40}"));
    let request = (line, headers(), body(), any::<bool>());
    let answer = (status(), headers(), body(), any::<bool>());
    (request, answer).prop_map(
        |((line, headers, body, interim), (status, answer_headers, answer_body, bare))| {
            let (method, path, query) = line;
            let query = query.map_or(String::new(), |query| format!("?{query}"));
            let request =
                message(&format!("{method} {path}{query} HTTP/1.1"), &headers, &body, &method, false);
            let without = if method == "HEAD" || matches!(status, 204 | 304) { "HEAD" } else { "" };
            let first = format!("HTTP/1.{} {status} ~reason~", u8::from(!bare));
            let answer = message(&first, &answer_headers, &framed(answer_body), without, bare);
            let kept = &path[..path.len().min(128)];
            let mark = if path.len() > 128 { "..." } else { "" };
            let record = format!("{method} {kept}{mark} {status} {}>{}", request.len(), answer.len());
            Exchange { request, answer, interim, record }
        },
    )
}

/// An answer without framing would end with the connection.
fn framed(body: Body) -> Body {
    if matches!(body, Body::None) { Body::Length(Vec::new()) } else { body }
}

/// `method` is `HEAD` for an answer whose body is left out.
fn message(first: &str, headers: &[String], body: &Body, method: &str, bare: bool) -> Vec<u8> {
    let mut head = format!("{first}\r\n{}", headers.concat());
    match body {
        Body::None => {}
        Body::Length(bytes) => head += &format!("Content-Length: {}\r\n", bytes.len()),
        Body::Chunked(_) => head += "Transfer-Encoding: chunked\r\n",
    }
    head += "\r\n";
    if bare {
        head = head.replace("\r\n", "\n");
    }
    let mut bytes = head.into_bytes();
    if method != "HEAD" || first.starts_with("HEAD") {
        body.append_to(&mut bytes);
    }
    bytes
}

impl Body {
    fn append_to(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::None => {}
            Self::Length(body) => bytes.extend(body),
            Self::Chunked(chunks) => {
                for (index, chunk) in chunks.iter().filter(|chunk| !chunk.is_empty()).enumerate() {
                    let extension = if index % 2 == 0 { "" } else { ";~=\"~\"" };
                    bytes.extend(format!("{:x}{extension}\r\n", chunk.len()).bytes());
                    bytes.extend(chunk);
                    bytes.extend(b"\r\n");
                }
                bytes.extend(if chunks.len() % 2 == 0 { &b"0\r\n\r\n"[..] } else { b"0\r\n~: ~\r\n\r\n" });
            }
        }
    }
}

fn method() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("GET".into()),
        Just("HEAD".into()),
        Just("POST".into()),
        Just("PROPFIND".into()),
        "[A-Z][A-Z-]{0,7}"
    ]
}

fn status() -> impl Strategy<Value = u16> {
    prop_oneof![Just(200), Just(204), Just(304), 200..600_u16]
}

fn headers() -> impl Strategy<Value = Vec<String>> {
    let name = prop_oneof![
        Just("Host".to_owned()),
        Just("Cookie".into()),
        Just("TE".into()),
        Just("Content-Type".into()),
        Just("Authorization".into()),
        "[CcTtXx][a-z-]{0,24}",
    ];
    // No made-up name can be one that says where the message ends: those are longer or have capitals.
    let header = (name, "[~ a-z:;,=]{0,40}").prop_map(|(name, value)| format!("{name}: {value}\r\n"));
    let unframing = header.prop_filter("no framing by chance", |line| {
        let name = line.split(':').next().unwrap_or_default();
        !name.eq_ignore_ascii_case("content-length") && !name.eq_ignore_ascii_case("transfer-encoding")
    });
    prop::collection::vec(unframing, 0..5)
}

fn body() -> impl Strategy<Value = Body> {
    prop_oneof![
        2 => Just(Body::None),
        1 => content().prop_map(Body::Length),
        1 => prop::collection::vec(content(), 0..4).prop_map(Body::Chunked),
    ]
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    let decoys = prop::collection::vec(prop::sample::select(&DECOYS[..]), 0..4);
    prop_oneof![
        decoys.prop_map(|decoys| decoys.concat().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..40),
    ]
}
