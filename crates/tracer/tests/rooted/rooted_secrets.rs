//! No byte of a header, a query or a body is in any map, event or output, at any moment.

use std::{fs, os::fd::OwnedFd};

use aya::{
    Pod,
    maps::{Array, HashMap, Map, MapData, MapError, MapType, PerCpuArray, RingBuf, SkStorage},
};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
use tracer_common::{
    connection::Slot,
    counter::{Counter, Row},
};

use crate::{
    agent::{Agent, Holdings},
    client::Client,
    group::Group,
    process::eventually,
    target::Target,
};

/// Without a letter that a method or a path of this test has.
const SECRET: &str = "ZQ9-XJ8-ZQ7-XJ6-ZQ5-XJ4";

/// Parts of this length are looked for, as they stand and backwards: a word of the parser's state is in memory with
/// its last byte first.
const PART: usize = 4;

const ROW_BYTES: usize = size_of::<Row>();
/// `Visit` of the kernel side.
const VISIT_BYTES: usize = 64;
/// A call under way: `Begun<Asked>` of the kernel side.
const ASKED_BYTES: usize = 32;
/// A call under way: `Begun<Message>` of the kernel side.
const MESSAGE_BYTES: usize = 56;
const SLOT_BYTES: usize = size_of::<Slot>();
/// `Stream` of the kernel side.
const STREAM_BYTES: usize = SLOT_BYTES + 64;
/// `Socket` of the kernel side.
const SOCKET_BYTES: usize = 352;

#[test]
#[ignore = "needs root"]
fn raw_tracepoint_keeps_no_secret() {
    check("raw-tracepoint");
}

#[test]
#[ignore = "needs root"]
fn syscall_tracepoints_keep_no_secret() {
    check("syscall-tracepoint");
}

#[test]
#[ignore = "needs root"]
fn uprobes_keep_no_secret() {
    check("uprobe-nop");
    check("uprobe-entry");
}

#[test]
#[ignore = "needs root"]
fn packets_keep_no_secret() {
    check("cgroup-skb");
}

fn check(strategy: &str) {
    let group = Group::new();
    let target = Target::start_in(&group);
    // Nothing is drained until the end, so that the events are in the ring buffer.
    let args = ["--strategy", strategy, "--wakeup", "timer(60000 ms)"];
    let mut agent = Agent::start_with(target.pid(), &args);
    agent.attach();
    let holdings = Holdings::of(agent.process.pid());
    let place = Place { target, holdings, sees_parts: !strategy.starts_with("uprobe") };
    place.requests();
    place.long_targets();
    place.garbage();
    assert_events_without_secret(&place.holdings);
    place.target.connect().exchange(&request());
    agent.detach();
    assert!(agent.stats().requests > 0);
    let records = fs::read(agent.records_file()).unwrap();
    assert!(String::from_utf8_lossy(&records).contains("/echo"));
    assert_not_in(&records, "the records");
    agent.finish();
}

