//! What does a body say once it is decoded?

use std::io::{self, Read};

use hyper::HeaderMap;
use hyper::header;

use super::wire::Read as Raw;
use crate::failed::Failed;

/// Most encodings one over the other that are undone.
const LAYERS_MAX: usize = 3;
/// Bytes that brotli reads at once.
const BROTLI_BUFFER: usize = 4_096;

/// A body that was decoded.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) bytes: Vec<u8>,
    /// Whether there is more of it than may be read.
    pub(super) is_cut: bool,
    /// How many bytes came.
    pub(super) transferred: u64,
}

/// Undoes what `Content-Encoding` says, up to `most` bytes.
///
/// # Errors
/// Why it cannot be undone.
pub(super) fn decode(headers: &HeaderMap, raw: Raw, most: usize, has_body: bool) -> Result<Decoded, Failed> {
    let Raw { mut bytes, mut is_cut } = raw;
    let transferred = bytes.len() as u64;
    if has_body && !bytes.is_empty() {
        let encodings = encodings(headers);
        if encodings.len() > LAYERS_MAX {
            return Err(Failed::new(format!("the answer is encoded {} times over", encodings.len())));
        }
        for encoding in encodings.iter().rev() {
            (bytes, is_cut) = undo(encoding, &bytes, is_cut, most)?;
        }
    }
    Ok(Decoded { bytes, is_cut, transferred })
}

/// The encodings, in the order in which they were applied.
fn encodings(headers: &HeaderMap) -> Vec<String> {
    let fields = headers.get_all(header::CONTENT_ENCODING).iter().filter_map(|field| field.to_str().ok());
    let words = fields.flat_map(|field| field.split(',')).map(|word| word.trim().to_ascii_lowercase());
    words.filter(|word| !word.is_empty() && word != "identity").collect()
}

fn undo(encoding: &str, bytes: &[u8], is_cut: bool, most: usize) -> Result<(Vec<u8>, bool), Failed> {
    let mut plain = Vec::new();
    let limit = most as u64 + 1;
    let read = match encoding {
        "gzip" | "x-gzip" => flate2::read::MultiGzDecoder::new(bytes).take(limit).read_to_end(&mut plain),
        // The name says zlib (RFC 9110, section 8.4.1.2); some servers leave its frame out.
        "deflate" if is_zlib(bytes) => flate2::read::ZlibDecoder::new(bytes).take(limit).read_to_end(&mut plain),
        "deflate" => flate2::read::DeflateDecoder::new(bytes).take(limit).read_to_end(&mut plain),
        "br" => brotli_decompressor::Decompressor::new(bytes, BROTLI_BUFFER).take(limit).read_to_end(&mut plain),
        other => {
            let other = domain::text::clean(other, 40);
            return Err(Failed::new(format!("the answer is encoded as `{other}`, which is not gzip, deflate or br")));
        }
    };
    let is_more = plain.len() > most;
    plain.truncate(most);
    match read {
        // What was cut off by the cap cannot end well.
        Ok(_) => Ok((plain, is_more || is_cut)),
        Err(_) if is_cut => Ok((plain, true)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(Failed::new(format!("the answer broke off within its `{encoding}` encoding, after {} bytes", plain.len())))
        }
        Err(error) => Err(Failed::new(format!("the answer is not the `{encoding}` that it says it is: {error}"))),
    }
}

/// Whether bytes begin as zlib does (RFC 1950).
fn is_zlib(bytes: &[u8]) -> bool {
    matches!(bytes, [first, second, ..] if first & 0x0f == 8 && u16::from_be_bytes([*first, *second]) % 31 == 0)
}
