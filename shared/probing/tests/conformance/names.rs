//! A name server on loopback that answers as it is told.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
use hickory_resolver::proto::rr::{RData, Record, RecordType};
use probing::{Engine, Options};
use tokio::net::UdpSocket;

/// What a name server says to a question for an IPv4 address. Of IPv6 it knows nothing.
#[derive(Debug, Clone)]
pub(crate) enum Says {
    Addresses(Vec<IpAddr>),
    Code(ResponseCode),
    Nothing,
}

/// These addresses.
pub(crate) fn addresses(list: &[&str]) -> Says {
    Says::Addresses(list.iter().map(|text| text.parse().unwrap()).collect())
}

pub(crate) struct NameServer {
    pub(crate) address: SocketAddr,
    n_asked: Arc<AtomicUsize>,
}

impl NameServer {
    /// How often it was asked for an IPv4 address.
    pub(crate) fn n_asked(&self) -> usize {
        self.n_asked.load(Ordering::SeqCst)
    }

    /// An engine that asks it.
    pub(crate) fn engine(&self) -> Engine {
        Engine::new(Options { resolver: Some(self.address), ..Options::default() }).unwrap()
    }
}

/// A name server. `answer` gets the name and how often it was asked before.
pub(crate) async fn name_server(answer: impl Fn(&str, usize) -> Says + Send + 'static) -> NameServer {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let n_asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&n_asked);
    tokio::spawn(async move {
        let mut buffer = [0; 1_500];
        loop {
            let (n, from) = socket.recv_from(&mut buffer).await.unwrap();
            let asked = Message::from_vec(&buffer[..n]).unwrap();
            let query = asked.queries[0].clone();
            let name = query.name().to_string();
            let says = match query.query_type() {
                RecordType::A => answer(name.trim_end_matches('.'), counted.fetch_add(1, Ordering::SeqCst)),
                _ => match answer(name.trim_end_matches('.'), 0) {
                    Says::Addresses(_) => Says::Addresses(Vec::new()),
                    other => other,
                },
            };
            let mut message = Message::response(asked.metadata.id, OpCode::Query);
            match says {
                Says::Nothing => continue,
                Says::Code(code) => message.metadata.response_code = code,
                Says::Addresses(list) => {
                    for ip in list {
                        message.add_answer(Record::from_rdata(query.name().clone(), 60, RData::from(ip)));
                    }
                }
            }
            message.add_query(query);
            socket.send_to(&message.to_vec().unwrap(), from).await.unwrap();
        }
    });
    NameServer { address, n_asked }
}
