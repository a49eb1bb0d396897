//! What the service itself knows of a request, told to two functions that a tracer may hook.
//!
//! A service that wants to be traced calls a function of a known name at the end of each request; a probe on that
//! function's first instruction sees the [`RequestMark`] behind its argument. What that instruction is decides the
//! probe's cost, so there are two functions: see `markers`. Both are called for every request, traced or not.

use hyper::{Request, body::Body};
use rustix::time::{ClockId, clock_gettime};

use crate::markers;

/// Bytes of a path that are kept; longer paths are cut and flagged.
const PATH_CAPACITY: usize = 128;

/// One request, as laid out in memory for whoever hooks a marker: 176 bytes, no padding, numbers in the byte order of
/// the processor. The offset of each field is in brackets.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct RequestMark {
    /// (0) When the service got the request, its head read and parsed, in nanoseconds of `CLOCK_MONOTONIC`.
    start_ns: u64,
    /// (8) When hyper was done with the answer's body, in nanoseconds of `CLOCK_MONOTONIC`: it was handed over whole,
    /// or the client has left. What hyper has buffered may be written after that.
    end_ns: u64,
    /// (16) Bytes of the request's body, as announced; 0 where there is none, and where its length was not announced
    /// (chunked). The service does not know how long the head was.
    request_bytes: u64,
    /// (24) Bytes of the answer's body that were handed to hyper. The service does not know how long the head is.
    response_bytes: u64,
    /// (32) Method, padded with zeros at the end, cut after 8 bytes.
    method: [u8; 8],
    /// (40) Bytes of `path` that are in use: at most 128.
    path_len: u32,
    /// (44) Status of the answer.
    status: u16,
    /// (46) 1 if the path was longer than 128 bytes.
    path_truncated: u8,
    /// (47) 1 if the client had left before the whole body was handed to hyper.
    unfinished: u8,
    /// (48) The path up to `?`, zeros after it.
    path: [u8; PATH_CAPACITY],
}

const _: () = assert!(size_of::<RequestMark>() == 176);

impl RequestMark {
    /// The mark of a request that begins now. It takes one reading of the clock and no memory from the heap.
    pub(crate) fn begin(request: &Request<impl Body>) -> Self {
        let path = request.uri().path().as_bytes();
        let kept = path.len().min(PATH_CAPACITY);
        let mut mark = Self {
            start_ns: now_ns(),
            end_ns: 0,
            request_bytes: request.body().size_hint().exact().unwrap_or(0),
            response_bytes: 0,
            method: [0; 8],
            path_len: kept as u32,
            status: 0,
            path_truncated: u8::from(kept < path.len()),
            unfinished: 0,
            path: [0; PATH_CAPACITY],
        };
        let method = request.method().as_str().as_bytes();
        let method = &method[..method.len().min(mark.method.len())];
        mark.method[..method.len()].copy_from_slice(method);
        mark.path[..kept].copy_from_slice(&path[..kept]);
        mark
    }

    /// Does the request ask for the head of an answer alone?
    pub(crate) fn is_of_head(&self) -> bool {
        self.method == *b"HEAD\0\0\0\0"
    }

    /// The answer has this status.
    pub(crate) fn answer(&mut self, status: u16) {
        self.status = status;
    }

    /// So many bytes of the answer's body went to hyper.
    pub(crate) fn hand_over(&mut self, bytes: usize) {
        self.response_bytes += bytes as u64;
    }

    /// The request is over, with its answer handed over whole or not: calls both markers.
    pub(crate) fn end(&mut self, is_whole: bool) {
        self.end_ns = now_ns();
        self.unfinished = u8::from(!is_whole);
        markers::tell(self);
    }
}

/// From the vDSO, without a system call.
fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    // The monotonic clock starts at boot: neither part is negative, and the sum fits for 584 years.
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use http_body_util::{Empty, Full};
    use hyper::{Request, body::Bytes};

    use super::RequestMark;

    #[test]
    fn it_holds_what_the_request_line_says_up_to_the_query() {
        let request = Request::post("/echo?secret=1").body(Full::new(Bytes::from_static(b"12345"))).unwrap();
        let mark = RequestMark::begin(&request);
        assert_eq!(&mark.method, b"POST\0\0\0\0");
        assert_eq!(&mark.path[..mark.path_len as usize], b"/echo");
        assert!(mark.path[5..].iter().all(|byte| *byte == 0));
        assert_eq!((mark.request_bytes, mark.path_truncated), (5, 0));
        assert!(mark.start_ns > 0);
    }

    #[test]
    fn what_is_too_long_is_cut_and_a_cut_path_flagged() {
        let (exact, longer) = (format!("/{}", "x".repeat(127)), format!("/{}", "x".repeat(128)));
        for (path, truncated) in [(exact, 0), (longer, 1)] {
            let request = Request::builder().method("PROPPATCHES").uri(&path).body(Empty::<Bytes>::new());
            let mark = RequestMark::begin(&request.unwrap());
            assert_eq!(&mark.method, b"PROPPATC");
            assert_eq!((mark.path_len, mark.path_truncated), (128, truncated), "{path}");
            assert_eq!(mark.path, path.as_bytes()[..128]);
        }
    }
}
