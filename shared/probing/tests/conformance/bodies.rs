//! Bodies that are long, compressed, cut off, or not what they say.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use probing::{Engine, Options};

use crate::flows::{assert_down, assert_up, flow, get, http, run, run_with};
use crate::servers::{Then, reply, says, web};

const CAP: usize = 10_000;

fn capped() -> Engine {
    Engine::new(Options { body_max: CAP, ..Options::default() }).unwrap()
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn zlib(plain: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn deflate(plain: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn brotli(plain: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    brotli::CompressorWriter::new(&mut packed, 4_096, 9, 22).write_all(plain).unwrap();
    packed
}

#[tokio::test]
async fn what_is_compressed_is_read_as_what_it_was() {
    let plain = b"what was said, what was said, what was said";
    for (encoding, packed) in [
        ("gzip", gzip(plain)),
        ("x-gzip", gzip(plain)),
        ("GZIP", gzip(plain)),
        ("deflate", zlib(plain)),
        ("deflate", deflate(plain)),
        ("br", brotli(plain)),
        ("gzip, br", brotli(&gzip(plain))),
        ("identity", plain.to_vec()),
        ("", plain.to_vec()),
    ] {
        let n_packed = packed.len() as u64;
        let server = web(move |_| reply(200, &[("content-encoding", encoding)], packed.clone())).await;
        let done =
            run(&flow([get(server.url("/")).expect(&format!("body == \"{}\"", std::str::from_utf8(plain).unwrap()))])).await;
        assert_up(&done);
        assert_eq!(done.exchanges[0].transferred, n_packed, "{encoding}");
    }
}

#[tokio::test]
async fn a_bomb_is_unpacked_to_the_cap_and_no_further() {
    let zeros = vec![b'0'; 4 << 20];
    for (encoding, packed) in
        [("gzip", gzip(&zeros)), ("gzip, gzip", gzip(&gzip(&zeros))), ("deflate", zlib(&zeros)), ("br", brotli(&zeros))]
    {
        let server = web(move |_| reply(200, &[("content-encoding", encoding)], packed.clone())).await;
        let engine = Engine::new(Options { body_max: 100_000, ..Options::default() }).unwrap();
        let done = run_with(&engine, &flow([get(server.url("/")).expect("size == 100000")]), &[]).await;
        assert_up(&done);
        assert_eq!(done.exchanges[0].response_body.len(), 100_000, "{encoding}");
        let done = run_with(&engine, &flow([get(server.url("/")).expect("json $.a == 1")]), &[]).await;
        assert_down(&done, "was cut after 100000 bytes");
    }
}

#[tokio::test]
async fn a_huge_body_is_read_to_the_cap_and_its_connection_is_left() {
    let server = web(|_| reply(200, &[], vec![b'x'; CAP + 1])).await;
    let step = || get(server.url("/")).expect(&format!("size == {CAP}"));
    assert_up(&run_with(&capped(), &flow([step(), step()]), &[]).await);
    assert_eq!(server.came().iter().map(|came| came.connection).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test]
async fn a_body_of_just_the_cap_is_whole() {
    let server = web(|_| reply(200, &[], vec![b'x'; CAP])).await;
    let step = || get(server.url("/")).expect(&format!("size == {CAP}"));
    assert_up(&run_with(&capped(), &flow([step(), step()]), &[]).await);
    assert_eq!(server.came()[1].connection, 1);
}

#[tokio::test]
async fn a_body_that_never_ends_is_read_to_the_cap() {
    let mut endless = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..20 {
        endless.extend_from_slice(b"400\r\n");
        endless.extend_from_slice(&[b'x'; 0x400]);
        endless.extend_from_slice(b"\r\n");
    }
    let server = says(endless, Then::Hang).await;
    assert_up(&run_with(&capped(), &flow([get(server.url("/"))]), &[]).await);
}

#[tokio::test]
async fn what_was_cut_by_the_cap_while_compressed_is_no_failure() {
    // Noise does not shrink: what is packed is longer than the cap, too.
    let mut seed = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        seed.to_be_bytes()[0]
    })
    .take(3 * CAP)
    .collect();
    for (encoding, packed) in [("gzip", gzip(&noise)), ("br", brotli(&noise))] {
        assert!(packed.len() > 2 * CAP);
        let server = web(move |_| reply(200, &[("content-encoding", encoding)], packed.clone())).await;
        assert_up(&run_with(&capped(), &flow([get(server.url("/"))]), &[]).await);
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_down() {
    let packed = gzip(b"what was said, at some length, so that it can be cut");
    let cut = packed[..packed.len() - 12].to_vec();
    let mut head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", cut.len()).into_bytes();
    head.extend_from_slice(&cut);
    for (answer, then, because) in [
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".to_vec(),
            Then::Close,
            "the answer broke off after 4 bytes of its body",
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n".to_vec(),
            Then::Close,
            "the answer broke off after 0 bytes of its body",
        ),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n".to_vec(),
            Then::Close,
            "the answer broke off after 4 bytes of its body",
        ),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_vec(),
            Then::Close,
            "the answer broke off after 0 bytes of its body",
        ),
        (head, Then::Close, "the answer broke off within its `gzip` encoding"),
    ] {
        let server = says(answer, then).await;
        let done = run(&flow([get(server.url("/"))])).await;
        assert_down(&done, because);
    }
}

#[tokio::test]
async fn a_body_that_ends_with_the_connection_is_whole() {
    let server = says("HTTP/1.1 200 OK\r\n\r\nall of it", Then::Close).await;
    assert_up(&run(&flow([get(server.url("/")).expect("body == \"all of it\"")])).await);
}

#[tokio::test]
async fn an_encoding_that_is_unknown_or_untrue_is_down() {
    for (encoding, because) in [
        ("zstd", "the answer is encoded as `zstd`, which is not gzip, deflate or br"),
        ("gzip", "the answer is not the `gzip` that it says it is"),
        ("br", "`br`"),
        ("gzip, gzip, gzip, gzip", "encoded 4 times over"),
    ] {
        let server =
            web(move |_| reply(200, &[("content-encoding", encoding)], "this is no such thing at all, whatever it says")).await;
        assert_down(&run(&flow([get(server.url("/"))])).await, because);
    }
}

#[tokio::test]
async fn an_answer_without_a_body_needs_no_decoding() {
    let server = web(|_| reply(200, &[("content-encoding", "gzip")], "")).await;
    assert_up(&run(&flow([http("HEAD", server.url("/")), get(server.url("/")).expect("size == 0")])).await);
}
