//! Streams of requests: valid ones, and some with a piece broken out of them.

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};

use super::peer::Answer;

const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "M-SEARCH", "X"];

/// A valid stream, and how it is to be answered.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    pub(crate) requests: Vec<Request>,
    pub(crate) cuts: Vec<usize>,
    pub(crate) answers: Vec<Answer>,
    pub(crate) pipe_bytes: usize,
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    head: String,
    body: Vec<u8>,
    /// Bytes of its content, without the framing.
    pub(crate) content_bytes: usize,
}

/// Any bytes.
#[derive(Debug, Clone)]
pub(crate) struct BrokenStream {
    pub(crate) bytes: Vec<u8>,
    pub(crate) cuts: Vec<usize>,
    pub(crate) answers: Vec<Answer>,
    pub(crate) pipe_bytes: usize,
}

impl Stream {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.requests.iter().flat_map(Request::bytes).collect()
    }
}

impl Request {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        [self.head.as_bytes(), &self.body].concat()
    }
}

pub(crate) fn stream() -> impl Strategy<Value = Stream> {
    (requests(1..8), cuts(), answers(), pipe_bytes())
        .prop_map(|(requests, cuts, answers, pipe_bytes)| Stream { requests, cuts, answers, pipe_bytes })
}

/// What remains of a valid stream after some of it was cut out, repeated or written over.
pub(crate) fn broken_stream() -> impl Strategy<Value = BrokenStream> {
    let harm = (any::<prop::sample::Index>(), 0..12_usize, harm());
    (requests(1..5), prop::collection::vec(harm, 1..4), cuts(), answers(), pipe_bytes()).prop_map(
        |(requests, harms, cuts, answers, pipe_bytes)| {
            let mut bytes: Vec<u8> = requests.iter().flat_map(Request::bytes).collect();
            for (at, len, harm) in harms {
                let at = at.index(bytes.len() + 1);
                let end = (at + len).min(bytes.len());
                bytes.splice(at..end, harm);
            }
            BrokenStream { bytes, cuts, answers, pipe_bytes }
        },
    )
}

/// What is put in the place of some bytes.
fn harm() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: [&str; 26] = [
        "",
        "\r\n",
        "\n",
        "\r",
        " ",
        "  ",
        "\t",
        "\0",
        ":",
        "?",
        ";",
        "0\r\n\r\n",
        "\r\n\r\n",
        "HTTP/1.0",
        "HTTP/1.2",
        "GET /x HTTP/1.1\r\n\r\n",
        "get ",
        "PROPPATCH ",
        "Content-Length: 3\r\n",
        "Content-Length: 7\r\n",
        "content-length : 3\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: chunked\r\n",
        "\r\n folded\r\n",
        "ffffffffffffffff",
        "\u{e9}",
    ];
    prop_oneof![
        4 => prop::sample::select(&PIECES[..]).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ]
}

/// Several; the last may be of HTTP/1.0, after which hyper may end the connection.
fn requests(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Request>> {
    let last = prop_oneof![2 => Just(None), 1 => request("1.0").prop_map(Some)];
    (prop::collection::vec(request("1.1"), count), last).prop_map(|(mut requests, last)| {
        requests.extend(last);
        requests
    })
}

fn request(version: &'static str) -> impl Strategy<Value = Request> {
    let method = prop::sample::select(&METHODS[..]);
    let target = prop_oneof![
        4 => "/[a-zA-Z0-9/._~%-]{0,40}",
        1 => "/[a-z]{120,140}",
        2 => "/[a-z]{0,9}[?][a-z=&?/]{0,30}",
        1 => "http://[a-z]{1,9}(:80)?/[a-z]{0,9}",
    ];
    (method, target, headers(), body(), any::<bool>()).prop_map(
        move |(method, target, headers, body, bare)| {
            // HTTP/1.0 has no chunks.
            let body = if version == "1.0" { Body::Sized(body.content()) } else { body };
            let mut head = format!("{method} {target} HTTP/{version}\r\n{headers}{}\r\n", body.header());
            if bare {
                head = head.replace("\r\n", "\n");
            }
            Request { head, content_bytes: body.content().len(), body: body.bytes() }
        },
    )
}

fn headers() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("Host: t\r\n".to_owned()),
        Just("Expect: 100-continue\r\n".to_owned()),
        Just("TE: trailers\r\n".to_owned()),
        "(Cookie|Content-Type|Transfer|Content-Length-X|X-Content-Length|Accept): [ -~]{0,60}\r\n",
        "[a-zA-Z0-9-]{1,12}z: ?[ -~]{0,20}\r\n",
    ];
    prop::collection::vec(line, 0..7).prop_map(|lines| lines.concat())
}

