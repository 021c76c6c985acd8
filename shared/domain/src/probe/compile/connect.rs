//! Is a step right that connects, asks a name server, or speaks another language than
//! HTTP?

use std::net::IpAddr;

use super::scope::Scope;
use super::step::Surroundings;
use super::{Reader, address};
use crate::policy::unknown;
use crate::probe::flow::{DnsStep, GrpcStep, TcpStep, TlsStep, WebSocketStep};
use crate::probe::source::StepSource;
use crate::probe::template::Template;

/// The types of records that can be asked for.
const RECORDS: [&str; 10] = ["A", "AAAA", "CNAME", "MX", "NS", "TXT", "SRV", "CAA", "SOA", "PTR"];
/// Most that is sent over a connection, in bytes, as the file has it.
const SEND_MAX: usize = 16 * 1024;

impl Reader<'_> {
    pub(super) fn tcp(&mut self, source: &StepSource, path: &str, scope: &Scope<'_>) -> TcpStep {
        let address = self.host_and_port(source.tcp.as_ref(), &format!("{path}.tcp"), None, scope);
        let send = self.sent(source, path, scope);
        TcpStep { address, read: source.read.unwrap_or(send.is_some()), send }
    }

    pub(super) fn tls(&mut self, source: &StepSource, path: &str, scope: &Scope<'_>) -> TlsStep {
        let address = self.host_and_port(source.tls.as_ref(), &format!("{path}.tls"), Some(":443"), scope);
        let place = format!("{path}.server_name");
        let server_name = self.some_template(source.server_name.as_ref(), &place, scope);
        if let Some(name) = &server_name {
            self.noted(address::dns_name(name, scope), &place);
        }
        TlsStep { address, server_name }
    }

    pub(super) fn dns(&mut self, source: &StepSource, path: &str, scope: &Scope<'_>) -> DnsStep {
        let record = source.record.as_deref().unwrap_or("A").to_ascii_uppercase();
        if !RECORDS.contains(&record.as_str()) {
            self.problem(format!("{path}.type"), unknown("type of records", &record, RECORDS));
        }
        let place = format!("{path}.dns");
        let given = source.dns.as_deref().unwrap_or_default();
        let text = given.parse::<IpAddr>().ok().filter(|_| record == "PTR").map_or_else(|| given.to_owned(), reverse);
        let n_before = self.problems.len();
        let name = self.template(&text, &place, scope);
        if self.problems.len() == n_before {
            self.noted(address::dns_name(&name, scope), &place);
        }
        let resolver = source.resolver.as_ref().and_then(|text| {
            let address = self.noted(address::resolver(text), &format!("{path}.resolver"))?;
            Template::parse(&address).ok()
        });
        DnsStep { name, record, resolver }
    }

    pub(super) fn websocket(
        &mut self,
        source: &StepSource,
        path: &str,
        around: &Surroundings,
        scope: &Scope<'_>,
    ) -> WebSocketStep {
        let url = source.websocket.as_deref().unwrap_or_default();
        let url = self.url(url, &format!("{path}.websocket"), &["ws", "wss"], scope);
        let own = self.headers(&source.headers, &format!("{path}.headers"), scope);
        WebSocketStep { url, headers: super::http::over(&around.headers, &own), send: self.sent(source, path, scope) }
    }

    pub(super) fn grpc(&mut self, source: &StepSource, path: &str, around: &Surroundings, scope: &Scope<'_>) -> GrpcStep {
        let url = self.url(source.grpc.as_deref().unwrap_or_default(), &format!("{path}.grpc"), &["http", "https"], scope);
        let own = self.headers(&source.headers, &format!("{path}.headers"), scope);
        let service = self.some_template(source.service.as_ref(), &format!("{path}.service"), scope);
        GrpcStep { url, service, headers: super::http::over(&around.headers, &own) }
    }

    fn host_and_port(&mut self, text: Option<&String>, path: &str, port: Option<&str>, scope: &Scope<'_>) -> Template {
        let n_before = self.problems.len();
        let mut address = self.template(text.map_or("", String::as_str), path, scope);
        if let Some(port) = port.filter(|_| !address::has_port(&address)) {
            address.push(port);
        }
        if self.problems.len() == n_before {
            self.noted(address::host_and_port(&address, scope), path);
        }
        address
    }

    fn sent(&mut self, source: &StepSource, path: &str, scope: &Scope<'_>) -> Option<Template> {
        let text = source.send.as_ref()?;
        let path = format!("{path}.send");
        if text.len() > SEND_MAX {
            self.refusal(&path, format!("{} bytes are too many to send in each run; write at most {SEND_MAX}", text.len()));
        }
        Some(self.template(text, &path, scope))
    }
}

/// The name under which it stands which name an address has.
fn reverse(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(address) => {
            let digits = address.octets().into_iter().rev().flat_map(|octet| [octet & 15, octet >> 4]);
            let labels: Vec<String> = digits.map(|digit| format!("{digit:x}")).collect();
            labels.join(".") + ".ip6.arpa"
        }
    }
}
