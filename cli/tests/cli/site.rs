//! A site on loopback for flows to go to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How long the site takes over `/slow`.
const SLOW: Duration = Duration::from_millis(40);

/// A site that answers by the path that it is asked for:
///
/// | Path | Answer |
/// |---|---|
/// | `/token` | the secret token `t0ps3cret`, and a cookie |
/// | `/orders` | 201 with the order's number, or 401 without the token |
/// | `/slow` | 200, after [`SLOW`] |
/// | `/broken` | 500, with whatever was sent |
/// | `/page?to=PATH` | a redirect |
/// | any other | 200 |
pub(crate) struct Site {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Site {
    pub(crate) async fn new() -> Site {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer_all(stream, Arc::clone(&all)));
            }
        });
        Site { address, asked }
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// What it was asked for: method, path and header fields of each request.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no test panicked with it").clone()
    }
}

/// A port on loopback at which nobody listens.
pub(crate) async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    listener.local_addr().expect("an address").to_string()
}

async fn answer_all(mut stream: TcpStream, asked: Arc<Mutex<Vec<String>>>) {
    let mut bytes = Vec::new();
    loop {
        let head = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break bytes.drain(..end + 4).collect::<Vec<u8>>();
            }
            if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        };
        let head = String::from_utf8_lossy(&head).into_owned();
        let length = header(&head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        while bytes.len() < length {
            if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let body = String::from_utf8_lossy(&bytes.drain(..length).collect::<Vec<u8>>()).into_owned();
        asked.lock().expect("no test panicked with it").push(head.clone());
        let path = head.split_whitespace().nth(1).unwrap_or_default().to_owned();
        if path == "/slow" {
            tokio::time::sleep(SLOW).await;
        }
        if stream.write_all(answer(&path, &head, &body).as_bytes()).await.is_err() {
            return;
        }
    }
}

fn answer(path: &str, head: &str, body: &str) -> String {
    let (status, more, body) = match path {
        "/token" => ("200 OK", "Set-Cookie: sid=s3ss10n; Path=/; HttpOnly\r\n", r#"{"access_token": "t0ps3cret"}"#.to_owned()),
        "/orders" if head.contains("Bearer t0ps3cret") => ("201 Created", "", r#"{"id": 42, "state": "open"}"#.to_owned()),
        "/orders" => ("401 Unauthorized", "", r#"{"error": "who are you?"}"#.to_owned()),
        "/broken" => {
            ("500 Internal Server Error", "", format!("the database is \u{1b}[31mgone\u{202e}; it was sent {body} with {head}"))
        }
        _ => match path.strip_prefix("/page?to=") {
            Some(to) => return format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"),
            None => ("200 OK", "", "fine".to_owned()),
        },
    };
    format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{more}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// The value of a header field.
pub(crate) fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}
