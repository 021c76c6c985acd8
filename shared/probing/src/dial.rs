//! How is a target reached? Its name is resolved, every address judged by the guard, and
//! one of those that were judged is connected to: there is no second lookup that could
//! answer otherwise.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use domain::probe::seen::TlsSeen;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::system_conf::read_system_conf;
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use url::Host;

use crate::failed::{Failed, causes};
use crate::guard::Guard;
use crate::place::Place;
use crate::tls::{TlsAsk, Trust};
use crate::watch::{Part, Watch};

/// How long an address may be silent before the next one is tried beside it (RFC 8305).
const NEXT_ADDRESS_AFTER: Duration = Duration::from_millis(250);
/// Most addresses of a name that are tried.
const ADDRESSES_MAX: usize = 8;
/// Longest that a name server may take for an answer before it is asked again.
const NAME_SERVER_TIMEOUT: Duration = Duration::from_secs(2);

/// Reaches targets. Made once: it holds the resolver's configuration and what to trust.
pub(crate) struct Dialer {
    resolver: TokioResolver,
    name_servers: Vec<SocketAddr>,
    trust: Trust,
}

impl std::fmt::Debug for Dialer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dialer")
    }
}

/// A connection that stands.
#[derive(Debug)]
pub(crate) struct Connection {
    /// What is said and heard on it.
    pub(crate) stream: Stream,
    /// Who is at the other end.
    pub(crate) peer: SocketAddr,
    /// What was seen of TLS, if it is spoken.
    pub(crate) tls: Option<TlsSeen>,
    /// The protocol that was agreed on, such as `h2`, if one was.
    pub(crate) protocol: Option<Vec<u8>>,
}

/// A stream with or without TLS.
#[derive(Debug)]
pub(crate) enum Stream {
    /// Without.
    Plain(TcpStream),
    /// With.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Dialer {
    /// One that asks `resolver`, or the system's name servers, and trusts `roots` besides
    /// the system's certificates.
    ///
    /// # Errors
    /// A sentence when the system's configuration or the certificates cannot be used.
    pub(crate) fn new(resolver: Option<SocketAddr>, roots: Option<&str>) -> Result<Dialer, String> {
        let (resolver, name_servers) = match resolver {
            Some(server) => (resolver_at(server)?, vec![server]),
            None => system_resolver()?,
        };
        Ok(Dialer { resolver, name_servers, trust: Trust::new(roots)? })
    }

    /// The name servers that flows are run with, the first to ask first.
    pub(crate) fn name_servers(&self) -> &[SocketAddr] {
        &self.name_servers
    }

    /// Reaches `place`, and agrees on TLS if that is asked for. `now` is the time of day,
    /// for certificates.
    ///
    /// # Errors
    /// Why it was not reached.
    pub(crate) async fn dial(
        &self,
        place: &Place,
        tls: Option<&TlsAsk>,
        guard: &Guard,
        now: Timestamp,
        watch: &mut Watch,
    ) -> Result<Connection, Failed> {
        let addresses = self.resolve(place, watch).await?;
        let addresses = guarded(place, &addresses, guard)?;
        watch.enter(Part::Connect);
        let (stream, peer) = connect(place, &addresses).await?;
        let Some(ask) = tls else {
            watch.enter(Part::Own);
            return Ok(Connection { stream: Stream::Plain(stream), peer, tls: None, protocol: None });
        };
        watch.enter(Part::Tls);
        let (stream, seen) = self.trust.handshake(stream, ask, now).await?;
        watch.enter(Part::Own);
        let protocol = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
        Ok(Connection { stream: Stream::Tls(Box::new(stream)), peer, tls: Some(seen), protocol })
    }

    /// The addresses of a place; a host that is an address is not looked up.
    async fn resolve(&self, place: &Place, watch: &mut Watch) -> Result<Vec<IpAddr>, Failed> {
        let name = match &place.host {
            Host::Ipv4(ip) => return Ok(vec![IpAddr::V4(*ip)]),
            Host::Ipv6(ip) => return Ok(vec![IpAddr::V6(*ip)]),
            Host::Domain(name) => name,
        };
        watch.enter(Part::Dns);
        let found = self.resolver.lookup_ip(name.as_str()).await;
        watch.enter(Part::Own);
        let found = found.map_err(|error| Failed::network(format!("could not find {name}: {}", not_found(&error))))?;
        Ok(found.iter().collect())
    }
}

