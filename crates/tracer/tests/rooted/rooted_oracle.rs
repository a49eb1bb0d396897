//! What the agent reports of a hyper server is true: every record is compared with what the client knows, and what has
//! no record is counted under a reason.

use crate::{
    oracle::{Sees, Server, Shape, Strategy, check, talk::Talk},
    process::now_ns,
    raw::answers::DECOY,
    rooted_truth::{chunked, get, post, requests},
};

/// By the calls of the process.
pub(crate) const RAW_TRACEPOINT: Strategy = Strategy {
    name: "raw-tracepoint",
    sees: Sees::Calls,
    unsupported: &["splice", "messages", "duplicate"],
    misses_calls_under_way: false,
    not_followed: &[],
    wrong: &[],
    sometimes_wrong: &[],
};

#[test]
#[ignore = "needs root"]
fn raw_tracepoint_tells_the_truth_of_hyper() {
    check(RAW_TRACEPOINT, &Server::hyper(), HYPER);
}

/// Not taken for a request, and answered nevertheless.
const STRANGE: &[&str] = &["answer_without_request", "not_http"];

pub(crate) const HYPER: &[Shape] = &[
    Shape::new("every kind of request", every_kind),
    Shape::new("work between reading and answering", work),
    Shape::new("pipelining", pipelining),
    Shape::new("a head cut at every byte", heads_cut_at_every_byte),
    Shape::new("bodies that hold HTTP", bodies_that_hold_http),
    Shape::new("a body cut at every byte", a_body_cut_at_every_byte),
    Shape::new("HEAD, 204 and 304 in a pipeline", bodiless_answers),
    Shape::new("100-continue that is not waited for", expecting),
    Shape::new("an answer before the body", answered_early),
    Shape::new("half-closed by the client", half_closed),
    Shape::new("closed before the answer", closed_before_the_answer),
    Shape::new("reset before the answer", reset_before_the_answer),
    Shape::new("left in the head", left_in_the_head),
    Shape::new("garbage", garbage),
    Shape::new("TLS hello", tls_hello),
    Shape::new("HTTP/2 preface", http2_preface),
    Shape::new("methods that are not kept", strange_methods),
    Shape::new("requests behind a loss", behind_a_loss),
    Shape::new("long URLs", long_urls),
    Shape::new("odd targets", odd_targets),
    Shape::new("many headers", many_headers),
    Shape::new("many connections", many_connections),
    Shape::new("descriptors used again", descriptors_used_again),
    Shape::new("descriptors used again in the middle", descriptors_used_again_in_the_middle),
    Shape::new("HTTP/1.0", http_1_0),
    Shape::new("empty lines before a request", empty_lines),
    Shape::new("an upgrade that is refused", refused_upgrade),
    Shape::new("a tunnel that is refused", refused_tunnel),
    Shape::new("two framings", two_framings),
    Shape::late("in the head at attach", in_the_head_at_attach),
    Shape::late("in the body at attach", in_the_body_at_attach),
    Shape::late("in the answer at attach", in_the_answer_at_attach),
    Shape::late("idle at attach", idle_at_attach),
];

fn every_kind(talk: &mut Talk<'_>) {
    let mut client = talk.connect();
    for request in requests() {
        talk.exchange(&mut client, &request);
        talk.exchange(&mut talk.connect(), &request);
    }
}

fn work(talk: &mut Talk<'_>) {
    let mut client = talk.connect();
    for us in [0, 100, 1_000, 20_000] {
        talk.exchange(&mut client, &get(&format!("/burn/{us}"))).worked_us(us);
    }
}

fn pipelining(talk: &mut Talk<'_>) {
    for depth in [2, 3, 8, 32, 64] {
        let mut client = talk.connect();
        for _ in 0..2 {
            let burst: Vec<_> = (0..depth).map(|number| get(&format!("/bytes/{number}?{depth}"))).collect();
            send_and_read(talk, &mut client, &burst);
        }
    }
}

