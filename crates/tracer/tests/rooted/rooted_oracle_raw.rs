//! What the agent reports of a server of plain blocking calls is true, however it calls the kernel.

use std::{collections::VecDeque, thread, time::Duration};

use crate::{
    client::Client,
    oracle::{
        Sees, Server, Shape, check,
        talk::{Completed, Talk},
    },
    process::now_ns,
    raw::{Descriptors, Manner, Reads, Threads, Writes, answers::DECOY},
    rooted_oracle::RAW_TRACEPOINT,
    rooted_truth::{chunked, get, post},
};

#[test]
#[ignore = "needs root"]
fn raw_tracepoint_tells_the_truth_of_plain_calls() {
    check(RAW_TRACEPOINT, &Server::raw(Manner::PLAIN), RAW);
}

#[test]
#[ignore = "needs root"]
fn raw_tracepoint_tells_the_truth_of_every_way_to_read_and_write() {
    for manner in MANNERS {
        println!("{manner:?}");
        check(RAW_TRACEPOINT, &Server::raw(*manner), CALLS);
    }
}

#[test]
#[ignore = "needs root"]
fn raw_tracepoint_tells_the_truth_of_several_threads() {
    let two = Manner { threads: Threads::Two, ..Manner::PLAIN };
    check(RAW_TRACEPOINT, &Server::raw(two), CALLS);
    check(RAW_TRACEPOINT, &Server::raw(Manner { descriptors: Descriptors::Lowest, ..two }), THREADS);
}

#[test]
#[ignore = "needs root"]
fn raw_tracepoint_tells_the_truth_of_threads_that_read_on() {
    let duplex = Manner { threads: Threads::Duplex, ..Manner::PLAIN };
    check(RAW_TRACEPOINT, &Server::raw(duplex), DUPLEX);
    check(RAW_TRACEPOINT, &Server::raw(Manner { descriptors: Descriptors::Lowest, ..duplex }), THREADS);
}

#[test]
#[ignore = "needs root"]
fn raw_tracepoint_tells_the_truth_of_reads_at_an_offset() {
    let positional = Manner { reads: Reads::Positional, ..Manner::PLAIN };
    check(RAW_TRACEPOINT, &Server::raw(positional), &[Shape::new("preadv2", every_answer)]);
}

pub(crate) const fn manner(reads: Reads, writes: Writes, buffer: usize) -> Manner {
    Manner { reads, writes, buffer, ..Manner::PLAIN }
}

pub(crate) const MANNERS: &[Manner] = &[
    manner(Reads::Read, Writes::Write, 65_536),
    manner(Reads::Recv, Writes::Send, 1),
    manner(Reads::Readv, Writes::Writev, 65_536),
    manner(Reads::Readv, Writes::Write, 100),
    manner(Reads::Recvmsg, Writes::Sendmsg, 65_536),
    manner(Reads::Recvmsg, Writes::Writev, 13),
];

/// What any server does.
pub(crate) const CALLS: &[Shape] = &[
    Shape::new("every answer", every_answer),
    Shape::new("bodies", bodies),
    Shape::new("a pipeline", pipelines),
    Shape::new("100-continue", interim_answers),
    Shape::new("an answer before the body", answered_early),
    Shape::new("half-closed by the client", half_closed),
    Shape::new("many connections", many_connections),
];

/// What few do.
pub(crate) const RAW: &[Shape] = &[
    Shape::new("answers that end with the connection", until_close),
    Shape::new("HTTP/1.0", http_1_0),
    Shape::new("an upgrade", upgrade),
    Shape::new("a tunnel", tunnel),
    Shape::new("a tunnel for HTTP", tunnel_for_http),
    Shape::new("an answer that nobody asked for", unasked),
    Shape::new("no answer", no_answer),
    Shape::new("garbage", garbage),
    Shape::new("sendfile", send_file),
    Shape::new("splice", splice),
    Shape::new("pwritev2", positional_write),
    Shape::new("sendmmsg", messages),
    Shape::new("a second descriptor", second_descriptor),
    Shape::new("many small chunks", many_small_chunks),
    Shape::late("HTTP in a body at attach", http_in_a_body_at_attach),
    Shape::late("a request in a body at attach", a_request_in_a_body_at_attach),
];

pub(crate) const THREADS: &[Shape] = &[Shape::new("connections that come and go", come_and_go)];

pub(crate) const DUPLEX: &[Shape] =
    &[Shape::new("a pipeline", pipelines), Shape::new("an endless pipeline", endless_pipeline)];