#[derive(Debug, Clone)]
enum Body {
    None,
    Sized(Vec<u8>),
    Chunked(Vec<(Vec<u8>, &'static str)>, &'static str),
}

impl Body {
    fn content(&self) -> Vec<u8> {
        match self {
            Self::None => vec![],
            Self::Sized(bytes) => bytes.clone(),
            Self::Chunked(chunks, _) => chunks.iter().flat_map(|(bytes, _)| bytes.clone()).collect(),
        }
    }

    fn header(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::Sized(bytes) => format!("Content-Length: {}\r\n", bytes.len()),
            Self::Chunked(..) => "Transfer-Encoding: chunked\r\n".into(),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let Self::Chunked(chunks, trailers) = self else { return self.content() };
        let mut bytes = Vec::new();
        for (chunk, extension) in chunks {
            bytes.extend(format!("{:x}{extension}\r\n", chunk.len()).into_bytes());
            bytes.extend(chunk);
            bytes.extend(b"\r\n");
        }
        bytes.extend(format!("0\r\n{trailers}\r\n").into_bytes());
        bytes
    }
}

fn body() -> impl Strategy<Value = Body> {
    let content = || {
        prop_oneof![
            2 => prop::collection::vec(any::<u8>(), 1..60),
            1 => Just(b"GET /decoy HTTP/1.1\r\n\r\n".to_vec()),
            1 => Just(b"\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n".to_vec()),
            1 => Just(vec![b'z'; 9_000]),
        ]
    };
    let extension = prop_oneof![3 => Just(""), 1 => Just(";a"), 1 => Just(";a=\"b\"")];
    let trailers =
        prop_oneof![3 => Just(""), 1 => Just("X-Sum: 1\r\n"), 1 => Just("Content-Length: 5\r\nY: z\r\n")];
    let chunks = prop::collection::vec((content(), extension), 0..4);
    prop_oneof![
        3 => Just(Body::None),
        2 => content().prop_map(Body::Sized),
        1 => Just(Body::Sized(vec![])),
        3 => (chunks, trailers).prop_map(|(chunks, trailers)| Body::Chunked(chunks, trailers)),
    ]
}

fn answers() -> impl Strategy<Value = Vec<Answer>> {
    let status =
        prop_oneof![3 => Just(200), 1 => Just(204), 1 => Just(304), 1 => Just(404), 1 => 200..600_u16];
    let frames = prop::collection::vec(prop_oneof![1..100_usize, Just(10_000)], 0..4);
    let answer = (status, frames, any::<bool>()).prop_map(|(status, frames, sized)| {
        // These have no body by definition; hyper leaves what is given out, and says so on the log.
        let frames = if matches!(status, 204 | 205 | 304) { vec![] } else { frames };
        Answer { status, frames, sized }
    });
    prop::collection::vec(answer, 1..5)
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![1..10_usize, 1..200_usize, Just(100_000)], 1..6)
}

fn pipe_bytes() -> impl Strategy<Value = usize> {
    prop_oneof![1..50_usize, 50..2_000_usize, Just(65_536)]
}
