//! What do the messages of gRPC's health service look like on the wire?
//!
//! There are two, with one field each, and they do not change any more; so they are
//! written and read here. See
//! <https://github.com/grpc/grpc-proto/blob/master/grpc/health/v1/health.proto> and
//! <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>.

/// Bytes before each message: whether it is compressed, and its length.
const PREFIX: usize = 5;
/// The tag of `HealthCheckRequest.service`: field 1, with its length.
const SERVICE: u8 = (1 << 3) | 2;
/// The number of `HealthCheckResponse.status`.
const STATUS: u64 = 1;
/// The names of `HealthCheckResponse.ServingStatus`, by number.
const STATUSES: [&str; 4] = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];

/// A `HealthCheckRequest`, with its prefix. The server as a whole has no name.
pub(super) fn request(service: &str) -> Vec<u8> {
    let mut message = Vec::new();
    // A field that has its default is not written.
    if !service.is_empty() {
        message.push(SERVICE);
        write_varint(&mut message, service.len() as u64);
        message.extend_from_slice(service.as_bytes());
    }
    framed(&message)
}

/// A message with its prefix, not compressed.
fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let mut frame = vec![0];
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(message);
    frame
}

/// The name of the status in a `HealthCheckResponse` with its prefix; none if no message
/// came.
///
/// # Errors
/// What is wrong with it.
pub(super) fn status(body: &[u8]) -> Result<Option<String>, String> {
    if body.is_empty() {
        return Ok(None);
    }
    let short = || format!("it ends after {} bytes, inside a message", body.len());
    let (prefix, rest) = body.split_first_chunk::<PREFIX>().ok_or_else(short)?;
    let [compressed, a, b, c, d] = *prefix;
    match compressed {
        0 => {}
        1 => return Err("its message is compressed, which was not asked for".to_owned()),
        _ => return Err("it does not begin as a message of gRPC does".to_owned()),
    }
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    let message = rest.get(..length).ok_or_else(short)?;
    if rest.len() > length {
        return Err("it has more than one message".to_owned());
    }
    let number = status_number(message).ok_or("its message is not one of Protocol Buffers")?;
    let name = usize::try_from(number).ok().and_then(|number| STATUSES.get(number));
    Ok(Some(name.map_or_else(|| format!("status {number}"), |name| (*name).to_owned())))
}

/// The status's number. Fields that were added are passed over, and the last one counts, as
/// Protocol Buffers have it.
fn status_number(mut message: &[u8]) -> Option<u64> {
    let mut status = 0;
    while !message.is_empty() {
        let tag = read_varint(&mut message)?;
        match (tag >> 3, tag & 7) {
            (0, _) => return None,
            (STATUS, 0) => status = read_varint(&mut message)?,
            (_, 0) => _ = read_varint(&mut message)?,
            (_, 1) => message = message.get(8..)?,
            (_, 2) => {
                let length = usize::try_from(read_varint(&mut message)?).ok()?;
                message = message.get(length..)?;
            }
            (_, 5) => message = message.get(4..)?,
            _ => return None,
        }
    }
    Some(status)
}

fn write_varint(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let [bits, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            out.push(bits & 0x7f);
            return;
        }
        out.push(bits | 0x80);
    }
}

fn read_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && bits > 1 {
            return None;
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_request_is_written_as_protocol_buffers_have_it() {
        assert_eq!(request(""), [0, 0, 0, 0, 0]);
        assert_eq!(request("a.B"), [0, 0, 0, 0, 5, 0x0a, 3, b'a', b'.', b'B']);
        let long = "x".repeat(200);
        assert_eq!(request(&long)[..8], [0, 0, 0, 0, 203, 0x0a, 0xc8, 1]);
    }

    #[test]
    fn every_status_is_read() {
        let read = |message: &[u8]| status(&framed(message)).unwrap().unwrap();
        assert_eq!(read(&[8, 1]), "SERVING");
        assert_eq!(read(&[8, 2]), "NOT_SERVING");
        assert_eq!(read(&[8, 3]), "SERVICE_UNKNOWN");
        // The default is not written.
        assert_eq!(read(&[]), "UNKNOWN");
        assert_eq!(read(&[8, 9]), "status 9");
        assert_eq!(read(&[0x12, 2, b'h', b'i', 0x19, 0, 0, 0, 0, 0, 0, 0, 0, 0x25, 0, 0, 0, 0, 8, 1]), "SERVING");
        assert_eq!(status(&[]), Ok(None));
    }

    #[test]
    fn what_is_no_response_is_said_to_be_none() {
        let rows: [(&[u8], &str); 7] = [
            (&[0, 0], "inside a message"),
            (&[0, 0, 0, 0, 3, 8, 1], "inside a message"),
            (&[1, 0, 0, 0, 2, 8, 1], "compressed"),
            (&[0, 0, 0, 0, 2, 8, 1, 0, 0, 0, 0, 0], "more than one"),
            (&[0, 0, 0, 0, 1, 8], "not one of Protocol Buffers"),
            (&[0, 0, 0, 0, 2, 0x12, 9], "not one of Protocol Buffers"),
            (b"<html", "does not begin as a message"),
        ];
        for (body, wanted) in rows {
            let why = status(body).unwrap_err();
            assert!(why.contains(wanted), "{body:?}: {why}");
        }
    }

    proptest! {
        #[test]
        fn numbers_are_read_as_they_were_written(number: u64) {
            let mut bytes = Vec::new();
            write_varint(&mut bytes, number);
            let mut rest = bytes.as_slice();
            prop_assert_eq!(read_varint(&mut rest), Some(number));
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn whatever_comes_is_read_or_refused(body: Vec<u8>) {
            let _ = status(&body);
            let _ = status(&framed(&body));
        }

        #[test]
        fn what_is_cut_short_is_refused(cut in 1_usize..7) {
            let whole = framed(&[8, 1]);
            prop_assert!(status(&whole[..cut]).is_err());
        }
    }
}
