//! What the emulator lacks, on loopback: one server that answers those calls itself
//! and sends every other one on to the emulator, as it came.

mod databases;
mod ecs;
mod functions;
mod queues;
mod runbooks;
mod scaling;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use testkit::wire::{Answer, Call};
use tokio::net::TcpListener;

use super::{Api, Outcome};

pub use databases::Databases;
pub use ecs::{Ecs, Update};
pub use functions::Functions;
pub use queues::Queues;
pub use runbooks::Runbooks;
pub use scaling::{Scaling, Target};

/// The services whose calls come here first, by the names with which the SDKs look for
/// endpoints in the environment.
pub(super) const SERVICES: [&str; 6] = ["APPLICATION_AUTO_SCALING", "ECS", "LAMBDA", "RDS_DATA", "SQS", "SSM"];

/// The stand-ins.
#[derive(Debug, Clone)]
pub struct StandIns {
    /// Application Auto Scaling.
    pub scaling: Scaling,
    /// ECS: what was deployed when.
    pub ecs: Ecs,
    /// Lambda: what was reserved when.
    pub functions: Functions,
    /// SQS: moves of messages.
    pub queues: Queues,
    /// SSM Automation.
    pub runbooks: Runbooks,
    /// RDS Data.
    pub databases: Databases,
    emulator: Emulator,
    address: SocketAddr,
}

/// Where the emulator is, once that is known: it is started when this server listens.
#[derive(Debug, Clone, Default)]
struct Emulator(Arc<OnceLock<Api>>);

impl Emulator {
    fn api(&self) -> Outcome<&Api> {
        self.0.get().ok_or_else(|| "the emulator is not known yet".to_owned())
    }
}

impl StandIns {
    /// Listens on loopback.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn open() -> Outcome<StandIns> {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| format!("no port on loopback: {error}"))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let emulator = Emulator::default();
        let stand_ins = StandIns {
            scaling: Scaling::new(&emulator),
            ecs: Ecs::new(&emulator),
            functions: Functions::default(),
            queues: Queues::new(&emulator),
            runbooks: Runbooks::default(),
            databases: Databases::default(),
            emulator,
            address,
        };
        tokio::spawn(serve(listener, stand_ins.clone()));
        Ok(stand_ins)
    }

    /// Where they listen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Says where the emulator is. Only the first time counts.
    pub fn connect(&self, api: Api) {
        let _ = self.emulator.0.set(api);
    }

    async fn respond(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let call = Call::read(&parts, &body);
        Ok(match self.answer(&call).await {
            Some(answer) => answer.into_response(&call),
            None => self.pass_on(&call, &parts, body).await,
        })
    }

    /// The answer to what the emulator lacks.
    async fn answer(&self, call: &Call) -> Option<Answer> {
        match (call.service.as_str(), call.operation.as_str()) {
            ("application-autoscaling", _) => Some(self.scaling.answer(call).await),
            ("ecs", _) => self.ecs.answer(call).await,
            ("sqs", _) => self.queues.answer(call).await,
            ("ssm", _) => self.runbooks.answer(call),
            ("rds-data", _) => Some(self.databases.answer(call)),
            _ => None,
        }
    }

    async fn pass_on(&self, call: &Call, parts: &Parts, body: Bytes) -> Response<Full<Bytes>> {
        let passed = match self.emulator.api() {
            Ok(api) => api.pass_on(parts, body).await,
            Err(why) => Err(why),
        };
        match passed {
            Ok(response) if call.service == "ecs" => self.ecs.look(&call.operation, response).map(Full::new),
            Ok(response) if call.service == "lambda" && response.status().is_success() => {
                self.functions.look(call);
                response.map(Full::new)
            }
            Ok(response) => response.map(Full::new),
            Err(why) => Answer::error(503, "ServiceUnavailable", &why).into_response(call),
        }
    }
}

async fn serve(listener: TcpListener, stand_ins: StandIns) {
    while let Ok((stream, _)) = listener.accept().await {
        let stand_ins = stand_ins.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let stand_ins = stand_ins.clone();
            async move { stand_ins.respond(request).await }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}
