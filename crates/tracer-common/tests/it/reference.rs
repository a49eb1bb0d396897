//! Against `httparse`, the parser of hyper: what it accepts we must read in the same way.

use proptest::prelude::{Just, ProptestConfig, Strategy, prop, prop_assert_eq, prop_oneof, proptest};

use crate::heads::{ours, reference_answer, reference_request};

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, max_global_rejects: 1 << 20, ..ProptestConfig::default() })]

    #[test]
    fn request_heads(text in request_head()) {
        let reference = reference_request(&text);
        proptest::prop_assume!(reference.is_some());
        prop_assert_eq!(ours(&text, None), reference);
    }

    #[test]
    fn answer_heads(text in answer_head()) {
        let reference = reference_answer(&text);
        proptest::prop_assume!(reference.is_some());
        prop_assert_eq!(ours("GET / HTTP/1.1\r\n\r\n", Some(&text)), reference);
    }
}

fn request_head() -> impl Strategy<Value = String> {
    let method = prop_oneof![Just("GET".to_owned()), Just("POST".into()), "[A-Z]{1,9}", "[A-Za-z-]{1,4}"];
    let path = prop_oneof![
        "/[!-~]{0,30}",
        "[!-~]{1,20}",
        "/[a-z]{120,135}",
        "[*]",
        "https?://[a-z.]{1,9}(:80)?/[!-~]{0,9}"
    ];
    let version = prop_oneof![8 => Just("HTTP/1.1"), 1 => Just("HTTP/1.0"), 1 => Just("HTTP/2.0")];
    (method, path, version, headers())
        .prop_map(|(method, path, version, headers)| format!("{method} {path} {version}{headers}"))
}

fn answer_head() -> impl Strategy<Value = String> {
    let version = prop_oneof![8 => Just("HTTP/1.1"), 1 => Just("HTTP/1.0"), 1 => Just("HTTP/2.0")];
    let reason = prop_oneof![Just(""), Just(" "), Just(" OK"), Just(" Not Found")];
    (version, 99..1000_u16, reason, headers())
        .prop_map(|(version, status, reason, headers)| format!("{version} {status}{reason}{headers}"))
}

/// From the end of the start line to the empty line.
fn headers() -> impl Strategy<Value = String> {
    let framing = prop_oneof![
        "(Content-Length|content-length|CONTENT-LENGTH):[ \t]{0,2}[0-9]{1,4}[ ]{0,1}",
        Just("Content-Length: 5".to_owned()),
        "Transfer-Encoding: ?(gzip ?, ?)?chunked ?",
        Just("transfer-encoding: gzip".into()),
    ];
    let other = "[A-Za-z0-9-]{1,20}:[ ]?[ -~]{0,30}";
    let line = prop_oneof![1 => framing, 2 => other];
    let end = prop_oneof![8 => Just("\r\n"), 1 => Just("\n")];
    prop::collection::vec((end.clone(), line), 0..6).prop_flat_map(move |lines| {
        let text: String = lines.into_iter().map(|(end, line)| format!("{end}{line}")).collect();
        (Just(text), end.clone(), end.clone())
            .prop_map(|(text, first, second)| format!("{text}{first}{second}"))
    })
}
