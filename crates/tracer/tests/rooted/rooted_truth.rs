//! What the agent reports is what the client has sent and got.

use crate::{
    agent::{Agent, exceptions},
    client::Truth,
    process::now_ns,
    target::Target,
};

/// Has `talk` talk to a traced target, and checks that the records are what it returns, with no exceptions.
#[track_caller]
fn check(talk: impl FnOnce(&Target) -> Vec<Truth>) {
    check_but(&[], talk);
}

/// The same, with the exceptions that must be named.
#[track_caller]
fn check_but(expect: &[(&str, u64)], talk: impl FnOnce(&Target) -> Vec<Truth>) {
    let target = Target::start();
    let mut agent = Agent::start(target.pid());
    agent.attach();
    let truths = talk(&target);
    agent.detach();
    let stats = agent.stats();
    assert_eq!(agent.truths(), truths);
    assert_eq!(exceptions(&stats), expect);
    assert_eq!((stats.requests, stats.reserve_failed), (truths.len() as u64, 0), "{stats:?}");
    agent.finish();
}

pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: t\r\n\r\n")
}

pub(crate) fn post(path: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

pub(crate) fn chunked(path: &str, chunks: &[&str]) -> String {
    let chunks: String = chunks.iter().map(|chunk| format!("{:x}\r\n{chunk}\r\n", chunk.len())).collect();
    format!("POST {path} HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n")
}

/// One of each shape.
pub(crate) fn requests() -> Vec<String> {
    let decoy = "GET /decoy HTTP/1.1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n0\r\n\r\n";
    let mut requests = vec![
        get("/plain"),
        get("/plain?key=value"),
        get("/bytes/0"),
        get("/bytes/1"),
        get("/bytes/100000"),
        get("/nothing"),
        get("/burn/10"),
        get(&format!("/{}", "p".repeat(127))),
        get(&format!("/{}", "p".repeat(128))),
        get(&format!("/{}?{}", "p".repeat(2_000), "q".repeat(4_000))),
        get("http://host/plain?x"),
        get("/plain").replace("GET", "HEAD"),
        get("/bytes/100000").replace("GET", "HEAD"),
        get("/plain").replace("GET", "PROPFIND"),
        get("/plain").replace("GET", "DELETE"),
        get("*").replace("GET", "OPTIONS"),
        get("/plain").replace("\r\n", "\n"),
        post("/echo", ""),
        post("/echo", "hello"),
        post("/echo", decoy),
        chunked("/echo", &[]),
        chunked("/echo", &["a", "bc", "def"]),
        chunked("/echo", &[decoy, decoy]),
        chunked("/echo", &[&"z".repeat(20_000), "end"]),
    ];
    requests.extend(
        [200, 201, 204, 205, 301, 304, 400, 404, 418, 500, 503].map(|code| get(&format!("/status/{code}"))),
    );
    requests
}

#[test]
#[ignore = "needs root"]
fn every_shape_on_one_connection() {
    check(|target| {
        let mut client = target.connect();
        requests().iter().map(|request| client.exchange(request)).collect()
    });
}

#[test]
#[ignore = "needs root"]
fn every_shape_on_connections_of_its_own() {
    check(|target| requests().iter().map(|request| target.connect().exchange(request)).collect());
}

#[test]
#[ignore = "needs root"]
fn many_requests_on_many_connections() {
    check(|target| {
        let mut clients: Vec<_> = (0..50).map(|_| target.connect()).collect();
        (0..2_000)
            .map(|number| clients[number % 50].exchange(&get(&format!("/bytes/{number}?n={number}"))))
            .collect()
    });
}

#[test]
#[ignore = "needs root"]
fn requests_sent_byte_by_byte_and_in_pieces() {
    check(|target| {
        let mut client = target.connect();
        let mut truths = Vec::new();
        for size in [1, 7, 64] {
            for request in requests().iter().filter(|request| request.len() < 1_000) {
                request.as_bytes().chunks(size).for_each(|piece| client.send(piece));
                truths.push(client.truth(request));
            }
        }
        truths
    });
}

#[test]
#[ignore = "needs root"]
fn pipelines() {
    check(|target| {
        let mut client = target.connect();
        let mut truths = Vec::new();
        for depth in [1, 2, 3, 8, 32, 60] {
            let burst: Vec<_> =
                requests().into_iter().filter(|request| request.len() < 200).cycle().take(depth).collect();
            client.send(burst.concat());
            truths.extend(burst.iter().map(|request| client.truth(request)));
        }
        truths
    });
}

#[test]
#[ignore = "needs root"]
fn an_interim_answer_is_not_the_answer() {
    check(|target| {
        let mut client = target.connect();
        let head = "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
        client.send(head);
        client.send("hello");
        vec![client.truth(&format!("{head}hello")), client.exchange(&get("/plain"))]
    });
}

#[test]
#[ignore = "needs root"]
fn what_is_not_http_is_named() {
    // The server answers what it does not understand as well, but to no request that was seen.
    let named = [("answer_without_request", 1), ("not_http", 1)];
    check_but(&[("not_http", 1)], |target| {
        let mut client = target.connect();
        client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        client.end();
        vec![target.connect().exchange(&get("/plain"))]
    });
    check_but(&named, |target| {
        let mut client = target.connect();
        client.send(get("/plain").replace("GET", "PROPPATCH"));
        client.answer(false);
        vec![client.exchange(&get("/plain"))]
    });
    // Nobody can tell that the hello asked for anything, but that is what the answer belongs to.
    check_but(&[("answer_without_request", 1)], |target| {
        let mut client = target.connect();
        client.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
        client.answer(false);
        client.end();
        drop(target.connect());
        vec![target.connect().exchange(&get("/plain"))]
    });
}

#[test]
#[ignore = "needs root"]
fn records_name_the_process_and_the_time() {
    let target = Target::start();
    let agent = Agent::start(target.pid());
    agent.attach();
    let mut client = target.connect();
    let mut windows = Vec::new();
    for us in [0, 100, 1_000] {
        let sent_ns = now_ns();
        client.exchange(&get(&format!("/burn/{us}")));
        // A quarter of it is certain: the work ends early where it is preempted.
        windows.push((sent_ns, us * 250, now_ns()));
    }
    agent.detach();
    agent.stats();
    let records = agent.records();
    for (record, (sent_ns, work_ns, received_ns)) in records.iter().zip(&windows) {
        assert_eq!((record.pid, record.tid), (target.pid(), target.pid()));
        assert_eq!(record.fd, records[0].fd);
        assert!(*sent_ns < record.start_ns && record.start_ns < *received_ns, "{record:?}");
        assert!(record.duration_ns >= *work_ns, "{record:?}");
    }
    // On one connection, one is over before the next begins.
    assert!(records.windows(2).all(|pair| pair[0].start_ns + pair[0].duration_ns <= pair[1].start_ns));
    assert_eq!(records.len(), windows.len());
}
