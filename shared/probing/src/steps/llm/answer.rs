//! How is an answer taken as it comes?

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use domain::probe::flow::LlmApi;
use domain::probe::secret::Secrets;
use futures_util::StreamExt as _;
use futures_util::stream::{self, Stream};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use sse_stream::SseByteStream;
use tokio::time::Instant;

use super::bedrock::{Frames, STREAM_TYPE};
use super::reply::Reply;
use crate::failed::causes;
use crate::journey::Journey;
use crate::steps::http::wire;

/// The type of an answer that comes as server-sent events.
const EVENTS_TYPE: &str = "text/event-stream";
/// What ends an event. Some endpoints forget it after the last one.
const EVENT_END: &[u8] = b"\n\n";

/// The reply, as far as it came, and why it did not come to its end.
pub(super) async fn reply(answer: &mut wire::Answer, api: &LlmApi, with: &Journey<'_>) -> (Reply, Option<String>) {
    let content_type = answer.head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let content_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let clock = Clock { before: with.watch.phases().ttfb.unwrap_or_default(), began: Instant::now() };
    let mut coming = Coming { body: &mut answer.body, secrets: &with.secrets, n: 0, max: with.body_max };
    let mut reply = Reply::default();
    let taken = match (api, content_type.as_str()) {
        (LlmApi::OpenAi, EVENTS_TYPE) => coming.take_events(&mut reply, clock).await,
        (LlmApi::Bedrock { .. }, STREAM_TYPE) => coming.take_frames(&mut reply, clock).await,
        // Whole, although it may have been asked for in pieces: not all endpoints can.
        (LlmApi::OpenAi | LlmApi::Bedrock { .. }, _) => coming.take_whole(api, &mut reply).await,
    };
    (reply, taken.err())
}

/// Says when the first text came: counted from when the request began to be sent.
#[derive(Debug, Clone, Copy)]
struct Clock {
    /// How long it was until the answer began to come.
    before: Duration,
    /// When that was.
    began: Instant,
}

impl Clock {
    fn note(self, reply: &mut Reply) {
        if reply.first_token.is_none() && !reply.text.is_empty() {
            reply.first_token = Some(self.before + self.began.elapsed());
        }
    }
}

/// An answer that comes.
struct Coming<'a> {
    body: &'a mut Incoming,
    /// What must not stand in a sentence.
    secrets: &'a Secrets,
    /// How much came.
    n: usize,
    /// How much may come.
    max: usize,
}

impl Coming<'_> {
    /// The next piece; none at the end.
    ///
    /// # Errors
    /// Why there is none although the end has not come.
    async fn piece(&mut self) -> Result<Option<Bytes>, String> {
        while let Some(frame) = self.body.frame().await {
            let broken = |error| format!("the answer broke off after {} bytes of its body: {}", self.n, causes(&error));
            // What is no data are trailers.
            let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
            self.n += data.len();
            if self.n > self.max {
                return Err(format!("the answer is longer than the {} bytes that are read of one", self.max));
            }
            return Ok(Some(data));
        }
        Ok(None)
    }

    async fn take_whole(&mut self, api: &LlmApi, reply: &mut Reply) -> Result<(), String> {
        let mut whole = Vec::new();
        while let Some(piece) = self.piece().await? {
            whole.extend_from_slice(&piece);
        }
        match api {
            LlmApi::OpenAi => reply.take_openai(&String::from_utf8_lossy(&whole), self.secrets).map(|_| ()),
            LlmApi::Bedrock { .. } => reply.take_converse(&whole, self.secrets),
        }
    }

    async fn take_frames(&mut self, reply: &mut Reply, clock: Clock) -> Result<(), String> {
        let mut frames = Frames::default();
        while let Some(piece) = self.piece().await? {
            frames.push(&piece);
            while let Some(message) = frames.next()? {
                reply.take_event(&message, self.secrets)?;
                clock.note(reply);
            }
        }
        Ok(())
    }

    async fn take_events(&mut self, reply: &mut Reply, clock: Clock) -> Result<(), String> {
        let (mut broken, secrets) = (None, self.secrets);
        let pieces = stream::unfold((self, &mut broken), |(coming, broken)| async move {
            match coming.piece().await {
                Ok(piece) => piece.map(|piece| (piece, (coming, broken))),
                Err(why) => {
                    *broken = Some(why);
                    None
                }
            }
        });
        let taken = take_all(pieces, reply, clock, secrets).await;
        broken.map_or(taken, Err)
    }
}