/// A resolver that asks the name server at `server`.
///
/// # Errors
/// Why it cannot be used.
fn resolver_at(server: SocketAddr) -> Result<TokioResolver, String> {
    let mut config = NameServerConfig::udp_and_tcp(server.ip());
    for connection in &mut config.connections {
        connection.port = server.port();
    }
    let config = ResolverConfig::from_name_servers(vec![config]);
    built(TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()))
}

/// A resolver that asks the system's name servers, and which these are.
fn system_resolver() -> Result<(TokioResolver, Vec<SocketAddr>), String> {
    let (config, options) = read_system_conf()
        .map_err(|error| format!("the system's name servers cannot be read from /etc/resolv.conf: {}", causes(&error)))?;
    let port = |server: &NameServerConfig| server.connections.first().map(|connection| connection.port);
    let servers = config.name_servers().iter().filter_map(|server| Some(SocketAddr::new(server.ip, port(server)?))).collect();
    let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).with_options(options);
    Ok((built(builder)?, servers))
}

fn built(mut builder: hickory_resolver::ResolverBuilder<TokioRuntimeProvider>) -> Result<TokioResolver, String> {
    let options = builder.options_mut();
    // Every look is a look: an answer that was kept would hide a name that is gone.
    options.cache_size = 0;
    options.timeout = options.timeout.min(NAME_SERVER_TIMEOUT);
    // Where probes run there is often no way for IPv6.
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    builder.build().map_err(|error| format!("the resolver cannot be used: {}", causes(&error)))
}

/// Why a name was not found, as the end of a sentence.
pub(crate) fn not_found(error: &NetError) -> String {
    use hickory_resolver::proto::op::ResponseCode;
    match error {
        NetError::Timeout => "the name server did not answer in time".to_owned(),
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NXDomain => "no such name".to_owned(),
            ResponseCode::NoError => "the name has no address".to_owned(),
            code => format!("the name server answered `{code}`"),
        },
        NetError::Dns(DnsError::ResponseCode(code)) => format!("the name server answered `{code}`"),
        NetError::NoConnections => "no name server could be reached".to_owned(),
        other => causes(other),
    }
}

/// Those of the addresses that may be connected to.
fn guarded(place: &Place, found: &[IpAddr], guard: &Guard) -> Result<Vec<SocketAddr>, Failed> {
    let mut let_through = Vec::new();
    let mut refused = None;
    for &ip in found {
        match guard.check(ip) {
            Ok(()) => let_through.push(SocketAddr::new(ip, place.port)),
            Err(kind) => refused = refused.or(Some((ip, kind))),
        }
    }
    let_through.truncate(ADDRESSES_MAX);
    match (let_through.is_empty(), refused) {
        (true, Some((ip, kind))) => {
            let which = match &place.host {
                Host::Domain(name) => format!("{name} is {ip}, {kind}"),
                Host::Ipv4(_) | Host::Ipv6(_) => format!("{ip} is {kind}"),
            };
            Err(Failed::new(format!("{which}: not connected; list its network under `allow_cidrs` if the flow may go there")))
        }
        (true, None) => Err(Failed::network(format!("could not find {}: the name has no address", place.host))),
        (false, _) => Ok(let_through),
    }
}

/// Connects to the first address that answers. They are tried in turn, the next one beside
/// those that are silent.
async fn connect(place: &Place, addresses: &[SocketAddr]) -> Result<(TcpStream, SocketAddr), Failed> {
    let mut attempts = FuturesUnordered::new();
    let mut next = addresses.iter().copied();
    let mut failures = Vec::new();
    loop {
        if let Some(address) = next.next() {
            attempts.push(async move { (address, TcpStream::connect(address).await) });
        }
        let ended = if next.len() > 0 {
            let Ok(ended) = tokio::time::timeout(NEXT_ADDRESS_AFTER, attempts.next()).await else { continue };
            ended
        } else {
            attempts.next().await
        };
        match ended {
            Some((address, Ok(stream))) => {
                // Requests are written in one go; waiting to fill a packet would be measured.
                let _ = stream.set_nodelay(true);
                return Ok((stream, address));
            }
            Some((address, Err(error))) => failures.push(not_connected(address, &error)),
            None => break,
        }
    }
    let name = if matches!(place.host, Host::Domain(_)) { format!("{}: ", place.host) } else { String::new() };
    Err(Failed::network(format!("{name}{}", failures.join("; "))))
}

fn not_connected(address: SocketAddr, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => format!("connection to {address} refused"),
        io::ErrorKind::ConnectionReset => format!("connection to {address} reset"),
        io::ErrorKind::TimedOut => format!("connection to {address} timed out"),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => format!("there is no way to {address} from here"),
        _ => format!("connection to {address} failed: {error}"),
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
