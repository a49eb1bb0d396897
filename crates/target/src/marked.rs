//! The body of an answer, with the mark of its request: when hyper is done with the one, the other is told.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use hyper::{
    Response, StatusCode,
    body::{Body, Bytes, Frame, SizeHint},
};

use crate::{content::Content, mark::RequestMark};

/// A body that tells its request's mark when it is dropped: once for each request, however it ends.
#[derive(Debug)]
pub(crate) struct Marked {
    content: Content,
    mark: RequestMark,
    /// Nothing of the body is left to hand over.
    is_whole: bool,
}

impl Marked {
    /// The answer with its mark.
    pub(crate) fn answer(response: Response<Content>, mut mark: RequestMark) -> Response<Self> {
        let status = response.status();
        mark.answer(status.as_u16());
        // hyper drops these bodies unread, since none may be sent (RFC 9110, section 6.4.1).
        let has_none =
            mark.is_of_head() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        response.map(|content| Self { is_whole: has_none || content.is_end_stream(), content, mark })
    }
}

impl Drop for Marked {
    fn drop(&mut self) {
        self.mark.end(self.is_whole);
    }
}

impl Body for Marked {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let Self { content, mark, is_whole } = self.get_mut();
        let frame = Pin::new(&mut *content).poll_frame(cx);
        match &frame {
            Poll::Ready(Some(Ok(frame))) => {
                mark.hand_over(frame.data_ref().map_or(0, Bytes::len));
                *is_whole = content.is_end_stream();
            }
            // A body in chunks does not know its last one before it is asked for more.
            Poll::Ready(None) => *is_whole = true,
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
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