/// All of `burst` in one call, then the answers.
fn send_and_read(talk: &mut Talk<'_>, client: &mut crate::client::Client, burst: &[String]) {
    let sent_ns = now_ns();
    client.send(burst.concat());
    for request in burst {
        talk.answered(client, request, sent_ns);
    }
}

/// Sends `request` in two parts, which hyper reads apart: it has answered another connection in between.
fn exchange_cut(talk: &mut Talk<'_>, client: &mut crate::client::Client, request: &str, at: usize) {
    let sent_ns = now_ns();
    client.send(&request.as_bytes()[..at]);
    talk.exchange(&mut talk.connect(), &get("/plain"));
    client.send(&request.as_bytes()[at..]);
    talk.answered(client, request, sent_ns);
}

fn heads_cut_at_every_byte(talk: &mut Talk<'_>) {
    let request = "POST /echo?key=value HTTP/1.1\r\nHost: t\r\nTransfer-Weight: 7\r\nContent-Type: text/plain\r\n\
                   Content-Length: 5\r\nX: Content-Length: 6\r\n\r\nhello";
    let mut client = talk.connect();
    for at in 1..request.len() {
        exchange_cut(talk, &mut client, request, at);
    }
}

fn bodies_that_hold_http(talk: &mut Talk<'_>) {
    let mut client = talk.connect();
    for request in [
        post("/echo", DECOY),
        post("/echo", &DECOY.repeat(1_000)),
        chunked("/echo", &[DECOY]),
        chunked("/echo", &[DECOY, "0\r\n\r\n", DECOY]),
        chunked("/echo", &[&DECOY.repeat(1_000), "\r\n\r\n"]),
    ] {
        talk.exchange(&mut client, &request);
        // A call of its own for the body, which begins as a request does.
        let body = request.find("\r\n\r\n").unwrap() + 4;
        exchange_cut(talk, &mut client, &request, body);
    }
}

fn a_body_cut_at_every_byte(talk: &mut Talk<'_>) {
    let request = chunked("/echo", &["GET", " /decoy HTTP/1.1\r\n\r\n", "x"]);
    let mut client = talk.connect();
    for at in request.find("\r\n\r\n").unwrap()..request.len() {
        exchange_cut(talk, &mut client, &request, at);
    }
}

fn bodiless_answers(talk: &mut Talk<'_>) {
    let head = |path| get(path).replace("GET", "HEAD");
    let burst = [
        head("/bytes/100"),
        get("/status/204"),
        head("/plain"),
        get("/status/304"),
        head("/status/404"),
        get("/bytes/10"),
        head("/bytes/20000"),
        get("/plain"),
    ];
    let mut client = talk.connect();
    send_and_read(talk, &mut client, &burst);
    for request in &burst {
        talk.exchange(&mut client, request);
    }
}

const EXPECTING: &str = "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";

fn expecting(talk: &mut Talk<'_>) {
    let mut client = talk.connect();
    for _ in 0..3 {
        talk.exchange(&mut client, &format!("{EXPECTING}hello"));
        talk.exchange(&mut client, &get("/plain"));
    }
}

/// hyper answers and ends the connection when a handler has no use for a body that has not come.
fn answered_early(talk: &mut Talk<'_>) {
    let head = "POST /plain HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\n";
    let mut client = talk.connect();
    talk.exchange(&mut client, head);
    client.end();
}

fn half_closed(talk: &mut Talk<'_>) {
    for request in [get("/plain"), post("/echo", "hello"), chunked("/echo", &["a", "b"])] {
        let mut client = talk.connect();
        let sent_ns = now_ns();
        client.send(&request);
        // hyper does not answer any more once it has read the end.
        client.await_answer();
        client.end_sending();
        talk.answered(&mut client, &request, sent_ns);
        client.end();
    }
}

fn closed_before_the_answer(talk: &mut Talk<'_>) {
    for _ in 0..3 {
        let mut client = talk.connect();
        client.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nhello");
        drop(client);
        talk.also("closed_before_answer", 1);
        talk.exchange(&mut talk.connect(), &get("/plain"));
    }
}

