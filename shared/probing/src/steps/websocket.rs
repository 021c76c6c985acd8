//! Does a WebSocket open, and what comes back on it?

use domain::probe::Seen;
use domain::probe::flow::WebSocketStep;
use domain::text::clean;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use url::Url;

use super::http::wire;
use super::{http, target};
use crate::dial::Stream;
use crate::failed::{Failed, causes};
use crate::journey::{Counts, Journey};
use crate::place::Place;
use crate::tls::TlsAsk;
use crate::watch::Part;

/// The most that a sentence repeats of what a server said, in characters.
const SAID_MAX: usize = 200;

/// Takes the step.
///
/// # Errors
/// Why it came to no answer.
pub(super) async fn take(step: &WebSocketStep, with: &mut Journey<'_>) -> Result<Seen, Failed> {
    let (url, place) = target::read(&with.fill(&step.url)?, &["ws", "wss"])?;
    let request = request(&url, step, with)?;
    let send = step.send.as_ref().map(|text| with.fill(text)).transpose()?;
    let ask = TlsAsk { server_name: place.server_name(), alpn: vec![b"http/1.1"], verify: true };
    let connection = with.dial(&place, Some(&ask).filter(|_| url.scheme() == "wss")).await?;
    let mut seen = Seen { tls: connection.tls, ..Seen::default() };
    let config = WebSocketConfig::default().max_message_size(Some(with.body_max)).max_frame_size(Some(with.body_max));
    with.watch.enter(Part::FirstByte);
    let opened = client_async_with_config(request, connection.stream, Some(config)).await;
    with.watch.enter(Part::Reading);
    let mut socket = match opened {
        Ok((socket, answer)) => {
            keep(&mut seen, &answer);
            socket
        }
        Err(Error::Http(answer)) => {
            keep(&mut seen, &answer);
            seen.body = answer.into_body().unwrap_or_default();
            seen.size = seen.body.len() as u64;
            let status = seen.status.unwrap_or_default();
            with.blame(
                format!("{place} did not open a WebSocket: it answered with the status {status} instead of 101"),
                Counts::UnlessStatusIsExpected,
            );
            return Ok(seen);
        }
        Err(error) => return Err(not_opened(&place, &error)),
    };
    if let Some(text) = send {
        with.asked = Some(text.clone());
        with.watch.enter(Part::FirstByte);
        match exchange(&mut socket, text, with).await {
            Ok(message) => {
                seen.size = message.len() as u64;
                seen.body = message;
            }
            Err(because) => with.blame(format!("{place} {because}"), Counts::Always),
        }
    }
    with.watch.stop_at(Instant::now());
    // A word of farewell; nobody waits for the answer.
    let _ = socket.close(None).await;
    Ok(seen)
}

fn request(url: &Url, step: &WebSocketStep, with: &Journey<'_>) -> Result<Request, Failed> {
    let mut request = url
        .as_str()
        .into_client_request()
        .map_err(|error| Failed::new(format!("`{url}` is no address of a WebSocket: {}", causes(&error))))?;
    request.headers_mut().extend(http::headers(&step.headers, with)?);
    Ok(request)
}

fn keep<B>(seen: &mut Seen, answer: &tokio_tungstenite::tungstenite::http::Response<B>) {
    seen.status = Some(answer.status().as_u16());
    seen.headers = wire::written(answer.headers());
}

/// Says something; the next message is the answer. Pings are answered on the way.
///
/// # Errors
/// What the server did instead, as the end of a sentence.
async fn exchange(socket: &mut WebSocketStream<Stream>, text: String, with: &mut Journey<'_>) -> Result<Vec<u8>, String> {
    socket.send(Message::text(text)).await.map_err(|error| broken(&error))?;
    while let Some(message) = socket.next().await {
        with.watch.enter(Part::Reading);
        match message.map_err(|error| broken(&error))? {
            Message::Text(text) => return Ok(text.as_bytes().to_vec()),
            Message::Binary(bytes) => return Ok(bytes.to_vec()),
            Message::Close(frame) => return Err(closed(frame.as_ref())),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => with.watch.enter(Part::FirstByte),
        }
    }
    Err("closed the WebSocket before it answered".to_owned())
}

fn closed(frame: Option<&CloseFrame>) -> String {
    match frame {
        None => "closed the WebSocket before it answered, without a reason".to_owned(),
        Some(frame) if frame.reason.is_empty() => {
            format!("closed the WebSocket before it answered, with the code {}", frame.code)
        }
        Some(frame) => {
            let reason = clean(&frame.reason, SAID_MAX);
            format!("closed the WebSocket before it answered, with the code {}: {reason}", frame.code)
        }
    }
}

/// What became of a WebSocket that stood, as the end of a sentence.
fn broken(error: &Error) -> String {
    match error {
        Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => {
            format!("sent a message of {size} bytes, more than the {max_size} that are read")
        }
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) | Error::ConnectionClosed | Error::AlreadyClosed => {
            "broke the connection off before it answered, without closing the WebSocket".to_owned()
        }
        Error::Utf8(_) => "sent a text message that is not UTF-8".to_owned(),
        Error::Io(error) => format!("broke the connection off before it answered: {error}"),
        error => format!("does not keep to the WebSocket protocol: {}", causes(error)),
    }
}

/// Why a WebSocket was not opened.
fn not_opened(place: &Place, error: &Error) -> Failed {
    match error {
        Error::Protocol(ProtocolError::HandshakeIncomplete | ProtocolError::ResetWithoutClosingHandshake) => {
            Failed::network(format!("{place} closed the connection before it answered the opening request"))
        }
        Error::Io(error) => Failed::network(format!("{place} broke the connection off before it answered: {error}")),
        Error::Protocol(ProtocolError::HttparseError(_)) => {
            Failed::new(format!("{place} answered the opening request with what is not HTTP/1.1"))
        }
        error => Failed::new(format!("{place} did not open a WebSocket: {}", causes(error))),
    }
}
