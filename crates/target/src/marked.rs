//! The body of an answer, with the mark of its request: when hyper is done with the one, the other is told.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use hyper::{
    Response,
    body::{Body, Bytes, Frame, SizeHint},
};

use crate::{content::Content, mark::RequestMark};

/// A body that tells its request's mark when it is dropped: once for each request, however it ends.
#[derive(Debug)]
pub(crate) struct Marked {
    content: Content,
    mark: RequestMark,
}

impl Marked {
    /// The answer with its mark.
    pub(crate) fn answer(response: Response<Content>, mut mark: RequestMark) -> Response<Self> {
        mark.answer(response.status().as_u16());
        response.map(|content| Self { content, mark })
    }
}

impl Drop for Marked {
    fn drop(&mut self) {
        self.mark.end();
    }
}

impl Body for Marked {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let Self { content, mark } = self.get_mut();
        let frame = Pin::new(content).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &frame {
            mark.hand_over(frame.data_ref().map_or(0, Bytes::len));
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.content.size_hint()
    }
}
