//! How similar is an answer to those that were approved?

use domain::probe::Seen;
use domain::probe::drift::{cosine, similarity};
use domain::probe::flow::{Drift, Embeddings};
use serde::Deserialize;
use serde_json::json;

use super::Request;
use super::openai;
use super::reply::said;
use crate::failed::Failed;
use crate::journey::{Counts, Journey};
use crate::steps::{http, target};

/// The most that a sentence repeats of an approved answer, in characters.
const APPROVED_SHOWN: usize = 80;

/// The similarity to the most similar approved answer. Less than what is asked for is noted
/// as what is wrong with the answer; so is why it could not be found out.
pub(super) async fn measure(drift: &Drift, answer: &str, with: &mut Journey<'_>) -> Option<f64> {
    let similarities = match &drift.embeddings {
        None => Ok(drift.approved.iter().map(|approved| similarity(answer, approved)).collect::<Vec<_>>()),
        Some(embeddings) => embedded(embeddings, answer, &drift.approved, with).await,
    };
    let similarities = match similarities {
        Ok(similarities) => similarities,
        Err(failed) => {
            with.recorder.failed(&failed.because, with.watch.phases());
            with.blame(format!("how far the answer has drifted is not known: {}", failed.because), Counts::Always);
            return None;
        }
    };
    let (most, approved) = similarities.into_iter().zip(&drift.approved).max_by(|a, b| a.0.total_cmp(&b.0))?;
    if most < drift.least {
        let how = if drift.embeddings.is_some() { "by embeddings" } else { "by words" };
        let (least, approved) = (drift.least, domain::text::clean(approved, APPROVED_SHOWN));
        with.blame(
            format!(
                "the answer has drifted: its similarity ({how}) to the most similar approved answer is {most:.2}, less than {least}; that one begins with `{approved}`"
            ),
            Counts::Always,
        );
    }
    Some(most)
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    index: usize,
    embedding: Vec<f64>,
}

/// The similarities to all approved answers, by embeddings. All are asked for at once; it is
/// not measured how long that takes.
async fn embedded(step: &Embeddings, answer: &str, approved: &[String], with: &mut Journey<'_>) -> Result<Vec<f64>, Failed> {
    let (url, _) = target::read(&with.fill(&step.url)?, &["http", "https"])?;
    let texts: Vec<&str> = std::iter::once(answer).chain(approved.iter().map(String::as_str)).collect();
    let document = json!({"model": with.fill(&step.model)?, "input": texts, "encoding_format": "float"});
    let request = Request::post(url, http::headers(&step.headers, with)?, &document);
    let mut seen = Seen::default();
    let mut coming = request.make(&mut seen, with).await?;
    let body = request.rest(&mut coming, with).await?;
    let status = seen.status.unwrap_or_default();
    if status != 200 {
        let problem = openai::problem_of(&body).refusal(status, seen.header("retry-after").as_deref(), false, &with.secrets);
        return Err(Failed::new(format!("of the embeddings, {problem}")));
    }
    let answer: Answer = serde_json::from_slice(&body).map_err(|error| {
        Failed::new(format!("what came are no embeddings ({error}): `{}`", said(&String::from_utf8_lossy(&body), &with.secrets)))
    })?;
    let mut items = answer.data;
    items.sort_by_key(|item| item.index);
    let in_order = items.iter().map(|item| item.index).eq(0..texts.len());
    let Some((own, others)) = items.split_first().filter(|_| in_order) else {
        return Err(Failed::new(format!("{} embeddings were asked for, and {} came", texts.len(), items.len())));
    };
    others.iter().map(|other| cosine(&own.embedding, &other.embedding).map_err(Failed::new)).collect()
}
