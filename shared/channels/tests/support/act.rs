//! One thing that a server may do with a request.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::Response;
use hyper::body::{Body, Frame};

/// What a server does with one request.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Answers: status, headers, body.
    Say(u16, Vec<(&'static str, String)>, String),
    /// Reads the request and never answers.
    Hang,
    /// Reads the request and resets the connection.
    Reset,
    /// Begins a body and never goes on.
    Stall(u16, &'static str),
    /// Begins a body and closes the connection.
    BreakOff(u16, &'static str),
    /// Never ends the body.
    Endless(u16),
    /// Speaks another protocol.
    Garbage,
}

impl Act {
    pub(crate) fn say(status: u16, body: &str) -> Act {
        Act::Say(status, Vec::new(), body.to_owned())
    }

    pub(crate) async fn perform(self, n_bytes: Arc<AtomicUsize>) -> Result<Response<PlayBody>, &'static str> {
        let (status, headers, body) = match self {
            Act::Say(status, headers, body) => (status, headers, PlayBody { first: Some(body.into()), then: Then::End }),
            Act::Hang => std::future::pending().await,
            Act::Reset | Act::Garbage => return Err("reset"),
            Act::Stall(status, first) => (status, vec![], PlayBody { first: Some(first.into()), then: Then::Wait }),
            Act::BreakOff(status, first) => {
                let length = ("content-length", (first.len() + 100).to_string());
                (status, vec![length], PlayBody { first: Some(first.into()), then: Then::Break { has_flushed: false } })
            }
            Act::Endless(status) => (status, vec![], PlayBody { first: None, then: Then::More(n_bytes) }),
        };
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(name, value);
        }
        response.body(body).map_err(|_| "no response")
    }
}

/// The body of an answer: a piece, then something else.
pub(crate) struct PlayBody {
    first: Option<Bytes>,
    then: Then,
}

enum Then {
    End,
    Break { has_flushed: bool },
    Wait,
    More(Arc<AtomicUsize>),
}

impl Body for PlayBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        match &mut self.then {
            Then::End | Then::Break { has_flushed: true } => Poll::Ready(None),
            Then::Break { has_flushed } => {
                // What was begun goes out while the body seems to wait.
                *has_flushed = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Then::Wait => Poll::Pending,
            Then::More(n_bytes) => {
                n_bytes.fetch_add(16_384, Ordering::SeqCst);
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 16_384])))))
            }
        }
    }
}
