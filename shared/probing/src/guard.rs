//! May a flow go there? Asked of each address that is about to be connected to.
//!
//! What is not a public unicast address is refused, by the special-purpose registries of
//! IANA (RFC 6890 and its updates), unless the flow lists a network that it is in. An IPv6
//! address that carries an IPv4 address is judged by both.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// The networks that a flow may reach although they are not public.
#[derive(Debug, Clone, Default)]
pub(crate) struct Guard {
    allowed: Vec<IpNet>,
}

impl Guard {
    /// One that lets through `cidrs`, besides what is public. Text that is no network lets
    /// nothing through.
    pub(crate) fn new(cidrs: &[String]) -> Guard {
        let read = |text: &String| text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        Guard { allowed: cidrs.iter().filter_map(read).collect() }
    }

    /// Whether `ip` may be connected to.
    ///
    /// # Errors
    /// What kind of address it is.
    pub(crate) fn check(&self, ip: IpAddr) -> Result<(), &'static str> {
        let Some(kind) = special(ip) else { return Ok(()) };
        let is_listed = |ip: IpAddr| self.allowed.iter().any(|network| network.contains(&ip));
        // `::ffff:10.0.0.1` goes where `10.0.0.1` goes, and may go if that may.
        let same = if let IpAddr::V6(ip) = ip { ip.to_ipv4_mapped() } else { None };
        if is_listed(ip) || same.is_some_and(|ip| is_listed(IpAddr::V4(ip))) { Ok(()) } else { Err(kind) }
    }
}

/// What kind of address it is, unless it is a public one.
fn special(ip: IpAddr) -> Option<&'static str> {
    match ip {
        IpAddr::V4(ip) => special_v4(ip),
        IpAddr::V6(ip) => special_v6(ip),
    }
}

fn special_v4(ip: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, d] = ip.octets();
    Some(match (a, b, c, d) {
        (169, 254, 169, 254) | (169, 254, 170, 2 | 23) => "the address of the metadata service",
        (0, ..) => "an unspecified address",
        (10, ..) | (172, 16..=31, ..) | (192, 168, ..) => "a private address",
        (100, 64..=127, ..) => "an address of a carrier's own network",
        (127, ..) => "a loopback address",
        (169, 254, ..) => "a link-local address",
        (192, 0, 2, _) | (198, 51, 100, _) | (203, 0, 113, _) => "an address for documentation",
        (198, 18..=19, ..) => "an address for benchmarks",
        (224..=239, ..) => "a multicast address",
        (255, 255, 255, 255) => "the broadcast address",
        (192, 88, 99, _) | (192, 0, 0, _) | (240..=255, ..) => "a reserved address",
        _ => return None,
    })
}

fn special_v6(ip: Ipv6Addr) -> Option<&'static str> {
    if ip.is_unspecified() {
        return Some("an unspecified address");
    }
    if ip.is_loopback() {
        return Some("a loopback address");
    }
    let s = ip.segments();
    if s[..7] == [0xfd00, 0x0ec2, 0, 0, 0, 0, 0] && matches!(s[7], 0x0254 | 0x0023) {
        return Some("the address of the metadata service");
    }
    if s[0] == 0x2001 && s[1] == 0 {
        // Teredo: the server's address, and the client's with its bits turned over.
        let (server, client) = (v4(s[2], s[3]), v4(!s[6], !s[7]));
        return special_v4(server).or_else(|| special_v4(client));
    }
    match embedded(s) {
        Some(inner) => return special_v4(inner),
        None if s[..6] == [0; 6] => return Some("a reserved address"),
        None => {}
    }
    let kind = match (s[0], s[1]) {
        (0xfc00..=0xfdff, _) => "a unique local address",
        (0xfe80..=0xfebf, _) => "a link-local address",
        (0xfec0..=0xfeff, _) => "a site-local address",
        (0xff00..=0xffff, _) => "a multicast address",
        (0x2001, 0x0db8) | (0x3fff, 0..=0x0fff) => "an address for documentation",
        (0x2001, 0x0002) => "an address for benchmarks",
        // 2001::/23 is for protocols; what of it is public stands in no flow.
        (0x2001, 0..=0x01ff) => "a reserved address",
        // Only 2000::/3 has been given out.
        (0x2000..=0x3fff, _) => return None,
        _ => "a reserved address",
    };
    Some(kind)
}

/// The IPv4 address that an IPv6 address leads to: mapped, compatible (deprecated),
/// translated (RFC 2765), NAT64 (RFC 6052) and 6to4.
fn embedded(s: [u16; 8]) -> Option<Ipv4Addr> {
    match s {
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x0064, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => Some(v4(high, low)),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(v4(high, low)),
        _ => None,
    }
}

