//! Which certificates does a server show?

use domain::probe::Seen;
use domain::probe::flow::TlsStep;
use tokio::io::AsyncWriteExt as _;
use tokio::time::Instant;

use crate::failed::Failed;
use crate::journey::Journey;
use crate::place::Place;
use crate::tls::TlsAsk;

/// Takes the step.
///
/// # Errors
/// Why it came to no answer; a certificate that is not good is one, and is seen all the
/// same.
pub(super) async fn take(step: &TlsStep, with: &mut Journey<'_>) -> Result<Seen, Failed> {
    let place = Place::parse(&with.fill(&step.address)?).map_err(Failed::new)?;
    let server_name = match &step.server_name {
        Some(name) => with.fill(name)?,
        None => place.server_name(),
    };
    let ask = TlsAsk { server_name, alpn: Vec::new(), verify: true };
    let mut connection = with.dial(&place, Some(&ask)).await?;
    with.watch.stop_at(Instant::now());
    // Servers log a connection that ends without a word as an error.
    let _ = connection.stream.shutdown().await;
    Ok(Seen { tls: connection.tls, ..Seen::default() })
}
