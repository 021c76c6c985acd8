use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue};
use bytes::Bytes;
use proptest::prelude::*;

use super::*;

fn message(headers: &[(&'static str, &'static str)], payload: &str) -> Message {
    let message = Message::new(Bytes::copy_from_slice(payload.as_bytes()));
    headers
        .iter()
        .fold(message, |message, (name, value)| message.add_header(Header::new(*name, HeaderValue::String((*value).into()))))
}

fn event(kind: &'static str, payload: &str) -> Message {
    message(&[(":message-type", "event"), (":event-type", kind)], payload)
}

fn answer() -> Vec<Message> {
    vec![
        event("messageStart", r#"{"role":"assistant"}"#),
        event("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"Zür"},"p":"abc"}"#),
        event("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"ich"}}"#),
        event("contentBlockStop", r#"{"contentBlockIndex":0}"#),
        event("messageStop", r#"{"stopReason":"end_turn"}"#),
        event("metadata", r#"{"usage":{"inputTokens":8,"outputTokens":3,"totalTokens":11},"metrics":{"latencyMs":5}}"#),
    ]
}

fn taken(messages: &[Message]) -> Result<Reply, String> {
    let mut reply = Reply::default();
    messages.iter().try_for_each(|message| reply.take_event(message, &Secrets::default()))?;
    Ok(reply)
}

#[test]
fn the_pieces_of_an_answer_make_the_answer() {
    let wanted =
        Reply { text: "Zürich".to_owned(), end: Some(End::Done), tokens_in: Some(8), tokens_out: Some(3), first_token: None };
    assert_eq!(taken(&answer()).unwrap(), wanted);
}

#[test]
fn a_whole_answer_is_read() {
    let body = r#"{"output":{"message":{"role":"assistant","content":[{"reasoningContent":{}},{"text":"Zürich"}]}},
        "stopReason":"max_tokens","usage":{"inputTokens":8,"outputTokens":3,"totalTokens":11}}"#;
    let mut reply = Reply::default();
    reply.take_converse(body.as_bytes(), &Secrets::default()).unwrap();
    assert_eq!((reply.text.as_str(), reply.end, reply.tokens_in), ("Zürich", Some(End::Length), Some(8)));
    assert!(Reply::default().take_converse(b"<html>", &Secrets::default()).unwrap_err().contains("`<html>`"));
}

#[test]
fn an_exception_amid_an_answer_ends_it() {
    let exception = message(
        &[(":message-type", "exception"), (":exception-type", "throttlingException")],
        r#"{"message":"Too many tokens"}"#,
    );
    assert_eq!(taken(&[exception]).unwrap_err(), "the endpoint broke the answer off: throttlingException: Too many tokens");
    let error = message(&[(":message-type", "error"), (":error-code", "Internal"), (":error-message", "oh")], "");
    assert_eq!(taken(&[error]).unwrap_err(), "the endpoint broke the answer off: Internal: oh");
}

#[test]
fn a_problem_has_the_name_that_amazon_gave_it() {
    let body = br#"{"message":"no access"}"#;
    let named = problem_of(body, Some("AccessDeniedException:http://internal.amazon.com/coral/"));
    assert_eq!((named.code.as_deref(), named.message.as_deref()), (Some("AccessDeniedException"), Some("no access")));
    let typed = problem_of(br#"{"__type":"com.amazon#ValidationException","Message":"bad"}"#, None);
    assert_eq!((typed.code.as_deref(), typed.message.as_deref()), (Some("ValidationException"), Some("bad")));
}

#[test]
fn a_model_is_one_segment_of_the_path() {
    assert_eq!(path("anthropic.claude-v1:0", false), "/model/anthropic.claude-v1%3A0/converse");
    assert_eq!(
        path("arn:aws:bedrock:eu-west-1:1:inference-profile/x", true),
        "/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Ainference-profile%2Fx/converse-stream"
    );
}

fn wire() -> Vec<u8> {
    let mut wire = Vec::new();
    for message in &answer() {
        write_message_to(message, &mut wire).unwrap();
    }
    wire
}

/// All messages, when what came is cut at these places.
fn cut_at(wire: &[u8], mut places: Vec<usize>) -> Result<Vec<Message>, String> {
    places.push(wire.len());
    places.sort_unstable();
    let mut frames = Frames::default();
    let (mut messages, mut from) = (Vec::new(), 0);
    for to in places {
        frames.push(&wire[from..to]);
        from = to;
        while let Some(message) = frames.next()? {
            messages.push(message);
        }
    }
    Ok(messages)
}

proptest! {
    #[test]
    fn wherever_it_is_cut_the_messages_are_the_same(places in prop::collection::vec(0..wire().len(), 0..12)) {
        prop_assert_eq!(cut_at(&wire(), places).unwrap(), answer());
    }

    #[test]
    fn a_bit_that_was_changed_is_noticed(at in 0..wire().len() * 8) {
        let mut wire = wire();
        wire[at / 8] ^= 1 << (at % 8);
        // A length that is too great waits for what never comes.
        prop_assert!(cut_at(&wire, Vec::new()).map_or(true, |messages| messages.len() < answer().len()));
    }
}
