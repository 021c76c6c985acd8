//! Questions to name servers.

use std::net::SocketAddr;
use std::str::FromStr as _;
use std::sync::Arc;

use domain::probe::flow::DnsStep;
use domain::probe::{Flow, StepKind};
use domain::span::Span;
use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, CNAME, MX, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record};
use probing::{Engine, Options};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};

use super::{alone, dns, only, taken};
use crate::flows::{assert_down, assert_up, run, run_with};

/// What a name server says.
#[derive(Clone)]
pub(crate) enum Says {
    Records(Vec<RData>),
    Code(ResponseCode),
    /// That the answer is too long, over UDP; over TCP these.
    TooLong(Vec<RData>),
    /// First what answers another question, then these.
    AfterForgery(Vec<RData>),
    /// What is no message.
    Garbage,
    Nothing,
}

fn name(text: &str) -> Name {
    Name::from_str(text).unwrap()
}

fn a(ip: &str) -> RData {
    RData::A(A(ip.parse().unwrap()))
}

/// These addresses.
pub(crate) fn records(ips: &[&str]) -> Says {
    Says::Records(ips.iter().map(|ip| a(ip)).collect())
}

fn message(asked: &Message, records: &[RData], code: ResponseCode) -> Message {
    let query = asked.queries[0].clone();
    let mut message = Message::response(asked.metadata.id, OpCode::Query);
    message.metadata.response_code = code;
    for data in records {
        message.add_answer(Record::from_rdata(query.name().clone(), 60, data.clone()));
    }
    message.add_query(query);
    message
}

/// A server over UDP and TCP.
pub(crate) async fn server(says: Says) -> SocketAddr {
    let (udp, tcp) = loop {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        // The same port may be taken for TCP.
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
            break (udp, tcp);
        }
    };
    let address = udp.local_addr().unwrap();
    let says = Arc::new(says);
    let said = Arc::clone(&says);
    tokio::spawn(async move {
        let mut buffer = [0; 1500];
        loop {
            let (n, from) = udp.recv_from(&mut buffer).await.unwrap();
            let asked = Message::from_vec(&buffer[..n]).unwrap();
            let answers = match &*said {
                Says::Records(records) => vec![message(&asked, records, ResponseCode::NoError).to_vec().unwrap()],
                Says::Code(code) => vec![message(&asked, &[], *code).to_vec().unwrap()],
                Says::TooLong(_) => {
                    let mut answer = message(&asked, &[], ResponseCode::NoError);
                    answer.metadata.truncation = true;
                    vec![answer.to_vec().unwrap()]
                }
                Says::AfterForgery(records) => {
                    let mut forged = message(&asked, &[a("192.0.2.66")], ResponseCode::NoError);
                    forged.metadata.id = asked.metadata.id.wrapping_add(1);
                    let real = message(&asked, records, ResponseCode::NoError);
                    vec![forged.to_vec().unwrap(), real.to_vec().unwrap()]
                }
                Says::Garbage => {
                    let mut garbage = asked.metadata.id.to_be_bytes().to_vec();
                    garbage.extend_from_slice(b"garbage");
                    vec![garbage]
                }
                Says::Nothing => Vec::new(),
            };
            for answer in answers {
                udp.send_to(&answer, from).await.unwrap();
            }
        }
    });
    tokio::spawn(async move {
        let (mut stream, _) = tcp.accept().await.unwrap();
        let mut asked = vec![0; usize::from(stream.read_u16().await.unwrap())];
        stream.read_exact(&mut asked).await.unwrap();
        let Says::TooLong(records) = &*says else { panic!("nobody should ask over TCP") };
        let answer = message(&Message::from_vec(&asked).unwrap(), records, ResponseCode::NoError).to_vec().unwrap();
        stream.write_u16(answer.len().try_into().unwrap()).await.unwrap();
        stream.write_all(&answer).await.unwrap();
        std::future::pending::<()>().await;
    });
    address
}

async fn asked(record: &str, says: Says, expect: &[&str]) -> probing::Done {
    let address = server(says).await;
    taken(StepKind::Dns(dns("shop.example.com", record, address)), expect).await
}

