//! Which texts with variables has a step?

use std::collections::BTreeSet;

use serde_json::Value;

use super::flow::{Body, Flow, StepKind};
use super::template::Template;

impl StepKind {
    /// All texts with variables, in which a secret may stand.
    pub fn templates(&self) -> Vec<Template> {
        let headers = |headers: &[(String, Template)]| headers.iter().map(|(_, value)| value.clone()).collect::<Vec<_>>();
        let some = |texts: &[&Option<Template>]| texts.iter().filter_map(|text| (*text).clone()).collect::<Vec<_>>();
        match self {
            StepKind::Http(step) => [vec![step.url.clone()], headers(&step.headers), body(&step.body)].concat(),
            StepKind::Tcp(step) => [vec![step.address.clone()], some(&[&step.send])].concat(),
            StepKind::Dns(step) => [vec![step.name.clone()], some(&[&step.resolver])].concat(),
            StepKind::Tls(step) => [vec![step.address.clone()], some(&[&step.server_name])].concat(),
            StepKind::WebSocket(step) => [vec![step.url.clone()], headers(&step.headers), some(&[&step.send])].concat(),
            StepKind::Grpc(step) => [vec![step.url.clone()], headers(&step.headers), some(&[&step.service])].concat(),
            StepKind::Llm(step) => {
                let own = vec![step.url.clone(), step.model.clone(), step.prompt.clone()];
                let embeddings = step.drift.as_ref().and_then(|drift| drift.embeddings.as_ref());
                let endpoint = embeddings.map(|it| [vec![it.url.clone(), it.model.clone()], headers(&it.headers)].concat());
                [own, headers(&step.headers), some(&[&step.system]), endpoint.unwrap_or_default()].concat()
            }
        }
    }
}

impl Flow {
    /// The secrets of the file that it needs, by name.
    pub fn secrets(&self) -> BTreeSet<String> {
        let texts = self.steps.iter().chain(&self.cleanup).flat_map(|step| step.kind.templates());
        texts
            .flat_map(|text| {
                let secrets = text.variables().filter_map(|name| name.strip_prefix("secret."));
                secrets.map(str::to_owned).collect::<Vec<_>>()
            })
            .collect()
    }
}

fn body(body: &Body) -> Vec<Template> {
    match body {
        Body::None => Vec::new(),
        Body::Json(json) => texts(json),
        Body::Form(fields) => fields.iter().map(|(_, value)| value.clone()).collect(),
        Body::Raw(text) => vec![text.clone()],
        Body::Multipart(parts) => parts.iter().map(|part| part.content.clone()).collect(),
    }
}

fn texts(json: &Value) -> Vec<Template> {
    match json {
        Value::String(text) => Template::parse(text).into_iter().collect(),
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}