fn reset_before_the_answer(talk: &mut Talk<'_>) {
    for _ in 0..3 {
        let mut client = talk.connect();
        let sent_ns = now_ns();
        client.send(get("/bytes/3"));
        talk.answered(&mut client, &get("/bytes/3"), sent_ns);
        client.send("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhello");
        // So that it is read before it is thrown away.
        talk.exchange(&mut talk.connect(), &get("/plain"));
        client.reset();
        talk.also("closed_before_answer", 1);
        talk.exchange(&mut talk.connect(), &get("/plain"));
    }
}

/// Nothing was asked yet, so nothing is named.
fn left_in_the_head(talk: &mut Talk<'_>) {
    for part in ["G", "GET", "GET /plain", "GET /plain HTTP/1.1\r\nHost: t\r\n"] {
        let mut client = talk.connect();
        client.send(part);
        talk.exchange(&mut talk.connect(), &get("/plain"));
        drop(client);
        talk.exchange(&mut talk.connect(), &get("/plain"));
    }
}

fn garbage(talk: &mut Talk<'_>) {
    for garbage in [
        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "GET /plain\r\n\r\n",
        "GET /plain HTTP/1.2\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "GET  /plain HTTP/1.1\r\n\r\n",
        "GET /plain HTTP/1.1 \r\n\r\n",
    ] {
        let mut client = talk.connect();
        client.send(garbage);
        assert_eq!(client.answer(false).status, 400, "{garbage}");
        client.end();
        talk.also("not_http", 1).also("answer_without_request", 1);
        talk.exchange(&mut talk.connect(), &get("/plain"));
    }
}

/// Begins with no letter, so that it opens nothing; but hyper answers.
fn tls_hello(talk: &mut Talk<'_>) {
    let mut client = talk.connect();
    client.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03GET /decoy HTTP/1.1\r\n\r\n");
    assert_eq!(client.answer(false).status, 400);
    client.end();
    talk.also("answer_without_request", 1);
    talk.exchange(&mut talk.connect(), &get("/plain"));
}

fn http2_preface(talk: &mut Talk<'_>) {
    let mut client = talk.connect();
    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    client.end();
    talk.also("not_http", 1);
    talk.exchange(&mut talk.connect(), &get("/plain"));
}

fn strange_methods(talk: &mut Talk<'_>) {
    let mut client = talk.connect();
    for method in ["PROPPATCH", "VERSION-CONTROL", "gEt", "M-SEARCH-", "FOO.BAR"] {
        talk.exchange(&mut client, &get("/bytes/9").replace("GET", method)).but(STRANGE);
        talk.exchange(&mut client, &get("/bytes/8"));
    }
    for method in ["M-SEARCH", "A", "A-B", "PROPFIND"] {
        talk.exchange(&mut client, &get("/bytes/7").replace("GET", method));
    }
    // Begins with no capital letter, so it opens nothing, as a TLS hello does: it cannot be told from one.
    let mut fresh = talk.connect();
    talk.exchange(&mut fresh, &get("/bytes/6").replace("GET", "get")).but(&STRANGE[..1]);
    talk.exchange(&mut fresh, &get("/bytes/5"));
}

fn behind_a_loss(talk: &mut Talk<'_>) {
    let mut client = talk.connect();
    let strange = get("/bytes/1").replace("GET", "PROPPATCH");
    let burst = [get("/bytes/2"), strange, get("/bytes/3"), get("/bytes/4")];
    let sent_ns = now_ns();
    client.send(burst.concat());
    talk.answered(&mut client, &burst[0], sent_ns);
    talk.answered(&mut client, &burst[1], sent_ns).but(STRANGE);
    talk.answered(&mut client, &burst[2], sent_ns).behind_a_loss();
    talk.answered(&mut client, &burst[3], sent_ns).behind_a_loss();
    // From then on it is followed again.
    talk.exchange(&mut client, &get("/bytes/5"));
}

