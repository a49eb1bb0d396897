//! What holds for every dialogue, and for every sequence of bytes.

use crate::{
    check::{in_buffers, in_calls},
    generated::{CANARY, DECOY_PATHS, dialogue},
    invariants::hold,
    watch::{Move, Watch},
};
use proptest::prelude::{
    ProptestConfig, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest,
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_dialogue_gives_its_records(dialogue in dialogue()) {
        let watch = Watch::follow(&dialogue.moves);
        prop_assert_eq!(watch.records(), dialogue.records);
        prop_assert!(watch.exceptions.is_empty(), "{}", watch);
    }

    #[test]
    fn however_it_is_cut(dialogue in dialogue(), sizes in prop::collection::vec((1..300_usize, 1..150_usize), 1..8)) {
        let mut watch = Watch::default();
        let mut sizes = sizes.iter().cycle();
        for step in &dialogue.moves {
            let (Move::In(bytes) | Move::Out(bytes)) = step else { unreachable!("only these are generated") };
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (call, buffer) = *sizes.next().expect("endless");
                let (now, later) = rest.split_at(call.min(rest.len()));
                let buffers: Vec<&[u8]> = now.chunks(buffer).collect();
                if matches!(step, Move::In(_)) { watch.read(&buffers) } else { watch.write(&buffers) }
                rest = later;
            }
        }
        prop_assert_eq!(watch.records(), dialogue.records);
        prop_assert!(watch.exceptions.is_empty(), "{}", watch);
    }

    #[test]
    fn and_at_every_byte(dialogue in dialogue()) {
        prop_assert_eq!(Watch::follow(&in_calls(&dialogue.moves, 1)).records(), &dialogue.records[..]);
        prop_assert_eq!(in_buffers(&dialogue.moves, 1).records(), &dialogue.records[..]);
    }

    #[test]
    fn no_byte_of_a_header_a_query_or_a_body_leaves(dialogue in dialogue(), size in 1..200_usize) {
        let watch = Watch::follow(&in_calls(&dialogue.moves, size));
        for event in &watch.events {
            prop_assert!(!event.path.contains(&CANARY), "{:?}", event);
            prop_assert!(!event.head.method.to_be_bytes().contains(&CANARY), "{:?}", event);
        }
    }

    #[test]
    fn nor_when_the_tracer_comes_in_the_middle(dialogue in dialogue(), size in 1..200_usize, missed in any::<prop::sample::Index>()) {
        let calls = in_calls(&dialogue.moves, size);
        let watch = Watch::follow(&calls[missed.index(calls.len())..]);
        for event in &watch.events {
            let path = &event.path[..usize::from(event.head.path_len)];
            // A body may hold whole requests, and a first call that begins with one looks like any other.
            let decoy = DECOY_PATHS.contains(&path);
            prop_assert!(decoy || !path.contains(&CANARY), "{:?}", event);
        }
    }

    #[test]
    fn invariants_hold_for_dialogues(dialogue in dialogue(), size in 1..400_usize) {
        hold(&dialogue.moves, size);
    }

    #[test]
    fn invariants_hold_for_any_bytes(moves in moves(), size in 1..400_usize) {
        hold(&moves, size);
    }
}

/// Anything, and pieces of HTTP in any order.
fn moves() -> impl Strategy<Value = Vec<Move>> {
    const PIECES: [&str; 24] = [
        "GET ",
        "HEAD ",
        "POST ",
        "/a",
        "?b",
        " ",
        " HTTP/1.1",
        "\r\n",
        "\r\n\r\n",
        "\n",
        "Content-Length: ",
        "5",
        "18446744073709551615",
        "Transfer-Encoding: ",
        "chunked",
        "gzip",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.0 304 ",
        "HTTP/1.1 101 ",
        "HTTP/1.1 100 ",
        "0\r\n\r\n",
        "fffffffffffffff\r\n",
        ": ",
        ";",
    ];
    let http = prop::collection::vec(prop::sample::select(&PIECES[..]), 0..20);
    let bytes = prop_oneof![
        http.prop_map(|pieces| pieces.concat().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..300),
    ];
    let step = prop_oneof![
        4 => bytes.clone().prop_map(Move::In),
        4 => bytes.prop_map(Move::Out),
        1 => any::<u64>().prop_map(|bytes| Move::File(bytes >> 8)),
        1 => proptest::strategy::Just(Move::Close),
    ];
    prop::collection::vec(step, 0..20)
}