/// Takes the events in pieces of bytes, wherever these were cut.
async fn take_all(pieces: impl Stream<Item = Bytes>, reply: &mut Reply, clock: Clock, secrets: &Secrets) -> Result<(), String> {
    let end = stream::once(async { Bytes::from_static(EVENT_END) });
    let mut events = std::pin::pin!(SseByteStream::new(pieces.chain(end).map(Ok::<_, Infallible>)));
    while let Some(event) = events.next().await {
        let event = event.map_err(|error| format!("the endpoint's answer is no stream of events: {}", causes(&error)))?;
        let Some(data) = event.data.filter(|data| !data.is_empty()) else { continue };
        let is_over = reply.take_openai(&data, secrets)?;
        clock.note(reply);
        if is_over {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::reply::End;
    use super::*;

    const EVENTS: &str = "\u{feff}: a comment\r\n\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"Zür\"}}]}\r\n\r\n\
        event: message\nid: 7\ndata: {\"choices\":\ndata: [{\"delta\":{\"content\":\"ich 🏔\"}}]}\n\n\
        data:{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\r\r\
        data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n\
        data: [DONE]\n\n";

    fn taken(events: &[u8], mut places: Vec<usize>) -> Result<Reply, String> {
        places.push(events.len());
        places.sort_unstable();
        let mut from = 0;
        let pieces: Vec<Bytes> =
            places.into_iter().map(|to| Bytes::copy_from_slice(&events[std::mem::replace(&mut from, to)..to])).collect();
        let mut reply = Reply::default();
        let (secrets, clock) = (Secrets::default(), Clock { before: Duration::ZERO, began: Instant::now() });
        let taking = take_all(stream::iter(pieces), &mut reply, clock, &secrets);

        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(taking)?;
        reply.first_token = None;
        Ok(reply)
    }

    fn wanted() -> Reply {
        Reply {
            text: "Zürich 🏔".to_owned(), end: Some(End::Done), tokens_in: Some(3), tokens_out: Some(4), first_token: None
        }
    }

    #[test]
    fn the_last_event_counts_although_its_end_is_forgotten() {
        let events = EVENTS.trim_end().strip_suffix("data: [DONE]").unwrap().trim_end();
        assert_eq!(taken(events.as_bytes(), Vec::new()).unwrap(), wanted());
    }

    #[test]
    fn what_is_no_stream_of_events_is_said_to_be_none() {
        assert!(taken(b"data: \xff\xfe\n\n", Vec::new()).unwrap_err().contains("no stream of events"));
        assert!(taken(b"data: <html>\n\n", Vec::new()).unwrap_err().contains("no chat completion"));
        assert_eq!(taken(b"<html></html>", Vec::new()).unwrap(), Reply::default());
    }

    proptest! {
        #[test]
        fn wherever_the_bytes_are_cut_the_answer_is_the_same(
            places in prop::collection::vec(0..EVENTS.len(), 0..20),
        ) {
            prop_assert_eq!(taken(EVENTS.as_bytes(), places).unwrap(), wanted());
        }

        #[test]
        fn whatever_comes_is_taken_or_refused(bytes: Vec<u8>, places in prop::collection::vec(0_usize..64, 0..6)) {
            let places = places.into_iter().filter(|place| *place < bytes.len()).collect();
            let _ = taken(&bytes, places);
        }
    }
}
