//! A table of values that cannot be: addresses, numbers, times, prompts.

use super::*;

#[test]
fn an_address_that_leads_nowhere_is_told() {
    check(&[
        (
            "flows[0].steps[2].get",
            json!(""),
            "flows[0].steps[2].get: the address is missing; write for instance https://api.example.com/health",
        ),
        (
            "flows[0].steps[2].get",
            json!("api.example.com/health"),
            "flows[0].steps[2].get: `api.example.com/health` does not say how to get there; write it whole, such as https://api.example.com/health",
        ),
        (
            "flows[0].steps[2].get",
            json!("ftp://api.example.com/"),
            "flows[0].steps[2].get: `ftp` does not go with this step; begin with http:// or https://",
        ),
        (
            "flows[0].steps[2].get",
            json!("https:///health"),
            "flows[0].steps[2].get: `https:///health` is not an address: invalid format; write for instance https://api.example.com/health",
        ),
        (
            "flows[0].steps[2].get",
            json!("https://api..example.com/"),
            "flows[0].steps[2].get: `api..example.com` is not a host's name: words of letters, digits and `-` with a dot between, such as api.example.com",
        ),
        (
            "flows[0].steps[2].get",
            json!("https://api.example.com:99999/"),
            "flows[0].steps[2].get: `99999` is not a port; write 1 to 65535",
        ),
        (
            "flows[0].steps[2].get",
            json!("https://api.example.com/a b"),
            "flows[0].steps[2].get: a space cannot stand in an address; write it percent-encoded",
        ),
        (
            "flows[0].steps[2].get",
            json!("https://api.example.com\\@evil.example/"),
            "flows[0].steps[2].get: `\\` cannot stand in an address; write it percent-encoded",
        ),
        (
            "flows[0].steps[2].get",
            json!("https://bücher.example/"),
            "flows[0].steps[2].get: `bücher.example` has letters that names on the network have not; write it as `xn--…` (Punycode)",
        ),
        ("flows[0].steps[2].get", json!("https://300.1.2.3/"), "flows[0].steps[2].get: `300.1.2.3` is not an address of IPv4"),
    ]);
}

#[test]
fn a_place_to_connect_to_or_ask_that_cannot_be_is_told() {
    check(&[
        (
            "flows[1].steps[3].websocket",
            json!("https://example.com/ws"),
            "flows[1].steps[3].websocket: `https` does not go with this step; begin with ws:// or wss://",
        ),
        (
            "flows[1].steps[0].tcp",
            json!("db.example.com"),
            "flows[1].steps[0].tcp: `db.example.com` has no port; write for instance db.example.com:443",
        ),
        (
            "flows[1].steps[0].tcp",
            json!("tcp://db.example.com:5432"),
            "flows[1].steps[0].tcp: `tcp://db.example.com:5432` is more than a host and a port; write for instance db.example.com:5432",
        ),
        (
            "flows[1].steps[0].tcp",
            json!(":5432"),
            "flows[1].steps[0].tcp: the host is missing; write for instance api.example.com",
        ),
        (
            "flows[1].steps[0].tcp",
            json!("::1:80"),
            "flows[1].steps[0].tcp: `::1` is not a host; an address of IPv6 stands in brackets: `[::1]`",
        ),
        (
            "flows[1].steps[2].tls",
            json!("exam ple.com"),
            "flows[1].steps[2].tls: `exam ple.com` is not a host's name: words of letters, digits and `-` with a dot between, such as api.example.com",
        ),
        ("flows[1].steps[1].dns", json!(""), "flows[1].steps[1].dns: the name is missing; write for instance example.com"),
        (
            "flows[1].steps[1].resolver",
            json!("dns.example.com"),
            "flows[1].steps[1].resolver: `dns.example.com` is not a name server's address; write for instance 9.9.9.9, 9.9.9.9:53 or [2620:fe::fe]:53",
        ),
        (
            "control",
            json!(["one.one.one.one"]),
            "control[0]: `one.one.one.one` has no port; write for instance one.one.one.one:443",
        ),
        (
            "flows[0].steps[5].request.method",
            json!("propfind"),
            "flows[0].steps[5].request.method: `propfind` is not a method; write it in capitals, such as PROPFIND",
        ),
        (
            "flows[0].steps[5].request.method",
            json!("CONNECT"),
            "flows[0].steps[5].request.method: CONNECT asks a proxy for a way elsewhere, and flows go only where the file says; take it out",
        ),
        (
            "flows[0].steps[5].request.method",
            json!(""),
            "flows[0].steps[5].request.method: the method is missing; write for instance PROPFIND",
        ),
    ]);
}