fn long_urls(talk: &mut Talk<'_>) {
    for bytes in [127, 128, 129, 1_000, 8 << 10, 65_000, 64 << 10] {
        let path = "p".repeat(bytes - 1);
        for target in [format!("/{path}"), format!("/{path}?q"), format!("/plain?{path}")] {
            talk.exchange(&mut talk.connect(), &get(&target));
        }
    }
}

fn odd_targets(talk: &mut Talk<'_>) {
    let mut client = talk.connect();
    for target in [
        "/",
        "//",
        "/?",
        "/%20?%20",
        "/a;b=c",
        "http://host/plain?x",
        "http://host",
        "/a/../b",
        "/\u{e9}t\u{e9}",
    ] {
        talk.exchange(&mut client, &get(target));
    }
    talk.exchange(&mut client, &get("*").replace("GET", "OPTIONS"));
    // Cut within a letter.
    talk.exchange(&mut client, &get(&format!("/{}", "\u{e9}".repeat(100))));
}

fn many_headers(talk: &mut Talk<'_>) {
    for count in [50, 90, 150] {
        let headers: String =
            (0..count).map(|number| format!("Content-Header-{number}: {number}\r\n")).collect();
        let request = get("/plain").replace("\r\n\r\n", &format!("\r\n{headers}\r\n"));
        talk.exchange(&mut talk.connect(), &request);
    }
    let long = format!("Cookie: {}\r\n\r\n", "c".repeat(100_000));
    talk.exchange(&mut talk.connect(), &get("/plain").replace("\r\n\r\n", &format!("\r\n{long}")));
}

fn many_connections(talk: &mut Talk<'_>) {
    let mut clients: Vec<_> = (0..500).map(|_| talk.connect()).collect();
    for round in 0..3 {
        let sent: Vec<_> = clients
            .iter_mut()
            .enumerate()
            .map(|(number, client)| {
                let sent_ns = now_ns();
                let request = get(&format!("/bytes/{}", number * 3 + round));
                client.send(&request);
                (request, sent_ns)
            })
            .collect();
        for (client, (request, sent_ns)) in clients.iter_mut().zip(&sent) {
            talk.answered(client, request, *sent_ns);
        }
    }
}

fn descriptors_used_again(talk: &mut Talk<'_>) {
    for number in 0..300 {
        talk.exchange(&mut talk.connect(), &get(&format!("/bytes/{number}")));
    }
}

/// What the connection before has left behind is not the next one's.
fn descriptors_used_again_in_the_middle(talk: &mut Talk<'_>) {
    for number in 0..20 {
        let mut client = talk.connect();
        client.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\nhello");
        client.reset();
        talk.also("closed_before_answer", 1);
        let mut client = talk.connect();
        client.send("GET /left HTTP/1.1\r\nContent-Le");
        client.reset();
        talk.exchange(&mut talk.connect(), &get(&format!("/bytes/{number}")));
    }
}

