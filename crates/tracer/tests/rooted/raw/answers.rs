//! What the raw server answers: the first part of a path names a list of acts.

/// Text that would mislead who looks at bodies.
pub(crate) const DECOY: &str =
    "GET /decoy HTTP/1.1\r\n\r\nHTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n0\r\n\r\n";

/// One thing that the server does to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// Writes bytes that are before the answer proper.
    Interim(Vec<u8>),
    /// Writes these bytes of the answer, in as few calls as it takes.
    Write(Vec<u8>),
    /// Both in one call.
    InterimAndWrite(Vec<u8>, Vec<u8>),
    /// Writes them by one call a byte.
    Bytewise(Vec<u8>),
    /// Writes them from a file by `sendfile`.
    SendFile(Vec<u8>),
    /// Writes them out of a pipe by `splice`.
    Splice(Vec<u8>),
    /// Writes them by `pwritev2` at no offset, which a socket takes as `writev`.
    PositionalWrite(Vec<u8>),
    /// Writes them by `sendmmsg`.
    Messages(Vec<u8>),
    /// Writes them to a second descriptor of the same connection.
    Duplicate(Vec<u8>),
    /// Sleeps that many milliseconds.
    Pause(u64),
    /// Sends all back that comes, until the client ends.
    Tunnel,
    /// Writes bytes that are no part of the answer.
    Unasked(Vec<u8>),
    /// Closes the connection, after the answer.
    Close,
    /// Closes the connection, which ends the answer.
    EndByClosing,
}

use Act::{
    Bytewise, Close, Duplicate, EndByClosing, Interim, InterimAndWrite, Messages, Pause, PositionalWrite,
    SendFile, Splice, Tunnel, Unasked, Write,
};

/// Is this path answered as soon as the head is read?
pub(crate) fn is_early(target: &str) -> bool {
    target.starts_with("/early")
}

/// What is done for `target`; `bodiless` if the method is `HEAD`.
pub(crate) fn acts(method: &str, target: &str) -> Vec<Act> {
    if method == "CONNECT" {
        return vec![Write("HTTP/1.1 200 Connection Established\r\n\r\n".into()), Tunnel];
    }
    let name = target.split(['/', '?']).nth(1).unwrap_or_default();
    let acts = by_name(name);
    if method == "HEAD" { acts.into_iter().map(only_head).collect() } else { acts }
}

fn by_name(name: &str) -> Vec<Act> {
    let (head, body) = (head_for(DECOY.len()), DECOY.as_bytes());
    match name {
        "length" | "early" => vec![Write([head.as_bytes(), body].concat())],
        "work" => vec![Pause(20), Write([head.as_bytes(), body].concat())],
        "slow" => vec![Write(head.into()), Pause(20), Write(body.into())],
        "bytewise" => vec![Bytewise([head.as_bytes(), body].concat())],
        "big" => vec![Write([head_for(1 << 20).as_bytes(), &[b'x'; 1 << 20]].concat())],
        "chunked" => vec![Write(chunked())],
        "chunk-by-chunk" => {
            chunked().split_inclusive(|byte| *byte == b'\n').map(|line| Write(line.into())).collect()
        }
        "none" => vec![Write("HTTP/1.1 204 No Content\r\nX: y\r\n\r\n".into())],
        "unchanged" => vec![Write("HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n".into())],
        "until-close" => vec![
            Write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".into()),
            Write(body.into()),
            EndByClosing,
        ],
        "until-close-10" => vec![Write([b"HTTP/1.0 200 OK\r\n\r\n", body].concat()), EndByClosing],
        "empty-until-close" => vec![Write("HTTP/1.1 200 OK\r\n\r\n".into()), EndByClosing],
        "interim" => vec![
            Interim("HTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n".into()),
            Write([head.as_bytes(), body].concat()),
        ],
        "interim-together" => {
            let interim = "HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n";
            vec![InterimAndWrite(interim.into(), head_for(0).into())]
        }
        "file" => vec![Write(head.into()), SendFile(body.into())],
        "file-until-close" => {
            vec![Write("HTTP/1.1 200 OK\r\n\r\n".into()), SendFile(body.into()), EndByClosing]
        }
        "splice" => vec![Write(head.into()), Splice(body.into())],
        "positional" => vec![PositionalWrite([head.as_bytes(), body].concat())],
        "messages" => vec![Messages([head.as_bytes(), body].concat())],
        "duplicate" => vec![Duplicate([head.as_bytes(), body].concat())],
        "upgrade" => {
            let head = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";
            vec![Write(head.into()), Tunnel]
        }
        "late-408" => {
            let unasked = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n";
            vec![Write([head.as_bytes(), body].concat()), Pause(5), Unasked(unasked.into()), Close]
        }
        "silent" => vec![Close],
        _ => vec![Write(head_for(0).replace("200 OK", "404 Not Found").into())],
    }
}

fn head_for(length: usize) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n")
}

fn chunked() -> Vec<u8> {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let size = DECOY.len();
    format!("{head}{size:x};name=\"value\"\r\n{DECOY}\r\n{size:X}\r\n{DECOY}\r\n0\r\nX-Sum: 1\r\n\r\n").into()
}

/// What remains of an act when only the head may be sent.
fn only_head(act: Act) -> Act {
    let cut = |bytes: Vec<u8>| {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let keep = if bytes.starts_with(b"HTTP/1.") { end.map_or(bytes.len(), |at| at + 4) } else { 0 };
        bytes[..keep].to_vec()
    };
    match act {
        Write(bytes) => Write(cut(bytes)),
        Bytewise(bytes) => Bytewise(cut(bytes)),
        SendFile(_) | Splice(_) => Write(vec![]),
        other => other,
    }
}