#[test]
fn numbers_and_times_are_within_what_can_be() {
    check(&[
        (
            "defaults.every",
            json!("90s"),
            "defaults.every: `1m30s` is not a number of whole minutes; write for instance 1m, 5m or 1h",
        ),
        (
            "flows[0].every",
            json!("30s"),
            "flows[0].every: `30s` is not a number of whole minutes; write for instance 1m, 5m or 1h",
        ),
        ("flows[0].every", json!("2d"), "flows[0].every: `2d` is longer than a day; write at most 1d"),
        ("defaults.timeout", json!("2m"), "defaults.timeout: `2m` is longer than a run can wait; write at most 1m"),
        (
            "flows[0].steps[1].timeout",
            json!("0s"),
            "flows[0].steps[1].timeout: nothing is done in no time; write for instance 10s",
        ),
        ("flows[0].alert.failures", json!(0), "flows[0].alert.failures: write 1 to 20 runs"),
        (
            "flows[0].alert.failures",
            json!(6),
            "flows[0].alert.failures: 6 of 5 runs can never be down; `failures` is at most `of`",
        ),
        ("flows[0].alert.of", json!(1), "flows[0].alert.failures: 2 of 1 runs can never be down; `failures` is at most `of`"),
        ("flows[0].alert.of", json!(21), "flows[0].alert.of: write 1 to 20 runs"),
        ("defaults.alert.recover", json!(0), "defaults.alert.recover: write 1 to 20 runs"),
        ("flows[0].regions.quorum", json!(0), "flows[0].regions.quorum: 0 Regions would always be down; write at least 1"),
        (
            "flows[0].regions.quorum",
            json!(3),
            "flows[0].regions.quorum: 3 Regions can never be down, as there are only 2: eu-west-1, eu-central-1",
        ),
        (
            "defaults.regions.quorum",
            json!(4),
            "defaults.regions.quorum: 4 Regions can never be down, as there are only 3: eu-west-1, us-east-1, ap-northeast-1",
        ),
        (
            "defaults.regions",
            json!({"quorum": 2}),
            "defaults.regions.quorum: 2 Regions can never be down, as there is only 1: the one of the deployment, as `run` names none",
        ),
        (
            "flows[0].regions.run",
            json!(["eu-west", "us-east-1"]),
            "flows[0].regions.run[0]: `eu-west` is not the name of a Region; write for instance eu-west-1 or us-east-1",
        ),
    ]);
}

#[test]
fn regions_and_objectives_are_within_what_can_be() {
    check(&[
        (
            "flows[0].regions.run",
            json!(["eu-west-1", "eu-west-1"]),
            "flows[0].regions.run[1]: `eu-west-1` stands here twice; Regions must differ",
        ),
        (
            "flows[0].slo.target",
            json!(100),
            "flows[0].slo.target: with 100 there is no error budget: every failure would break it; write more than 0 and less than 100, such as 99.9",
        ),
        (
            "flows[0].slo.target",
            json!(0),
            "flows[0].slo.target: that is no objective; write more than 0 and less than 100, such as 99.9",
        ),
        ("flows[0].slo.target", json!(0.999), "flows[0].slo.target: 0.999 is in percent; for 99.9 percent write 99.9"),
        (
            "flows[0].slo",
            json!({}),
            "flows[0].slo.target: an objective needs a target in percent; write for instance `target: 99.9`",
        ),
        (
            "flows[0].slo.window",
            json!("1h"),
            "flows[0].slo.window: `1h` is no time for an objective; write 1d to 90d, such as 30d",
        ),
        ("flows[0].slo.min_bad", json!(0), "flows[0].slo.min_bad: write 1 to 1000 bad runs"),
        ("flows[0].redirects", json!(21), "flows[0].redirects: 21 redirects are too many; write at most 20"),
        ("budget_dollars_per_month", json!(-1), "budget_dollars_per_month: write dollars, 0 or more"),
        ("allow_warnings[0].because", json!(""), "allow_warnings[0].because: say why it is right as it is"),
    ]);
}