fn v4(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_public_addresses_are_let_through() {
        let guard = Guard::default();
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450:4001:82a::200e",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
        ] {
            assert_eq!(guard.check(ip(text)), Ok(()), "{text}");
        }
    }

    #[test]
    fn every_other_address_is_refused_with_its_kind() {
        for (text, kind) in [
            ("0.0.0.0", "unspecified"),
            ("0.1.2.3", "unspecified"),
            ("10.0.0.0", "private"),
            ("10.255.255.255", "private"),
            ("100.64.0.0", "carrier"),
            ("100.127.255.255", "carrier"),
            ("127.0.0.1", "loopback"),
            ("127.255.255.255", "loopback"),
            ("169.254.0.1", "link-local"),
            ("169.254.169.254", "metadata"),
            ("169.254.170.2", "metadata"),
            ("172.16.0.0", "private"),
            ("172.31.255.255", "private"),
            ("192.0.0.8", "reserved"),
            ("192.0.2.1", "documentation"),
            ("192.88.99.1", "reserved"),
            ("192.168.255.1", "private"),
            ("198.18.0.1", "benchmarks"),
            ("198.19.255.255", "benchmarks"),
            ("198.51.100.7", "documentation"),
            ("203.0.113.7", "documentation"),
            ("224.0.0.1", "multicast"),
            ("239.255.255.255", "multicast"),
            ("240.0.0.1", "reserved"),
            ("255.255.255.255", "broadcast"),
            ("::", "unspecified"),
            ("::1", "loopback"),
            ("::2", "reserved"),
            ("::10.0.0.1", "private"),
            ("::ffff:127.0.0.1", "loopback"),
            ("::ffff:169.254.169.254", "metadata"),
            ("::ffff:0:10.0.0.1", "private"),
            ("64:ff9b::10.0.0.1", "private"),
            ("64:ff9b::a9fe:a9fe", "metadata"),
            ("64:ff9b:1::1", "reserved"),
            ("100::1", "reserved"),
            ("2002:a00:1::1", "private"),
            ("2002:7f00:1::", "loopback"),
            ("2001:0:a00:1::", "private"),
            // The client of this Teredo address is 10.0.0.1, its server 8.8.8.8.
            ("2001:0:808:808:0:0:f5ff:fffe", "private"),
            ("2001:2::1", "benchmarks"),
            ("2001:10::1", "reserved"),
            ("2001:db8::1", "documentation"),
            ("3fff::1", "documentation"),
            ("fc00::1", "unique local"),
            ("fd12:3456::1", "unique local"),
            ("fd00:ec2::254", "metadata"),
            ("fd00:ec2::23", "metadata"),
            ("fe80::1", "link-local"),
            ("fec0::1", "site-local"),
            ("ff02::1", "multicast"),
            ("4000::1", "reserved"),
            ("5f00::1", "reserved"),
        ] {
            let why = Guard::default().check(ip(text)).unwrap_err();
            assert!(why.contains(kind), "{text} is {why}");
        }
    }

    #[test]
    fn what_a_flow_lists_is_let_through_and_nothing_beside_it() {
        let guard = Guard::new(&["10.1.0.0/16".into(), "fd12::/16".into(), "127.0.0.1".into(), "nonsense".into()]);
        for (text, is_let) in [
            ("10.1.2.3", true),
            ("10.2.0.1", false),
            ("::ffff:10.1.2.3", true),
            ("::ffff:10.2.2.3", false),
            ("64:ff9b::10.1.2.3", false),
            ("2002:a01:203::1", false),
            ("fd12::1", true),
            ("fd13::1", false),
            ("127.0.0.1", true),
            ("127.0.0.2", false),
        ] {
            assert_eq!(guard.check(ip(text)).is_ok(), is_let, "{text}");
        }
        assert!(Guard::new(&["64:ff9b::/96".into()]).check(ip("64:ff9b::10.1.2.3")).is_ok());
    }

    proptest! {
        #[test]
        fn an_address_in_disguise_is_judged_like_the_address(bits: u32) {
            let plain = Ipv4Addr::from(bits);
            let [high, low] = [(bits >> 16) as u16, (bits & 0xffff) as u16];
            let guard = Guard::default();
            let expected = guard.check(IpAddr::V4(plain));
            for s in [
                [0, 0, 0, 0, 0, 0xffff, high, low],
                [0, 0, 0, 0, 0xffff, 0, high, low],
                [0x64, 0xff9b, 0, 0, 0, 0, high, low],
                [0x2002, high, low, 0, 0, 0, 0, 1],
                [0x2001, 0, 0x0808, 0x0808, 0, 0, !high, !low],
            ] {
                prop_assert_eq!(guard.check(IpAddr::V6(Ipv6Addr::from(s))), expected);
            }
        }

        #[test]
        fn the_standard_library_calls_nothing_that_is_let_through_special(bits: u32) {
            let ip = Ipv4Addr::from(bits);
            if Guard::default().check(IpAddr::V4(ip)).is_ok() {
                prop_assert!(!(ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_multicast()
                    || ip.is_broadcast() || ip.is_documentation() || ip.is_unspecified()));
            }
        }
    }
}
