//! What a file says is what is run.

use super::*;
use crate::probe::flow::{AlertRule, HttpStep};

fn http(step: Step) -> HttpStep {
    match step.kind {
        StepKind::Http(http) => http,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_good_file_is_good_and_loads_as_it_was_checked() {
    let content = good();
    let probes = right(&content);
    assert_eq!(probes.version, Probes::load(&content).unwrap().version);
    assert_ne!(probes.version, right(&with("flows[0].every", json!("2m"))).version);
}

#[test]
fn what_neither_flow_nor_defaults_say_has_a_default() {
    let content = json!({"flows": [{"id": "f", "steps": [{"get": "https://a.example/"}]}]});
    let flow = right(&content).flows.remove(0);
    assert_eq!((flow.every, flow.steps[0].timeout), (Span::minutes(1), Span::seconds(10)));
    assert_eq!(flow.alert, AlertRule { failures: 3, of: 5, recover: 2 });
    assert_eq!(flow.regions, Regions { run: Vec::new(), quorum: 1 });
    assert!(flow.slo.is_none() && flow.priority.is_none() && flow.allow_cidrs.is_empty() && flow.cleanup.is_empty());
    let step = http(flow.steps[0].clone());
    assert_eq!((step.redirects, step.version, step.verify_tls), (Redirects::Follow(10), None, true));
    assert!(step.headers.is_empty() && matches!(step.body, Body::None));
}

#[test]
fn a_step_goes_before_its_flow_and_a_flow_before_the_defaults() {
    let probes = right(&good());
    let (order, others) = (&probes.flows[0], &probes.flows[1]);
    assert_eq!((order.every, others.every), (Span::minutes(5), Span::minutes(1)));
    let timeouts: Vec<Span> = order.steps.iter().take(2).map(|step| step.timeout).collect();
    assert_eq!((timeouts, others.steps[0].timeout), (vec![Span::seconds(20), Span::seconds(5)], Span::seconds(10)));
    assert_eq!(order.alert, AlertRule { failures: 2, of: 5, recover: 2 });
    assert_eq!(others.regions.quorum, 2);
    assert_eq!(order.regions, Regions { run: vec!["eu-west-1".into(), "eu-central-1".into()], quorum: 1 });
    assert_eq!(
        (&order.allow_cidrs[..], &others.allow_cidrs[..]),
        (&["192.168.7.0/24".to_owned()][..], &["10.1.0.0/16".to_owned()][..])
    );
    let redirects: Vec<Redirects> = order.steps[1..3].iter().map(|step| http(step.clone()).redirects).collect();
    assert_eq!(redirects, [Redirects::Follow(3), Redirects::Stay]);
    let names: Vec<String> = http(order.steps[1].clone()).headers.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["X-Synthetic-Probe", "Accept", "Authorization"]);
}

#[test]
fn a_header_field_of_a_step_takes_the_place_of_one_of_the_defaults_whatever_its_case() {
    let step = http(
        right(&with("flows[0].steps[2].headers", json!({"x-synthetic-probe": "mine", "accept": "*/*"}))).flows[0].steps[2]
            .clone(),
    );
    let headers: Vec<String> = step.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    assert_eq!(headers, ["accept: */*", "x-synthetic-probe: mine"]);
}

#[test]
fn a_flow_with_regions_of_its_own_has_a_quorum_of_its_own() {
    for (regions, n_regions, quorum) in [
        (json!({"run": ["eu-west-1"]}), 1, 1),
        (json!({"run": ["eu-west-1", "eu-north-1"]}), 2, 2),
        (json!({"run": ["eu-west-1", "eu-north-1", "eu-south-1", "us-gov-west-1", "cn-north-1"]}), 5, 3),
        (json!({"quorum": 3}), 3, 3),
        (json!({"run": []}), 0, 1),
        (json!({}), 3, 2),
    ] {
        let flow = right(&with("flows[0].regions", regions)).flows.remove(0);
        assert_eq!((flow.regions.run.len(), flow.regions.quorum), (n_regions, quorum));
    }
}

#[test]
fn every_way_to_say_what_a_step_does_is_understood() {
    let probes = right(&good());
    let kinds = |n: usize| probes.flows[n].steps.iter().map(|step| step.kind.word()).collect::<Vec<_>>().join(" ");
    assert_eq!(kinds(0), "http http http http http http http http");
    assert_eq!(kinds(1), "tcp dns tls websocket grpc llm llm");
    let methods: Vec<String> = probes.flows[0].steps.iter().map(|step| http(step.clone()).method).collect();
    assert_eq!(methods, ["POST", "POST", "GET", "PUT", "PATCH", "PROPFIND", "HEAD", "OPTIONS"]);
    let names: Vec<&str> = probes.flows[1].steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "TCP db.example.com:5432",
            "DNS MX example.com",
            "TLS example.com:443",
            "WebSocket wss://example.com/ws",
            "gRPC https://grpc.example.com:443",
            "LLM small https://llm.example.com/v1/chat/completions",
            "LLM m https://bedrock-runtime.eu-west-1.amazonaws.com"
        ]
    );
    assert_eq!(probes.flows[0].steps[1].name, "order");
    assert_eq!(http(probes.flows[0].cleanup[0].clone()).version, Some(HttpVersion::Http1));
    assert_eq!(http(probes.flows[0].steps[2].clone()).version, Some(HttpVersion::Http2));
    let StepKind::Llm(llm) = &probes.flows[1].steps[6].kind else { panic!("it is a prompt") };
    assert_eq!(llm.api, LlmApi::Bedrock { region: "eu-west-1".into() });
    assert!(llm.stream && llm.max_tokens == 256);
}

