//! The part about receivers and users: by which ways is who told?

use std::collections::BTreeMap;

use super::Reader;
use crate::policy::source::{Class, ContactSource, HttpSource, ReceiverSource, UserSource};
use crate::policy::{Address, Channel, Receiver, User};

/// Makes an address of a secret's name.
type MakeAddress = fn(String) -> Address;

impl Reader<'_> {
    pub(super) fn receivers(&mut self) -> BTreeMap<String, Receiver> {
        let source = self.source;
        let policies: Vec<String> = source.escalation_policies.iter().map(|policy| policy.name.clone()).collect();
        let mut receivers = BTreeMap::new();
        for (n, receiver) in source.receivers.iter().enumerate() {
            let path = format!("receivers[{n}]");
            if let Some(policy) = &receiver.escalation_policy {
                self.must_be_known("escalation policy", policy, &policies, &format!("{path}.escalation_policy"));
            }
            let channels = self.receiver_channels(receiver, &path);
            receivers.insert(
                receiver.name.clone(),
                Receiver { name: receiver.name.clone(), escalation_policy: receiver.escalation_policy.clone(), channels },
            );
        }
        receivers
    }

    fn receiver_channels(&mut self, receiver: &ReceiverSource, path: &str) -> Vec<Channel> {
        let mut channels = Vec::new();
        for (n, config) in receiver.sns_configs.iter().enumerate() {
            self.topic_is_deployed(&config.topic, &format!("{path}.sns_configs[{n}].topic"));
            channels.push(Channel {
                class: config.class.unwrap_or(Class::Email),
                address: Address::Topic(config.topic.clone()),
                fallback: Address::Failsafe,
                send_resolved: config.send_resolved.unwrap_or(true),
            });
        }
        let http: [(&str, &[HttpSource], Class, MakeAddress); 3] = [
            ("slack_configs", &receiver.slack_configs, Class::Chat, Address::Slack),
            ("pagerduty_configs", &receiver.pagerduty_configs, Class::Page, Address::Pagerduty),
            ("webhook_configs", &receiver.webhook_configs, Class::Chat, Address::Webhook),
        ];
        for (key, configs, class, make) in http {
            for (n, config) in configs.iter().enumerate() {
                if let Some(topic) = &config.fallback_topic {
                    self.topic_is_deployed(topic, &format!("{path}.{key}[{n}].fallback_topic"));
                }
                channels.push(Channel {
                    class: config.class.unwrap_or(class),
                    address: make(config.secret.clone()),
                    fallback: config.fallback_topic.clone().map_or(Address::Failsafe, Address::Topic),
                    send_resolved: config.send_resolved.unwrap_or(true),
                });
            }
        }
        channels
    }

    /// Notes a topic that Terraform did not make. A file by itself knows none.
    fn topic_is_deployed(&mut self, topic: &str, path: &str) {
        let known: Vec<String> = self.source.deployment.topics.keys().cloned().collect();
        if !known.is_empty() {
            self.must_be_known("topic", topic, &known, path);
        }
    }

    pub(super) fn users(&mut self) -> BTreeMap<String, User> {
        let source = self.source;
        let mut users = BTreeMap::new();
        for (n, user) in source.users.iter().enumerate() {
            let channels = self.user_channels(user, &format!("users[{n}]"));
            users.insert(user.id.clone(), User { id: user.id.clone(), channels });
        }
        users
    }

    fn user_channels(&mut self, user: &UserSource, path: &str) -> Vec<Channel> {
        let mut channels = Vec::new();
        for (n, contact) in user.contact_methods.iter().enumerate() {
            let place = format!("{path}.contact_methods[{n}]");
            match address_of(contact) {
                Some(address) => {
                    if let Address::Topic(topic) = &address {
                        self.topic_is_deployed(topic, &format!("{place}.topic"));
                    }
                    channels.push(Channel { class: contact.class, address, fallback: Address::Failsafe, send_resolved: true });
                }
                None => self.problem(place, "name exactly one of topic, slack_secret and pagerduty_secret"),
            }
        }
        channels
    }
}

fn address_of(contact: &ContactSource) -> Option<Address> {
    match (&contact.topic, &contact.slack_secret, &contact.pagerduty_secret) {
        (Some(topic), None, None) => Some(Address::Topic(topic.clone())),
        (None, Some(secret), None) => Some(Address::Slack(secret.clone())),
        (None, None, Some(secret)) => Some(Address::Pagerduty(secret.clone())),
        _ => None,
    }
}
