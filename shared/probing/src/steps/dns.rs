//! What does a name server answer?
//!
//! One question is asked of one server, so that it is known who answered: there is no
//! cache, no list of domains to search and no file of hosts. Over UDP, and over TCP if the
//! answer is too long for that.

mod lines;

use std::net::SocketAddr;
use std::str::FromStr as _;
use std::time::Duration;

use domain::probe::Seen;
use domain::probe::flow::DnsStep;
use futures_util::StreamExt as _;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::tcp::TcpClientStream;
use hickory_resolver::net::udp::UdpClientStream;
use hickory_resolver::net::xfer::{DnsHandle as _, DnsRequestSender as _};
use hickory_resolver::proto::op::{DnsRequest, DnsRequestOptions, DnsResponse, Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RecordType};
use tokio::time::Instant;

use crate::failed::{Failed, causes};
use crate::journey::{Counts, Journey};
use crate::watch::Part;

/// The port of name servers.
const PORT: u16 = 53;
/// What is left of a step's time for saying that a server was silent.
const MARGIN: Duration = Duration::from_millis(50);
/// Longest that one of the system's name servers is waited for while there is another.
const NEXT_SERVER_AFTER: Duration = Duration::from_secs(2);

/// Takes the step.
///
/// # Errors
/// Why it came to no answer.
pub(super) async fn take(step: &DnsStep, with: &mut Journey<'_>) -> Result<Seen, Failed> {
    let text = with.fill(&step.name)?;
    let question = Question::read(&text, &step.record)?;
    let servers = match &step.resolver {
        Some(resolver) => vec![chosen(&with.fill(resolver)?, with)?],
        // Those of the system are not the flow's choice: they are not guarded.
        None => with.dialer.name_servers().to_vec(),
    };
    with.watch.enter(Part::FirstByte);
    let mut silent = Failed::new("the system has no name server; name one as the step's `resolver`");
    for (at, server) in servers.iter().enumerate() {
        let left = with.limit.saturating_duration_since(Instant::now()).saturating_sub(MARGIN);
        let patience = if at + 1 < servers.len() { left.min(NEXT_SERVER_AFTER) } else { left };
        match question.ask(*server, patience).await {
            Ok(answer) => {
                with.watch.stop_at(Instant::now());
                return Ok(question.seen(&answer, *server, with));
            }
            Err(why) => silent = Failed::network(why),
        }
    }
    Err(silent)
}

/// The server that a step names, if the flow may go there.
fn chosen(text: &str, with: &Journey<'_>) -> Result<SocketAddr, Failed> {
    let bare = |text: &str| text.trim_matches(['[', ']']).parse().ok().map(|ip| SocketAddr::new(ip, PORT));
    let server = text.parse().ok().or_else(|| bare(text)).ok_or_else(|| {
        Failed::new(format!(
            "`{text}` is no name server: write `address:port`, such as `1.1.1.1:53` or `[2606:4700:4700::1111]:53`"
        ))
    })?;
    with.guard.check(server.ip()).map_err(|kind| {
        let ip = server.ip();
        Failed::new(format!("{ip} is {kind}: not asked; list its network under `allow_cidrs` if the flow may go there"))
    })?;
    Ok(server)
}

/// What is asked.
struct Question {
    name: Name,
    record: RecordType,
}

impl Question {
    fn read(name: &str, record: &str) -> Result<Question, Failed> {
        let mut parsed =
            Name::from_str(name).map_err(|error| Failed::new(format!("`{name}` is no name that can be asked for: {error}")))?;
        parsed.set_fqdn(true);
        let record = RecordType::from_str(record).map_err(|_| Failed::new(format!("`{record}` is no type of records")))?;
        Ok(Question { name: parsed, record })
    }

    fn request(&self) -> DnsRequest {
        DnsRequest::from_query(Query::query(self.name.clone(), self.record), DnsRequestOptions::default())
    }

    /// Asks a server for as long as `patience`.
    async fn ask(&self, server: SocketAddr, patience: Duration) -> Result<DnsResponse, String> {
        let until = Instant::now() + patience;
        let mut udp = UdpClientStream::builder(server, TokioRuntimeProvider::default())
            .with_timeout(Some(patience))
            .with_os_port_selection(true)
            .build();
        let answer = answered(udp.send_message(self.request()).next().await, server, "UDP")?;
        if !answer.metadata.truncation {
            return Ok(answer);
        }
        // What reads the connection runs for as long as there is somebody who provides for it.
        let provider = TokioRuntimeProvider::default();
        let over_tcp = async {
            let connected = TcpClientStream::exchange(server, None, patience, None, provider.clone()).await;
            match connected {
                Ok(exchange) => exchange.send(self.request()).next().await,
                Err(error) => Some(Err(error)),
            }
        };
        answered(tokio::time::timeout_at(until, over_tcp).await.unwrap_or(None), server, "TCP")
            .map_err(|why| format!("the answer is too long for UDP, and over TCP {why}"))
    }

    /// What a server answered, with what is wrong with it.
    fn seen(&self, answer: &DnsResponse, server: SocketAddr, with: &mut Journey<'_>) -> Seen {
        let lines = lines::lines(&answer.answers, self.record);
        if let Some(because) = self.complaint(answer, server, lines.is_empty()) {
            with.blame(because, Counts::Always);
        }
        let mut body = lines.join("\n").into_bytes();
        let size = body.len();
        body.truncate(with.body_max);
        Seen { is_cut: size > body.len(), size: size as u64, body, ..Seen::default() }
    }

    fn complaint(&self, answer: &DnsResponse, server: SocketAddr, is_empty: bool) -> Option<String> {
        let (name, record) = (self.name.to_utf8(), self.record);
        Some(match answer.metadata.response_code {
            ResponseCode::NoError if !is_empty => return None,
            ResponseCode::NoError if !answer.answers.is_empty() => {
                let alias = lines::lines(&answer.answers, RecordType::CNAME);
                format!("{name} has no {record} records: {server} answered only that it is an alias ({})", alias.join(", "))
            }
            ResponseCode::NoError => format!("{name} exists, but has no {record} records, says {server}"),
            ResponseCode::NXDomain => format!("there is no name {name}, says {server} (NXDOMAIN)"),
            ResponseCode::ServFail => {
                format!(
                    "{server} could not find out about {name} (SERVFAIL): the name servers of its zone fail, or DNSSEC does not verify"
                )
            }
            ResponseCode::Refused => {
                format!("{server} refused to answer for {name} (REFUSED): it does not serve this zone, or not us")
            }
            code => format!("{server} answered `{code}` to the question for the {record} records of {name}"),
        })
    }
}

/// The answer, or what became of it, as a sentence about the server.
fn answered(came: Option<Result<DnsResponse, NetError>>, server: SocketAddr, over: &str) -> Result<DnsResponse, String> {
    match came {
        Some(Ok(answer)) => Ok(answer),
        None | Some(Err(NetError::Timeout)) => Err(format!("{server} did not answer over {over} in time")),
        Some(Err(NetError::Io(error))) => Err(format!("{server} could not be asked over {over}: {error}")),
        Some(Err(NetError::Proto(error))) => Err(format!("{server} sent over {over} what is no answer: {}", causes(&error))),
        Some(Err(error)) => Err(format!("{server} gave no answer over {over}: {}", causes(&error))),
    }
}