#[test]
fn what_is_added_to_an_address_is_encoded_once() {
    let url = http(right(&good()).flows[0].steps[1].clone()).url;
    assert_eq!(url.to_string(), "https://api.example.com/orders?dry=false&tag=a+b&tag=${run.id}");
    let values = [("run.id".to_owned(), "1 & 2".to_owned())].into();
    assert_eq!(url.fill(&values).unwrap(), "https://api.example.com/orders?dry=false&tag=a+b&tag=1+%26+2");
    let step = only_step(json!({"get": "https://a.example/?x=1", "query": {"y": 2}}));
    assert_eq!(http(step).url.to_string(), "https://a.example/?x=1&y=2");
}

#[test]
fn bodies_are_what_their_keys_say() {
    let steps = right(&good()).flows.remove(0).steps;
    let body = |n: usize| http(steps[n].clone()).body;
    assert!(matches!(body(0), Body::Json(json) if json["user"] == "probe"));
    assert!(matches!(body(2), Body::None));
    assert!(matches!(body(3), Body::Raw(text) if text.to_string() == "a,b\n"));
    let Body::Form(fields) = body(4) else { panic!("it is a form") };
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(fields, ["a=1", "b=x", "b=y"]);
    assert!(matches!(body(5), Body::Multipart(parts) if parts[0].file_name.as_deref() == Some("a.csv")));
    let raw = http(steps[3].clone()).headers;
    assert!(raw.iter().any(|(name, value)| name == "Content-Type" && value.to_string() == "text/csv"));
    let null = only_step(json!({"post": "https://a.example/", "json": null}));
    assert!(matches!(http(null).body, Body::Json(Value::Null)), "null is a document, too");
}

#[test]
fn names_and_name_servers_are_written_out() {
    for (step, name, resolver) in [
        (json!({"dns": "192.0.2.10", "type": "ptr"}), "10.2.0.192.in-addr.arpa", None),
        (
            json!({"dns": "2001:db8::1", "type": "PTR"}),
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
            None,
        ),
        (
            json!({"dns": "_sip._tcp.example.com", "type": "SRV", "resolver": "9.9.9.9"}),
            "_sip._tcp.example.com",
            Some("9.9.9.9:53"),
        ),
        (json!({"dns": "example.com", "resolver": "[2620:fe::fe]:5353"}), "example.com", Some("[2620:fe::fe]:5353")),
        (json!({"dns": "example.com", "resolver": "2620:fe::fe"}), "example.com", Some("[2620:fe::fe]:53")),
    ] {
        let StepKind::Dns(dns) = only_step(step).kind else { panic!("it asks a name server") };
        assert_eq!((dns.name.to_string().as_str(), dns.resolver.map(|it| it.to_string()).as_deref()), (name, resolver));
    }
    let StepKind::Tls(tls) = only_step(json!({"tls": "example.com:8443"})).kind else { panic!("it looks at certificates") };
    assert_eq!(tls.address.to_string(), "example.com:8443");
}

#[test]
fn something_is_read_from_a_connection_if_something_is_sent() {
    for (step, reads) in [
        (json!({"tcp": "a.example:1"}), false),
        (json!({"tcp": "a.example:1", "read": true}), true),
        (json!({"tcp": "a.example:1", "send": "x"}), true),
        (json!({"tcp": "a.example:1", "send": "x", "read": false}), false),
    ] {
        let StepKind::Tcp(tcp) = only_step(step).kind else { panic!("it connects") };
        assert_eq!(tcp.read, reads);
    }
}

#[test]
fn the_cleanup_knows_what_any_step_captured_and_expectations_what_steps_before_did() {
    right(&with("flows[0].cleanup[0].delete", json!("https://api.example.com/${order}/${sid}/${n}")));
    right(&with("flows[0].steps[2].expect", json!(["json $.id == \"${order}\""])));
}
