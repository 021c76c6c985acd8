//! How are the answers of a name server written?
//!
//! As zone files have them (RFC 1035 §5), one to a line, names in lower case and with their
//! last dot, so that an expectation can be written down. They are sorted, because servers
//! turn their order.

use hickory_resolver::proto::rr::rdata::TXT;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

/// The answers of this type, sorted: addresses and what begins with numbers by number.
pub(super) fn lines(answers: &[Record], wanted: RecordType) -> Vec<String> {
    let mut records: Vec<&RData> =
        answers.iter().filter(|record| record.record_type() == wanted).map(|record| &record.data).collect();
    records.sort_by_cached_key(|data| (numbers(data), line(data)));
    let mut lines: Vec<String> = records.into_iter().map(line).collect();
    lines.dedup();
    lines
}

/// What is sorted by before the text.
fn numbers(data: &RData) -> u128 {
    match data {
        RData::A(ip) => u128::from(u32::from(ip.0)),
        RData::AAAA(ip) => u128::from(ip.0),
        RData::MX(mx) => u128::from(mx.preference),
        RData::SRV(srv) => (u128::from(srv.priority) << 32) | (u128::from(srv.weight) << 16) | u128::from(srv.port),
        _ => 0,
    }
}

fn line(data: &RData) -> String {
    match data {
        RData::CNAME(to) => name(&to.0),
        RData::NS(to) => name(&to.0),
        RData::PTR(to) => name(&to.0),
        RData::MX(mx) => format!("{} {}", mx.preference, name(&mx.exchange)),
        RData::SRV(srv) => format!("{} {} {} {}", srv.priority, srv.weight, srv.port, name(&srv.target)),
        RData::SOA(soa) => format!(
            "{} {} {} {} {} {} {}",
            name(&soa.mname),
            name(&soa.rname),
            soa.serial,
            soa.refresh,
            soa.retry,
            soa.expire,
            soa.minimum
        ),
        RData::TXT(txt) => text(txt),
        RData::CAA(caa) => format!("{} {} \"{}\"", caa.flags(), caa.tag, on_one_line(&caa.value)),
        // Addresses, and what its own type writes well.
        other => other.to_string(),
    }
}

fn name(name: &Name) -> String {
    name.to_lowercase().to_ascii()
}

/// The strings of a TXT record, joined as those who read them join them (RFC 7208 §3.3).
fn text(txt: &TXT) -> String {
    let joined: Vec<u8> = txt.txt_data.iter().flat_map(|part| part.iter().copied()).collect();
    on_one_line(&joined)
}

/// Bytes from outside as text: a line break in them would begin another answer.
fn on_one_line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\n', "\\n").replace('\r', "\\r")
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use hickory_resolver::proto::rr::rdata::{A, CAA, CNAME, MX, NS, SOA, SRV};
    use proptest::prelude::*;

    use super::*;

    fn called(name: &str) -> Name {
        Name::from_str(name).unwrap()
    }

    fn check(wanted: RecordType, data: Vec<RData>, expected: &[&str]) {
        let records: Vec<Record> = data.into_iter().map(|data| Record::from_rdata(called("example.com."), 60, data)).collect();
        assert_eq!(lines(&records, wanted), expected);
    }

    #[test]
    fn each_type_is_written_as_zone_files_have_it() {
        let mx = |preference, to| RData::MX(MX::new(preference, called(to)));
        check(
            RecordType::MX,
            vec![mx(20, "b.example.com."), mx(10, "Mail.Example.com."), mx(9, "z.example.com.")],
            &["9 z.example.com.", "10 mail.example.com.", "20 b.example.com."],
        );
        check(
            RecordType::A,
            ["192.0.2.10", "192.0.2.9", "192.0.2.9"].iter().map(|ip| RData::A(A(ip.parse().unwrap()))).collect(),
            &["192.0.2.9", "192.0.2.10"],
        );
        let txt = TXT::new(vec!["v=spf1 include:".to_owned(), "a.example -all".to_owned()]);
        check(RecordType::TXT, vec![RData::TXT(txt)], &["v=spf1 include:a.example -all"]);
        check(RecordType::TXT, vec![RData::TXT(TXT::new(vec!["a\nb".to_owned()]))], &["a\\nb"]);
        check(RecordType::SRV, vec![RData::SRV(SRV::new(1, 2, 443, called("s.example.com.")))], &["1 2 443 s.example.com."]);
        check(RecordType::NS, vec![RData::NS(NS(called("NS1.example.com.")))], &["ns1.example.com."]);
        let soa = SOA::new(called("ns.example.com."), called("admin.example.com."), 7, 1, 2, 3, 4);
        check(RecordType::SOA, vec![RData::SOA(soa)], &["ns.example.com. admin.example.com. 7 1 2 3 4"]);
        let caa = CAA::new_issue(false, Some(called("letsencrypt.org")), Vec::new());
        check(RecordType::CAA, vec![RData::CAA(caa)], &["0 issue \"letsencrypt.org\""]);
    }

    #[test]
    fn an_alias_on_the_way_is_no_answer_to_another_question() {
        let alias = RData::CNAME(CNAME(called("web.example.net.")));
        let address = RData::A(A("192.0.2.9".parse().unwrap()));
        check(RecordType::A, vec![alias.clone(), address.clone()], &["192.0.2.9"]);
        check(RecordType::CNAME, vec![alias, address], &["web.example.net."]);
    }

    proptest! {
        #[test]
        fn the_order_in_which_a_server_gives_them_does_not_matter(
            mut ips in prop::collection::vec(any::<u32>(), 0..8),
            seed: u64,
        ) {
            let records = |ips: &[u32]| ips.iter().map(|ip| Record::from_rdata(called("a."), 60, RData::A(A((*ip).into())))).collect::<Vec<_>>();
            let first = lines(&records(&ips), RecordType::A);
            ips.sort_by_key(|ip| u64::from(*ip).wrapping_mul(seed | 1));
            prop_assert_eq!(lines(&records(&ips), RecordType::A), first);
        }
    }
}
