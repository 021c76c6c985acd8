//! Is a port open, and does what listens there say what it should?

use std::io;
use std::time::Duration;

use domain::probe::Seen;
use domain::probe::flow::TcpStep;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, timeout};

use crate::dial::Stream;
use crate::failed::Failed;
use crate::journey::{Counts, Journey};
use crate::place::Place;
use crate::watch::Part;

/// A silence of this length after some bytes means that no more will come: longer than
/// most round trips, since what is sent in two pieces may have one between them. It is not
/// measured.
const PAUSE: Duration = Duration::from_millis(300);
/// Bytes that are read at once.
const PIECE: usize = 16 * 1024;

/// Takes the step.
///
/// # Errors
/// Why it came to no answer.
pub(super) async fn take(step: &TcpStep, with: &mut Journey<'_>) -> Result<Seen, Failed> {
    let place = Place::parse(&with.fill(&step.address)?).map_err(Failed::new)?;
    let send = step.send.as_ref().map(|text| with.fill(text)).transpose()?;
    let mut stream = with.dial(&place, None).await?.stream;
    if let Some(text) = &send {
        with.asked = Some(text.clone());
        with.watch.enter(Part::FirstByte);
        stream.write_all(text.as_bytes()).await.map_err(|error| Failed::network(not_sent(&place, &error)))?;
    }
    if step.read { read(&mut stream, &place, with).await } else { Ok(Seen::default()) }
}

fn not_sent(place: &Place, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => {
            format!("{place} closed the connection before all was sent")
        }
        _ => format!("nothing could be sent to {place}: {error}"),
    }
}

/// Reads up to the first pause after some bytes, the end, or the cap.
async fn read(stream: &mut Stream, place: &Place, with: &mut Journey<'_>) -> Result<Seen, Failed> {
    let mut seen = Seen::default();
    let mut piece = vec![0; PIECE];
    let mut heard = Instant::now();
    with.watch.enter(Part::FirstByte);
    loop {
        let reading = stream.read(&mut piece);
        let came = if seen.body.is_empty() { reading.await } else { timeout(PAUSE, reading).await.unwrap_or(Ok(0)) };
        match came {
            Ok(0) if seen.body.is_empty() => {
                return Err(Failed::network(format!("{place} closed the connection without saying anything")));
            }
            Ok(0) => break,
            Ok(n) => {
                heard = Instant::now();
                if seen.body.is_empty() {
                    with.watch.enter(Part::Reading);
                }
                let room = with.body_max - seen.body.len();
                seen.body.extend_from_slice(&piece[..n.min(room)]);
                seen.is_cut = n > room;
                if seen.is_cut {
                    break;
                }
            }
            Err(error) if seen.body.is_empty() => {
                return Err(Failed::network(format!("{place} broke the connection off without saying anything: {error}")));
            }
            Err(error) => {
                let n = seen.body.len();
                with.blame(format!("{place} broke the connection off after {n} bytes: {error}"), Counts::Always);
                break;
            }
        }
    }
    with.watch.stop_at(heard);
    seen.size = seen.body.len() as u64;
    Ok(seen)
}
