//! No byte of a header, a query or a body is in any map, event or output, at any moment.

use std::fs;

use aya::maps::{Array, Map, MapData, MapType, PerCpuArray, RingBuf};
use tracer_common::{
    connection::Slot,
    counter::{Counter, Row},
};

use crate::{
    agent::{Agent, Holdings},
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
const SLOT_BYTES: usize = size_of::<Slot>();

#[test]
#[ignore = "needs root"]
fn a_secret_is_nowhere() {
    let target = Target::start();
    // Nothing is drained until the end, so that the events are in the ring buffer.
    let mut agent = Agent::start_with(target.pid(), &["--wakeup", "timer(60000 ms)"]);
    agent.attach();
    let holdings = Holdings::of(agent.process.pid());
    let body = format!("{SECRET}\r\nGET /{SECRET} HTTP/1.1\r\n\r\n{SECRET}");
    let request = format!(
        "POST /echo?token={SECRET} HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {SECRET}\r\nCookie: a={SECRET}\r\n\
         Content-Type: {SECRET}\r\nTransfer-Weight: {SECRET}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut client = target.connect();
    // However far it has got, whatever was seen last.
    for at in (10..request.len()).step_by(5) {
        let before = progress(&holdings);
        client.send(&request.as_bytes()[..at]);
        eventually("the target reads", || (progress(&holdings) > before).then_some(()));
        assert_no_secret(&holdings);
        client.send(&request.as_bytes()[at..]);
        client.truth(&request);
    }
    // What is no request, too.
    let mut strange = target.connect();
    strange.send(format!("SELECT {SECRET} FROM t;\n"));
    strange.answer(false);
    strange.end();
    assert_no_secret(&holdings);
    assert_events_without_secret(&holdings);
    client.exchange(&request);
    agent.detach();
    assert!(agent.stats().requests > 0);
    let records = fs::read(agent.records_file()).unwrap();
    assert!(String::from_utf8_lossy(&records).contains("/echo"));
    assert_not_in(&records, "the records");
    agent.finish();
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

/// Looks into all maps but the ring buffer.
fn assert_no_secret(holdings: &Holdings) {
    let mut seen = Vec::new();
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
            (MapType::PerCpuArray, ROW_BYTES) => per_cpu::<ROW_BYTES>(map),
            (MapType::PerCpuArray, VISIT_BYTES) => per_cpu::<VISIT_BYTES>(map),
            (kind, size) => {
                panic!("map {name} of kind {kind:?} and {size} bytes: have this test look into it")
            }
        };
        assert_not_in(&bytes, &name);
        // What is looked for in this way would be found.
        assert!(name != "CONNECTIONS" || contains(&bytes, b"/ech"));
        seen.push(name);
    }
    seen.sort();
    assert_eq!(seen, ["ATTACHMENT", "CONNECTIONS", "COUNTERS", "VISIT"]);
}

fn array<const BYTES: usize>(map: Map) -> Vec<u8> {
    let map: Array<_, [u8; BYTES]> = map.try_into().unwrap();
    // Most descriptors were never seen.
    map.iter().map(Result::unwrap).filter(|value| *value != [0; BYTES]).flatten().collect()
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
        let mut events = 0;
        while let Some(event) = ring.next() {
            events += 1;
            assert_not_in(&event, "an event");
            assert!(contains(&event, b"/echo"));
        }
        assert!(events > 0, "no event has come");
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