/// With the secret wherever one may be.
fn request() -> String {
    let body = format!("{SECRET}\r\nGET /{SECRET} HTTP/1.1\r\n\r\n{SECRET}");
    format!(
        "POST /echo?token={SECRET} HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {SECRET}\r\nCookie: a={SECRET}\r\n\
         Content-Type: {SECRET}\r\nTransfer-Weight: {SECRET}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A watched target, and what may hold a secret of it.
struct Place {
    target: Target,
    holdings: Holdings,
    /// Every part of a request is seen, not only its end.
    sees_parts: bool,
}

impl Place {
    /// However far a request has got, whatever was seen last.
    fn requests(&self) {
        let request = request();
        let mut client = self.target.connect();
        for at in (10..request.len()).step_by(5) {
            self.send(&mut client, &request[..at]);
            client.send(&request[at..]);
            client.truth(&request);
        }
        // What is looked for in this way would be found.
        let seen = assert_no_secret(&self.holdings, &self.target);
        assert_eq!(contains(&seen, b"/ech"), self.sees_parts);
    }

    /// What is beyond the bytes of a path that are kept, or behind the path.
    fn long_targets(&self) {
        let path = |bytes: usize| format!("/{}", "p".repeat(bytes - 1));
        for target in [
            format!("{}{SECRET}", path(128)),
            format!("{}?{SECRET}", path(128)),
            format!("{}?{SECRET}", path(127)),
            format!("{}?{SECRET}", path(57)),
            format!("{}?{SECRET}", path(56)),
            format!("/?{}", SECRET.repeat(300)),
            format!("{}{}", path(4_000), SECRET.repeat(100)),
        ] {
            let request = format!("GET {target} HTTP/1.1\r\nHost: t\r\n\r\n");
            let mut client = self.target.connect();
            client.exchange(&request);
            assert_no_secret(&self.holdings, &self.target);
            self.send(&mut client, &request[..request.len() - 20]);
            client.send(&request[request.len() - 20..]);
            client.truth(&request);
            assert_no_secret(&self.holdings, &self.target);
        }
    }

    /// What is no request, whole and in two pieces.
    fn garbage(&self) {
        let post = "POST /echo HTTP/1.1\r\nHost: t\r\n";
        for garbage in [
            format!("SELECT {SECRET} FROM t;\n"),
            format!("{SECRET}\r\n\r\n"),
            format!("GET /plain {SECRET}\r\n\r\n"),
            format!("GET /plain HTTP/{SECRET}\r\n\r\n"),
            format!("{post}Content-Length: {SECRET}\r\n\r\n"),
            format!("{post}Transfer-Encoding: {SECRET}\r\n\r\n"),
            format!("{post}Transfer-Encoding: chunked\r\n\r\n{SECRET}\r\n"),
            format!("{post}Transfer-Encoding: chunked\r\n\r\n1;{SECRET}\r\nx\r\n{SECRET}"),
        ] {
            let mut client = self.target.connect();
            client.send(&garbage);
            client.end_sending();
            client.read_all();
            assert_no_secret(&self.holdings, &self.target);
            // In the middle of the secret.
            let cut = garbage.find(SECRET).unwrap() + 11;
            let mut client = self.target.connect();
            client.send(&garbage[..cut]);
            self.target.connect().exchange(&request());
            client.send_if_open(&garbage[cut..]);
            client.end_sending();
            client.read_all();
            assert_no_secret(&self.holdings, &self.target);
        }
    }

    /// Sends the first part of something, and looks into the maps when it was read.
    fn send(&self, client: &mut Client, part: &str) {
        let before = progress(&self.holdings);
        client.send(part);
        if self.sees_parts {
            eventually("the target reads", || (progress(&self.holdings) > before).then_some(()));
        }
        assert_no_secret(&self.holdings, &self.target);
    }
}

/// Calls that have moved bytes of a message without ending it.
fn progress(holdings: &Holdings) -> u64 {
    let rows = holdings.maps.iter().find_map(|id| {
        let data = MapData::from_id(*id).unwrap();
        let is_counters = data.info().unwrap().name_as_str() == Some("COUNTERS");
        is_counters.then(|| PerCpuArray::<_, Row>::try_from(Map::from_map_data(data).unwrap()).unwrap())
    });
    rows.unwrap().get(&0, 0).unwrap().iter().map(|row| row[Counter::Progress as usize]).sum()
}

/// Looks into all maps but the ring buffer. Returns what is known of connections.
fn assert_no_secret(holdings: &Holdings, target: &Target) -> Vec<u8> {
    let (mut seen, mut connections) = (Vec::new(), Vec::new());
    for id in &holdings.maps {
        let data = MapData::from_id(*id).unwrap();
        let info = data.info().unwrap();
        let name = info.name_as_str().unwrap_or_default().to_owned();
        let (kind, size) = (info.map_type().unwrap(), info.value_size() as usize);
        let map = Map::from_map_data(data).unwrap();
        let bytes: Vec<u8> = match (kind, size) {
            (MapType::RingBuf, _) => continue,
            // Constants, set once before loading.
            (MapType::Array, _) if name.ends_with(".rodata") => continue,
            (MapType::Array, 8) => array::<8>(map),
            (MapType::Array, SLOT_BYTES) => array::<SLOT_BYTES>(map),
            (MapType::Array, STREAM_BYTES) => array::<STREAM_BYTES>(map),
            (MapType::LruHash, ASKED_BYTES) => hash::<u32, ASKED_BYTES>(map),
            (MapType::LruHash, MESSAGE_BYTES) => hash::<u32, MESSAGE_BYTES>(map),
            (MapType::LruHash, STREAM_BYTES) => hash::<u64, STREAM_BYTES>(map),
            (MapType::SkStorage, SOCKET_BYTES) => of_sockets(map, target),
            (MapType::PerCpuArray, ROW_BYTES) => per_cpu::<ROW_BYTES>(map),
            (MapType::PerCpuArray, VISIT_BYTES) => per_cpu::<VISIT_BYTES>(map),
            (kind, size) => {
                panic!("map {name} of kind {kind:?} and {size} bytes: have this test look into it")
            }
        };
        assert_not_in(&bytes, &name);
        if ["CONNECTIONS", "SOCKETS"].contains(&name.as_str()) {
            connections.extend(bytes);
        }
        seen.push(name);
    }
    seen.sort();
    let all = [
        "ASKED",
        "ATTACHMENT",
        "CONNECTIONS",
        "COUNTERS",
        "MESSAGES",
        "NO_STREAM",
        "SOCKETS",
        "STREAMS",
        "VISIT",
    ];
    assert_eq!(seen, all);
    connections
}

fn array<const BYTES: usize>(map: Map) -> Vec<u8> {
    let map: Array<_, [u8; BYTES]> = map.try_into().unwrap();
    // Most descriptors were never seen.
    map.iter().map(Result::unwrap).filter(|value| *value != [0; BYTES]).flatten().collect()
}

fn hash<K: Pod, const BYTES: usize>(map: Map) -> Vec<u8> {
    let map: HashMap<_, K, [u8; BYTES]> = map.try_into().unwrap();
    map.iter().filter_map(Result::ok).flat_map(|(_, value)| value).collect()
}

/// What hangs on the sockets of the target.
fn of_sockets(map: Map, target: &Target) -> Vec<u8> {
    let map: SkStorage<_, [u8; SOCKET_BYTES]> = map.try_into().unwrap();
    let value = |socket: &OwnedFd| match map.get(socket, 0) {
        Ok(value) => Some(value),
        Err(MapError::KeyNotFound) => None,
        Err(error) => panic!("{error}"),
    };
    sockets(target.pid()).iter().filter_map(value).flatten().collect()
}

/// The sockets that a process has open, opened here as well. One that it closes meanwhile is left out.
fn sockets(pid: u32) -> Vec<OwnedFd> {
    let process = pidfd_open(Pid::from_raw(pid as i32).unwrap(), PidfdFlags::empty()).unwrap();
    let files = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().map(Result::unwrap);
    let sockets = files.filter(|file| {
        fs::read_link(file.path()).is_ok_and(|link| link.to_string_lossy().starts_with("socket:"))
    });
    sockets
        .map(|file| file.file_name().to_str().unwrap().parse().unwrap())
        .filter_map(|number| pidfd_getfd(&process, number, PidfdGetfdFlags::empty()).ok())
        .collect()
}

fn per_cpu<const BYTES: usize>(map: Map) -> Vec<u8> {
    let map: PerCpuArray<_, [u8; BYTES]> = map.try_into().unwrap();
    map.get(&0, 0).unwrap().iter().copied().flatten().collect()
}

/// Takes all events from the ring buffer, in the agent's stead.
fn assert_events_without_secret(holdings: &Holdings) {
    let rings = holdings.maps.iter().filter_map(|id| {
        let data = MapData::from_id(*id).unwrap();
        let is_ring = data.info().unwrap().map_type().unwrap() == MapType::RingBuf;
        is_ring.then(|| RingBuf::try_from(Map::from_map_data(data).unwrap()).unwrap())
    });
    for mut ring in rings {
        let mut echoes = 0;
        while let Some(event) = ring.next() {
            assert_not_in(&event, "an event");
            echoes += u32::from(contains(&event, b"/echo"));
        }
        // What is looked for in this way would be found.
        assert!(echoes > 0, "no event has come");
    }
}

fn assert_not_in(bytes: &[u8], place: &str) {
    let forwards = SECRET.as_bytes();
    let backwards: Vec<u8> = forwards.iter().rev().copied().collect();
    for part in forwards.windows(PART).chain(backwards.windows(PART)) {
        assert!(!contains(bytes, part), "{:?} of the secret is in {place}", String::from_utf8_lossy(part));
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