#[test]
fn networks_secrets_and_header_fields_are_well_formed() {
    check(&[
        (
            "flows[0].allow_cidrs",
            json!(["10.0.0.1"]),
            "flows[0].allow_cidrs[0]: `10.0.0.1` is not a network; for this address alone write 10.0.0.1/32",
        ),
        (
            "flows[0].allow_cidrs",
            json!(["10.0.0.1/8"]),
            "flows[0].allow_cidrs[0]: `10.0.0.1/8` is an address within a network; write 10.0.0.0/8",
        ),
        (
            "flows[0].allow_cidrs",
            json!(["0.0.0.0/0"]),
            "flows[0].allow_cidrs[0]: `0.0.0.0/0` is every address there is; write the network that is meant, such as 10.0.0.0/16",
        ),
        (
            "defaults.allow_cidrs",
            json!(["10.0.0.0/33"]),
            "defaults.allow_cidrs[0]: `10.0.0.0/33` is not a network; write for instance 10.0.0.0/16",
        ),
        (
            "secrets.password",
            json!("hunter2"),
            "secrets.password: the file says where a secret is, never the secret itself; write `secretsmanager:ID`, or `secretsmanager:ID#KEY` for a member of a JSON object; where flows are run by hand also `env:NAME` or `file:PATH`",
        ),
        (
            "secrets.password",
            json!("vault:prod#x"),
            "secrets.password: there is no such place for a secret; write `secretsmanager:ID`, or `secretsmanager:ID#KEY` for a member of a JSON object; where flows are run by hand also `env:NAME` or `file:PATH`",
        ),
        (
            "secrets.password",
            json!("secretsmanager:"),
            "secrets.password: what stands after `secretsmanager:` is no secret's name or ARN; write for instance `secretsmanager:prod/probe`",
        ),
        (
            "secrets.password",
            json!("secretsmanager:a#"),
            "secrets.password: after `#` stands which member of the JSON object it is; write it, or take `#` out",
        ),
        (
            "secrets.password",
            json!("env:A B"),
            "secrets.password: after `env:` stands the name of a variable of the environment, such as `env:PROBE_PASSWORD`",
        ),
        ("secrets.password", json!("file:"), "secrets.password: after `file:` stands the path of a file"),
        (
            "flows[0].headers",
            json!({"Content-Length": "3"}),
            "flows[0].headers.Content-Length: the prober writes `Content-Length` itself, as it sends the message; take it out",
        ),
        (
            "flows[0].headers",
            json!({"A b": "c"}),
            "flows[0].headers.A b: `A b` is not the name of a header field; write letters, digits and `-`",
        ),
        (
            "flows[0].headers",
            json!({"A": "b\r\nX: y"}),
            "flows[0].headers.A: a header field stands on one line and has no control characters; take them out",
        ),
    ]);
}

#[test]
fn a_prompt_is_complete_and_bounded() {
    check(&[
        (
            "flows[1].steps[5].llm",
            json!({}),
            "flows[1].steps[5].llm.api: say how the endpoint is spoken to; write `openai` or `bedrock`\nflows[1].steps[5].llm.url: the address is missing; write for instance https://api.example.com/health\nflows[1].steps[5].llm.model: `model` is missing; say which model is asked\nflows[1].steps[5].llm.prompt: `prompt` is missing; say what the model is asked",
        ),
        (
            "flows[1].steps[6].llm.region",
            json!("europe"),
            "flows[1].steps[6].llm.region: `europe` is not the name of a Region; write for instance eu-west-1 or us-east-1",
        ),
        (
            "flows[1].steps[6].llm",
            json!({"api": "bedrock", "model": "m", "prompt": "x"}),
            "flows[1].steps[6].llm.region: say in which Region the model is asked; write for instance `region: eu-west-1`",
        ),
        (
            "flows[1].steps[5].llm.region",
            json!("eu-west-1"),
            "flows[1].steps[5].llm.region: only `api: bedrock` has a Region; take it out",
        ),
        (
            "flows[1].steps[5].llm.max_tokens",
            json!(0),
            "flows[1].steps[5].llm.max_tokens: write 1 to 4096 tokens: each of them is paid for in each run",
        ),
        (
            "flows[1].steps[5].llm.max_tokens",
            json!(100_000),
            "flows[1].steps[5].llm.max_tokens: write 1 to 4096 tokens: each of them is paid for in each run",
        ),
        (
            "flows[1].steps[5].llm.schema",
            json!("object"),
            "flows[1].steps[5].llm.schema: a JSON Schema is a mapping, such as `{type: object, required: [answer]}`",
        ),
        (
            "flows[1].steps[5].llm.price.in",
            json!(-1),
            "flows[1].steps[5].llm.price.in: write dollars for a million tokens, 0 or more",
        ),
        (
            "flows[1].steps[5].llm.drift.at_least",
            json!(40),
            "flows[1].steps[5].llm.drift.at_least: a similarity is from 0, nothing in common, to 1, the same; write for instance 0.6",
        ),
        (
            "flows[1].steps[5].llm.drift.approved",
            json!([]),
            "flows[1].steps[5].llm.drift.approved: there is nothing to compare with; write answers that are good",
        ),
        (
            "flows[1].steps[5].llm.drift.embeddings.model",
            json!(""),
            "flows[1].steps[5].llm.drift.embeddings.model: `model` is missing; say which model gives the embeddings",
        ),
        (
            "flows[1].steps[5].llm.drift.embeddings.url",
            json!("x"),
            "flows[1].steps[5].llm.drift.embeddings.url: `x` does not say how to get there; write it whole, such as https://api.example.com/health",
        ),
    ]);
}