/// Names that `answers` knows, of answers that leave the connection open.
const ANSWERS: [&str; 11] = [
    "length",
    "work",
    "slow",
    "bytewise",
    "big",
    "chunked",
    "chunk-by-chunk",
    "none",
    "unchanged",
    "interim",
    "interim-together",
];

pub(crate) fn every_answer(talk: &mut Talk<'_>) {
    let mut client = talk.connect();
    for name in ANSWERS {
        for number in 0..2 {
            talk.exchange(&mut client, &get(&format!("/{name}/{number}?a=b")));
        }
    }
    for name in ANSWERS {
        if name != "chunk-by-chunk" {
            talk.exchange(&mut client, &get(&format!("/{name}/head")).replace("GET", "HEAD"));
        }
    }
    talk.exchange(&mut client, &get("/length/end").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
    client.end();
}

fn bodies(talk: &mut Talk<'_>) {
    let mut client = talk.connect();
    for (number, request) in [
        post("/length/post", ""),
        post("/length/post", DECOY),
        post("/chunked/post", &DECOY.repeat(20)),
        chunked("/length/post", &[DECOY]),
        chunked("/chunked/post", &["a", DECOY, "0\r\n\r\n"]),
        chunked("/none/post", &[]),
        chunked("/length/post", &[DECOY]).trim_end().to_owned()
            + "\r\nX-Sum: 1\r\nGET: /decoy HTTP/1.1\r\n\r\n",
    ]
    .iter()
    .enumerate()
    {
        let request = request.replace("post", &format!("post-{number}"));
        talk.exchange(&mut client, &request);
        talk.exchange(&mut talk.connect(), &request.replace("post", "again"));
    }
}

fn pipelines(talk: &mut Talk<'_>) {
    for depth in [2, 5, 33, 64] {
        let mut client = talk.connect();
        for round in 0..2 {
            let burst: Vec<_> = (0..depth)
                .map(|number| match number % 4 {
                    0 => get(&format!("/length/{depth}-{round}-{number}")),
                    1 => get(&format!("/chunked/{depth}-{round}-{number}")).replace("GET", "HEAD"),
                    2 => post(&format!("/chunked/{depth}-{round}-{number}"), DECOY),
                    _ => get(&format!("/none/{depth}-{round}-{number}")),
                })
                .collect();
            let sent_ns = now_ns();
            client.send(burst.concat());
            for request in &burst {
                talk.answered(&mut client, request, sent_ns);
            }
        }
    }
}

fn interim_answers(talk: &mut Talk<'_>) {
    let mut client = talk.connect();
    for name in ["length", "interim", "none"] {
        let head = format!(
            "POST /{name}/100 HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
        );
        let sent_ns = now_ns();
        client.send(&head);
        client.expect("HTTP/1.1 100 Continue\r\n\r\n");
        client.send("hello");
        talk.answered(&mut client, &format!("{head}hello"), sent_ns);
    }
}

fn answered_early(talk: &mut Talk<'_>) {
    let mut client = talk.connect();
    for (number, now) in [0, 10, 4_000].into_iter().enumerate() {
        let head = format!("POST /early/{number} HTTP/1.1\r\nHost: t\r\nContent-Length: 5000\r\n\r\n");
        let body = DECOY.repeat(100);
        let sent_ns = now_ns();
        client.send(format!("{head}{}", &body[..now]));
        talk.answered(&mut client, &head, sent_ns).early();
        client.send(&body[now..5_000]);
        talk.exchange(&mut client, &get(&format!("/length/{number}")));
    }
}

/// hyper, by default, takes the end of what the client sends for the end of the connection.
fn half_closed(talk: &mut Talk<'_>) {
    for request in [get("/length/half"), post("/none/half", "hello"), chunked("/chunked/half", &["a", "b"])] {
        let mut client = talk.connect();
        let sent_ns = now_ns();
        client.send(&request);
        client.end_sending();
        talk.answered(&mut client, &request, sent_ns);
        client.end();
    }
}

fn many_connections(talk: &mut Talk<'_>) {
    let mut clients: Vec<_> = (0..100).map(|_| talk.connect()).collect();
    for round in 0..2 {
        let sent_ns = now_ns();
        let request = |number: usize| get(&format!("/length/{number}-{round}"));
        for (number, client) in clients.iter_mut().enumerate() {
            client.send(request(number));
        }
        for (number, client) in clients.iter_mut().enumerate() {
            talk.answered(client, &request(number), sent_ns);
        }
    }
}

fn until_close(talk: &mut Talk<'_>) {
    for name in ["until-close", "until-close-10", "empty-until-close", "file-until-close"] {
        for number in 0..3 {
            let mut client = talk.connect();
            talk.exchange(&mut client, &get(&format!("/{name}/{number}")));
            client.end();
            if talk.is_unsupported(name) {
                talk.but(&["unsupported_syscall", "closed_before_answer"]);
            }
        }
    }
    // The last of several.
    let mut client = talk.connect();
    let burst = [get("/length/first"), get("/until-close/second")];
    let sent_ns = now_ns();
    client.send(burst.concat());
    for request in &burst {
        talk.answered(&mut client, request, sent_ns);
    }
}

fn http_1_0(talk: &mut Talk<'_>) {
    let old = |path: &str, more: &str| format!("GET {path} HTTP/1.0\r\n{more}\r\n");
    for name in ["length", "none", "big", "until-close-10"] {
        let mut client = talk.connect();
        talk.exchange(&mut client, &old(&format!("/{name}/old"), ""));
        client.end();
    }
    let mut client = talk.connect();
    for number in 0..3 {
        talk.exchange(&mut client, &old(&format!("/length/{number}"), "Connection: keep-alive\r\n"));
    }
    talk.exchange(&mut client, &old("/length/last", ""));
    client.end();
}

const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";

/// What follows is another protocol's, also where it looks like HTTP.
fn upgrade(talk: &mut Talk<'_>) {
    for frame in ["\u{1}\u{2}frame", "GET /frame HTTP/1.1\r\n\r\n", SWITCHED] {
        let mut client = talk.connect();
        client.send(get("/upgrade").replace("\r\n\r\n", "\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n"));
        client.expect(SWITCHED);
        for _ in 0..3 {
            client.send(frame);
            client.expect(frame);
        }
        drop(client);
        talk.also("not_http", 1).also("closed_before_answer", 1);
    }
}

const CONNECTED: &str = "HTTP/1.1 200 Connection Established\r\n\r\n";

fn tunnel(talk: &mut Talk<'_>) {
    through_a_tunnel(talk, "\u{1}\u{2}hello");
}

fn tunnel_for_http(talk: &mut Talk<'_>) {
    through_a_tunnel(talk, "GET /inner HTTP/1.1\r\n\r\n");
}

/// The tunnel is opened by an answer without a body (RFC 9110, 9.3.6); what goes through it is nobody's request here.
fn through_a_tunnel(talk: &mut Talk<'_>, bytes: &str) {
    let request = "CONNECT host:80 HTTP/1.1\r\nHost: host:80\r\n\r\n";
    let mut client = talk.connect();
    client.send(request);
    client.expect(CONNECTED);
    for _ in 0..3 {
        client.send(bytes);
        client.expect(bytes);
    }
    drop(client);
    talk.also("not_http", 1).also("closed_before_answer", 1);
}

fn unasked(talk: &mut Talk<'_>) {
    let mut client = talk.connect();
    talk.exchange(&mut client, &get("/late-408"));
    assert_eq!(client.answer(false).status, 408);
    client.end();
    talk.also("answer_without_request", 1);
}

fn no_answer(talk: &mut Talk<'_>) {
    for number in 0..3 {
        let mut client = talk.connect();
        client.send(get("/silent"));
        client.end();
        talk.also("closed_before_answer", 1);
        talk.exchange(&mut talk.connect(), &get(&format!("/length/{number}")));
    }
}

fn garbage(talk: &mut Talk<'_>) {
    for (number, garbage) in
        ["SSH-2.0-OpenSSH_9.6\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "GET / HTTP/9.9\r\n\r\n"]
            .into_iter()
            .enumerate()
    {
        let mut client = talk.connect();
        client.send(garbage);
        assert_eq!(client.answer(false).status, 400, "{garbage}");
        drop(client);
        talk.also("not_http", 1).also("answer_without_request", 1);
        talk.exchange(&mut talk.connect(), &get(&format!("/length/{number}")));
    }
}

fn send_file(talk: &mut Talk<'_>) {
    by_a_call(talk, "file");
    if talk.is_unsupported("file") {
        return;
    }
    let mut client = talk.connect();
    for number in 2..4 {
        talk.exchange(&mut client, &get(&format!("/file/{number}")));
    }
    talk.exchange(&mut client, &get("/file/head").replace("GET", "HEAD"));
    talk.exchange(&mut client, &get("/length/next"));
}

fn splice(talk: &mut Talk<'_>) {
    by_a_call(talk, "splice");
}

fn messages(talk: &mut Talk<'_>) {
    by_a_call(talk, "messages");
}

/// The connection has two descriptors then, and bytes may go by either. The answer goes by one that was never read.
fn second_descriptor(talk: &mut Talk<'_>) {
    by_a_call(talk, "duplicate");
    if talk.sees() != Sees::Packets {
        // What is written to the second descriptor.
        talk.also("answer_without_request", 1);
    }
}

/// Where the call that answers `/name` is not followed, it is named, and nothing wrong is reported of what follows on the
/// connection.
fn by_a_call(talk: &mut Talk<'_>, name: &str) {
    let mut client = talk.connect();
    talk.exchange(&mut client, &get("/length/before"));
    if !talk.is_unsupported(name) {
        talk.exchange(&mut client, &get(&format!("/{name}/1")));
        talk.exchange(&mut client, &get("/length/after"));
        return;
    }
    talk.exchange(&mut client, &get(&format!("/{name}/1")))
        .but(&["unsupported_syscall", "closed_before_answer"]);
    talk.exchange(&mut client, &get("/length/after")).behind_a_loss();
}

fn positional_write(talk: &mut Talk<'_>) {
    by_a_call(talk, "positional");
}

/// The kernel side takes so many steps for one call, and no more.
fn many_small_chunks(talk: &mut Talk<'_>) {
    let mut client = talk.connect();
    let chunks = vec!["x"; 4_000];
    talk.exchange(&mut client, &chunked("/length/pieces", &chunks[..400]));
    let request = chunked("/length/pieces", &chunks);
    talk.exchange(&mut client, &request).but(&["scan_limit"]);
    talk.exchange(&mut client, &get("/length/next"));
}

/// Who begins in the middle of a connection cannot tell a body from a request, but where it is more than one.
fn http_in_a_body_at_attach(talk: &mut Talk<'_>) {
    in_a_body_at_attach(talk, DECOY);
    if talk.misses_calls_under_way() {
        talk.but(&["answer_without_request"]);
        return;
    }
    // What was taken for a request has left, and waits for an answer.
    talk.but(&["answer_without_request", "not_http", "request_unanswered_yet"]);
}

/// Nothing tells it from a request: so it is taken for one, but its record says that it may be none.
fn a_request_in_a_body_at_attach(talk: &mut Talk<'_>) {
    in_a_body_at_attach(talk, &get("/decoy"));
    if talk.misses_calls_under_way() {
        talk.but(&["answer_without_request"]);
        return;
    }
    talk.but(&[]).doubtful();
}

fn in_a_body_at_attach(talk: &mut Talk<'_>, body: &str) {
    let request = post("/length/begun", body);
    let body = request.len() - body.len();
    let mut client = talk.connect();
    let sent_ns = now_ns();
    client.send(&request[..body]);
    // The server has read it once it has answered what came later to another of its threads, near enough.
    thread::sleep(Duration::from_millis(20));
    talk.attach();
    client.send(&request[body..]);
    talk.answered(&mut client, &request, sent_ns);
}

/// Descriptors are given out again while other threads still close theirs. What a hook at the exit of `close` forgets
/// is then, now and then, the next connection on the same descriptor: it is counted as closed, and its answer as nobody's.
fn come_and_go(talk: &mut Talk<'_>) {
    talk.or_some("closed_before_answer", 1);
    talk.in_threads(4, |thread, address| {
        let one = |number| {
            let mut client = Client::connect(address);
            Completed::exchange(&mut client, &get(&format!("/length/{thread}-{number}")))
        };
        (0..500).map(one).collect()
    });
}

/// The next request is being read while the one before is being answered.
fn endless_pipeline(talk: &mut Talk<'_>) {
    const IN_FLIGHT: usize = 4;
    talk.in_threads(2, |thread, address| {
        let mut client = Client::connect(address);
        let request = |number: usize| get(&format!("/length/{thread}-{number}"));
        let mut sent = VecDeque::new();
        let mut completed = Vec::new();
        for number in 0..10_000 {
            sent.push_back((request(number), now_ns()));
            client.send(request(number));
            if sent.len() == IN_FLIGHT {
                let (request, sent_ns) = sent.pop_front().unwrap();
                completed.push(Completed::answered(&mut client, &request, sent_ns));
            }
        }
        completed.extend(
            sent.into_iter().map(|(request, sent_ns)| Completed::answered(&mut client, &request, sent_ns)),
        );
        completed
    });
    // A reader that finds the writer sending the request before looks again, but not for ever: a hypervisor may stop the
    // writer's processor just then. What was read at once is then given up.
    talk.or_some("scan_limit", IN_FLIGHT as i64);
}
