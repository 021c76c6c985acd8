//! Three Regions' probers on one table, and the servers that they look at.

use std::time::Duration;

use aws::Aws;
use aws::store::FlowRows;
use domain::id::IncidentId;
use domain::probe::Verdict;
use domain::probe::watch::FlowState;
use prober::{Place, Prober};
use probing::Options;
use runtime::{Event, Failure};
use serde_json::{Value, json};
use testkit::events::alarm;
use testkit::world::TABLE;

use crate::play::{Play, event};
use crate::servers::{Act, Server};
use crate::stage::{minutes, only_incident, stage};

pub(super) const HOME: &str = "eu-west-1";
pub(super) const REGIONS: [&str; 3] = [HOME, "us-east-1", "ap-northeast-1"];
/// What the flow captures: nobody may read it.
pub(super) const TOKEN: &str = "s3cret-token-of-the-flow";

/// The probers of all Regions, and what they look at.
pub(super) struct Outside {
    pub(super) play: Play,
    pub(super) probers: Vec<(&'static str, Prober)>,
    login: Server,
    pub(super) orders: Server,
    n_rounds: u32,
}

fn prober(play: &Play, region: &str) -> Prober {
    let aws = Aws::for_function(|name| play.world.variable(name));
    let place = Place {
        table: TABLE.to_owned(),
        region: region.to_owned(),
        home: HOME.to_owned(),
        function: "watchkeeper-prober".to_owned(),
    };
    Prober::new(&aws, place, Options::default()).unwrap()
}

impl Outside {
    /// Three Regions with a flow that is well, and its file in force.
    pub(super) async fn new() -> Outside {
        let outside = Outside::bare().await;
        outside.play.world.add_secret("prod/probe", r#"{"password": "pass-word-of-the-probe"}"#);
        let file = outside.file();
        outside.install(&file, "").await.unwrap();
        outside
    }

    pub(super) async fn bare() -> Outside {
        let play = stage().await;
        let probers = REGIONS.map(|region| (region, prober(&play, region))).into();
        let login = Server::open(Act::Say(200, r#"{"access_token": "s3cret-token-of-the-flow"}"#)).await;
        let orders = Server::open(Act::Say(201, r#"{"id": "o-1"}"#)).await;
        Outside { play, probers, login, orders, n_rounds: 0 }
    }

    /// A flow of two steps in all Regions: 3 of 5 runs, 2 to recover, 2 Regions.
    pub(super) fn file(&self) -> Value {
        json!({
            "secrets": {"password": "secretsmanager:prod/probe#password"},
            "flows": [{
                "id": "create-order",
                "service": "api",
                "priority": "P1",
                "every": "1m",
                "alert": {"failures": 3, "of": 5, "recover": 2},
                "regions": {"run": REGIONS, "quorum": 2},
                "allow_cidrs": ["127.0.0.0/8"],
                "steps": [
                    {
                        "post": self.login.url("/token"),
                        "json": {"password": "${secret.password}"},
                        "capture": {"token": {"json": "$.access_token", "secret": true}},
                    },
                    {
                        "post": self.orders.url("/orders"),
                        "headers": {"Authorization": "Bearer ${token}"},
                        "json": {"sku": "TEST"},
                        "expect": ["status == 201"],
                    },
                ],
            }],
        })
    }

    pub(super) async fn install(&self, probes: &Value, source: &str) -> Result<Value, Failure> {
        let payload = json!({"watchkeeper": {"install_probes": {"file": "probes.yaml", "source": source, "probes": probes}}});
        let event = event(&payload.to_string(), self.play.now, "install");
        Box::pin(self.probers[0].1.handle(event)).await
    }

    /// Hands the prober of a Region its round of this minute.
    pub(super) async fn round_in(&self, region: &str, remaining: Duration) -> Result<Value, Failure> {
        let prober = &self.probers.iter().find(|(name, _)| *name == region).unwrap().1;
        Box::pin(prober.handle(self.event(remaining))).await
    }

    fn event(&self, remaining: Duration) -> Event {
        let payload = json!({"scheduled_at": self.play.now}).to_string();
        Event { remaining, ..event(&payload, self.play.now, &format!("round-{}", self.n_rounds)) }
    }

    /// A minute passes, and each Region has its round; the home is the last.
    pub(super) async fn minute(&mut self, regions: &[&str]) -> Value {
        self.n_rounds += 1;
        minutes(&mut self.play, 1).await;
        let mut answer = Value::Null;
        for region in regions.iter().rev() {
            answer = self.round_in(region, Duration::from_secs(30)).await.unwrap();
        }
        answer
    }

    pub(super) async fn minutes(&mut self, n: usize) -> Value {
        let mut answer = Value::Null;
        for _ in 0..n {
            answer = self.minute(&REGIONS).await;
        }
        answer
    }

    pub(super) async fn rows(&self) -> FlowRows {
        self.play.store().flows(&[("create-order", REGIONS.to_vec())]).await.unwrap().remove(0)
    }

    pub(super) async fn state(&self) -> FlowState {
        self.rows().await.state.unwrap().value
    }

    pub(super) async fn verdicts(&self, region: &str) -> Vec<Verdict> {
        self.rows()
            .await
            .regions
            .get(region)
            .map_or_else(Vec::new, |stored| stored.value.runs().iter().map(|run| run.verdict).collect())
    }

    /// The alarm on the flow goes to another state, as CloudWatch says it.
    fn alarm(&self, state: &str) -> String {
        let dimensions = [("Flow", "create-order"), ("Service", "api"), ("Priority", "P1")];
        alarm("watchkeeper-probe-create-order", state, self.play.now, &dimensions, ("Watchkeeper/Probes", "Down"))
    }

    pub(super) async fn deliver(&mut self, state: &str) -> IncidentId {
        let event = self.alarm(state);
        self.play.deliver(&event).await;
        only_incident(&self.play)
    }
}