#[tokio::test]
async fn the_answers_are_the_lines_of_the_body_in_one_order() {
    let mx = |preference, to| RData::MX(MX::new(preference, name(to)));
    let both = vec![mx(20, "B.example.com."), mx(10, "mail.example.com.")];
    let done = asked("MX", Says::Records(both), &["body == '10 mail.example.com.\n20 b.example.com.'"]).await;
    assert_up(&done);
    let phases = only(&done).phases_ms;
    assert!(phases.ttfb.is_some() && phases.connect.is_none(), "{phases:?}");
    let txt = TXT::new(vec!["v=spf1 ".to_owned(), "-all".to_owned()]);
    assert_up(&asked("TXT", Says::Records(vec![RData::TXT(txt)]), &["body == 'v=spf1 -all'"]).await);
}

#[tokio::test]
async fn an_alias_is_followed_by_its_addresses() {
    let alias = || RData::CNAME(CNAME(name("web.example.net.")));
    assert_up(&asked("A", Says::Records(vec![alias(), a("192.0.2.9")]), &["body == '192.0.2.9'"]).await);
    assert_down(&asked("A", Says::Records(vec![alias()]), &[]).await, "only that it is an alias (web.example.net.)");
}

#[tokio::test]
async fn each_way_of_not_answering_is_a_sentence_of_its_own() {
    let rows = [
        (Says::Code(ResponseCode::NXDomain), "there is no name shop.example.com., says 127.0.0.1:"),
        (Says::Code(ResponseCode::ServFail), "could not find out about shop.example.com. (SERVFAIL)"),
        (Says::Code(ResponseCode::Refused), "refused to answer for shop.example.com. (REFUSED)"),
        (Says::Code(ResponseCode::NoError), "shop.example.com. exists, but has no A records"),
        (Says::Code(ResponseCode::NotImp), "to the question for the A records of shop.example.com."),
        (Says::Garbage, "sent over UDP what is no answer"),
    ];
    for (says, because) in rows {
        assert_down(&asked("A", says, &[]).await, because);
    }
}

#[tokio::test]
async fn a_server_that_is_silent_is_named() {
    let address = server(Says::Nothing).await;
    let mut flow = alone(StepKind::Dns(dns("shop.example.com", "A", address)), &[]);
    flow.steps[0].timeout = Span::millis(150);
    assert_down(&run(&flow).await, &format!("{address} did not answer over UDP in time"));
}

#[tokio::test]
async fn an_answer_that_is_too_long_for_udp_is_asked_for_over_tcp() {
    let many: Vec<RData> = (1..=200).map(|n| a(&format!("192.0.2.{n}"))).collect();
    let done = asked("A", Says::TooLong(many), &["body contains '192.0.2.200'", "body matches '^192.0.2.1\n192.0.2.2\n'"]).await;
    assert_up(&done);
}

#[tokio::test]
async fn an_answer_to_another_question_is_not_believed() {
    let says = Says::AfterForgery(vec![a("192.0.2.9")]);
    assert_up(&asked("A", says, &["body == '192.0.2.9'"]).await);
}

#[tokio::test]
async fn without_a_resolver_those_of_the_engine_are_asked_and_need_no_leave() {
    let address = server(Says::Records(vec![a("192.0.2.9")])).await;
    let engine = Engine::new(Options { resolver: Some(address), ..Options::default() }).unwrap();
    let kind = StepKind::Dns(DnsStep { resolver: None, ..dns("shop.example.com", "A", "") });
    let flow = Flow { allow_cidrs: Vec::new(), ..alone(kind, &["body == '192.0.2.9'"]) };
    assert_up(&run_with(&engine, &flow, &[]).await);
}

#[tokio::test]
async fn what_cannot_be_asked_is_said_before_it_is() {
    let rows = [
        (dns("shop..example.com", "A", "127.0.0.1:53"), "is no name that can be asked for"),
        (dns("shop.example.com", "ADDRESS", "127.0.0.1:53"), "`ADDRESS` is no type of records"),
        (dns("shop.example.com", "A", "dns.example.com:53"), "`dns.example.com:53` is no name server"),
    ];
    for (step, because) in rows {
        assert_down(&taken(StepKind::Dns(step), &[]).await, because);
    }
}