fn http_1_0(talk: &mut Talk<'_>) {
    let old = |path: &str, more: &str| format!("GET {path} HTTP/1.0\r\n{more}\r\n");
    for path in ["/plain", "/bytes/0", "/bytes/70000", "/status/204", "/nothing"] {
        let mut client = talk.connect();
        talk.exchange(&mut client, &old(path, ""));
        client.end();
    }
    let mut client = talk.connect();
    for number in 0..5 {
        talk.exchange(&mut client, &old(&format!("/bytes/{number}"), "Connection: keep-alive\r\n"));
    }
    talk.exchange(&mut client, &get("/plain").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
    client.end();
    // A body that ends with the connection: HTTP/1.0 has no chunks.
    let mut client = talk.connect();
    let request = "POST /echo HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello";
    talk.exchange(&mut client, request);
    client.end();
}

fn empty_lines(talk: &mut Talk<'_>) {
    let mut client = talk.connect();
    for empty in ["\r\n", "\n", "\r\n\r\n\r\n", "\n\r\n\n"] {
        let request = format!("{empty}{}", get("/plain"));
        talk.exchange(&mut client, &request);
        talk.exchange(&mut talk.connect(), &request);
        exchange_cut(talk, &mut client, &request, empty.len());
    }
}

fn refused_upgrade(talk: &mut Talk<'_>) {
    let mut client = talk.connect();
    let upgrade = "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    talk.exchange(&mut client, &get("/plain").replace("\r\n\r\n", upgrade));
    talk.exchange(&mut client, &get("/bytes/1"));
}

fn refused_tunnel(talk: &mut Talk<'_>) {
    let mut client = talk.connect();
    talk.exchange(&mut client, "CONNECT host:80 HTTP/1.1\r\nHost: host:80\r\n\r\n");
    talk.exchange(&mut client, &get("/bytes/1"));
}

fn two_framings(talk: &mut Talk<'_>) {
    let both = "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n\
                1\r\nx\r\n0\r\n\r\n";
    let mut client = talk.connect();
    talk.exchange(&mut client, both);
    // hyper ends the connection after such a thing.
    client.end();
    let twice = "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello";
    let mut client = talk.connect();
    talk.exchange(&mut client, twice);
    talk.exchange(&mut client, &get("/bytes/2"));
}

/// Its beginning was not seen; what follows on the same connection is.
fn in_the_head_at_attach(talk: &mut Talk<'_>) {
    let request = get("/bytes/1");
    let mut clients: Vec<_> = (1..request.len()).map(|at| (at, talk.connect())).collect();
    for (at, client) in &mut clients {
        client.send(&request[..*at]);
    }
    // So that hyper has read it.
    fence(talk);
    talk.attach();
    for (at, client) in &mut clients {
        let rest = &request[*at..];
        let sent_ns = now_ns();
        client.send(rest);
        // What begins with a small letter is not looked at; the ends of lines are passed over.
        let word = rest.trim_start_matches(['\r', '\n']);
        let looked_at = word.starts_with(|first: char| first.is_ascii_uppercase());
        talk.answered(client, &request, sent_ns).but(if looked_at { STRANGE } else { &STRANGE[..1] });
        talk.exchange(client, &get("/bytes/2"));
    }
}

fn in_the_body_at_attach(talk: &mut Talk<'_>) {
    let request = post("/echo", "hello, world");
    let mut client = talk.connect();
    let sent_ns = now_ns();
    client.send(&request[..request.len() - 5]);
    fence(talk);
    talk.attach();
    client.send(&request[request.len() - 5..]);
    // hyper has sent the head of its answer at once: this handler sends back what comes.
    talk.answered(&mut client, &request, sent_ns).unseen();
    talk.exchange(&mut client, &get("/bytes/2"));
}

fn in_the_answer_at_attach(talk: &mut Talk<'_>) {
    let mut clients: Vec<_> = (0..4).map(|_| talk.connect()).collect();
    let requests: Vec<_> = (0..4).map(|number| get(&format!("/bytes/{}", 20_000_000 + number))).collect();
    let sent_ns = now_ns();
    for (client, request) in clients.iter_mut().zip(&requests) {
        client.send(request);
    }
    fence(talk);
    talk.attach();
    for (client, request) in clients.iter_mut().zip(&requests) {
        // More than any buffer holds, so the server is in the middle of writing it: neither head is seen.
        talk.answered(client, request, sent_ns).unseen();
        talk.exchange(client, &get("/bytes/3"));
    }
}

fn idle_at_attach(talk: &mut Talk<'_>) {
    let mut clients: Vec<_> = (0..10).map(|_| talk.connect()).collect();
    for client in &mut clients {
        client.exchange(&get("/plain"));
    }
    talk.attach();
    for (number, client) in clients.iter_mut().enumerate() {
        talk.exchange(client, &get(&format!("/bytes/{number}")));
    }
}

/// hyper, which has one thread, has read all that was sent before.
fn fence(talk: &Talk<'_>) {
    talk.connect().exchange(&get("/fence"));
}
