//! The bodies that the handlers answer with.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

/// Filler is handed to hyper in frames of at most this size, from one constant: a large answer needs no memory.
const FRAME_BYTES: usize = 64 * 1024;
static FILLER: [u8; FRAME_BYTES] = [b'x'; FRAME_BYTES];

/// A body of one of three kinds.
#[derive(Debug)]
pub(crate) enum Content {
    /// A fixed text, in one frame.
    Text(Option<&'static str>),
    /// This many bytes of filler.
    Filler(u64),
    /// What the client sends, as it comes. Its length is announced where the client announced it, else it is chunked.
    Echo(Incoming),
}

impl Content {
    /// No body.
    pub(crate) const EMPTY: Self = Self::Filler(0);
}

impl Body for Content {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Text(text) => Poll::Ready(text.take().map(|text| data(text.as_bytes()))),
            Self::Filler(0) => Poll::Ready(None),
            Self::Filler(left_bytes) => {
                let frame = usize::try_from(*left_bytes).map_or(FRAME_BYTES, |left| left.min(FRAME_BYTES));
                *left_bytes -= frame as u64;
                Poll::Ready(Some(data(&FILLER[..frame])))
            }
            Self::Echo(incoming) => Pin::new(incoming).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Text(text) => text.is_none(),
            Self::Filler(left_bytes) => *left_bytes == 0,
            Self::Echo(incoming) => incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Text(text) => SizeHint::with_exact(text.map_or(0, |text| text.len() as u64)),
            Self::Filler(left_bytes) => SizeHint::with_exact(*left_bytes),
            Self::Echo(incoming) => incoming.size_hint(),
        }
    }
}

fn data(bytes: &'static [u8]) -> hyper::Result<Frame<Bytes>> {
    Ok(Frame::data(Bytes::from_static(bytes)))
}
