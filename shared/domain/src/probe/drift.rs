//! How similar are two answers? From 0, nothing in common, to 1, the same.
//!
//! Without an endpoint for embeddings the words are compared: the Sørensen–Dice
//! coefficient of the two multisets of words, twice what they have in common over what
//! they have together (Dice, *Measures of the Amount of Ecologic Association Between
//! Species*, 1945). A word is a longest run of letters and digits, in lower case; in
//! scripts that are written without spaces each letter is one. Order is not looked at: an
//! answer that says the same in another order has not drifted.

use std::collections::HashMap;

/// How similar two texts are by their words, from 0 to 1: 1 for the same words, each as
/// often, and for two texts without any.
pub fn similarity(a: &str, b: &str) -> f64 {
    let (a, b) = (words(a), words(b));
    let n_a: usize = a.values().sum();
    let n_b: usize = b.values().sum();
    if n_a + n_b == 0 {
        return 1.0;
    }
    let n_common: usize = a.iter().map(|(word, n)| (*n).min(b.get(word).copied().unwrap_or(0))).sum();
    share(2 * n_common, n_a + n_b)
}

/// The similarity to the most similar of the texts; none if there are none.
pub fn most_similar<'a>(text: &str, to: impl IntoIterator<Item = &'a str>) -> Option<f64> {
    to.into_iter().map(|other| similarity(text, other)).max_by(f64::total_cmp)
}

/// How similar two embeddings are: the cosine of the angle between them, 0 if it is
/// negative.
///
/// # Errors
/// Why they cannot be compared, as a sentence: of different lengths, without a length, or
/// not of numbers.
pub fn cosine(a: &[f64], b: &[f64]) -> Result<f64, String> {
    if a.len() != b.len() {
        return Err(format!(
            "embeddings of {} and of {} numbers cannot be compared; they are of different models",
            a.len(),
            b.len()
        ));
    }
    if a.iter().chain(b).any(|number| !number.is_finite()) {
        return Err("an embedding has a member that is no number".to_owned());
    }
    // By the largest member first, so that no square is too large or too small to be held.
    let (Some(a), Some(b)) = (unit(a), unit(b)) else {
        return Err("an embedding is empty or only zeros, and has no direction".to_owned());
    };
    let dot: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
    Ok(dot.clamp(0.0, 1.0))
}

/// The vector of length 1 in the same direction, if it has one.
fn unit(vector: &[f64]) -> Option<Vec<f64>> {
    let largest = vector.iter().fold(0.0_f64, |largest, number| largest.max(number.abs()));
    if largest == 0.0 {
        return None;
    }
    let scaled: Vec<f64> = vector.iter().map(|number| number / largest).collect();
    let length = scaled.iter().map(|number| number * number).sum::<f64>().sqrt();
    Some(scaled.into_iter().map(|number| number / length).collect())
}

/// How often each word is in a text.
fn words(text: &str) -> HashMap<String, usize> {
    let mut words = HashMap::new();
    let mut word = String::new();
    let mut close = |word: &mut String| {
        if !word.is_empty() {
            *words.entry(std::mem::take(word)).or_insert(0) += 1;
        }
    };
    for ch in text.chars().flat_map(char::to_lowercase) {
        if is_word_alone(ch) {
            close(&mut word);
            word.push(ch);
            close(&mut word);
        } else if ch.is_alphanumeric() || is_mark(ch) && !word.is_empty() {
            word.push(ch);
        } else {
            close(&mut word);
        }
    }
    close(&mut word);
    words
}

/// Letters of scripts that are written without spaces between words: Chinese, Japanese,
/// Thai, Lao, Khmer, Burmese.
fn is_word_alone(ch: char) -> bool {
    ch.is_alphabetic()
        && matches!(ch,
            '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
            | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Accents that stand on the letter before, as decomposed text has them.
fn is_mark(ch: char) -> bool {
    matches!(ch, '\u{0300}'..='\u{036f}')
}

/// `part` of `whole`.
#[expect(clippy::cast_precision_loss, reason = "numbers of words, far below 2^52")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::law::law;

    #[test]
    fn texts_are_as_similar_as_their_words() {
        for (a, b, wanted) in [
            ("Paris", "paris!", 1.0),
            ("The capital is Paris.", "Paris is the capital", 1.0),
            ("yes", "no", 0.0),
            ("", "", 1.0),
            ("...", "", 1.0),
            ("a", "", 0.0),
            ("a a b", "a b b", 2.0 / 3.0),
            ("one two three four", "one two five six", 0.5),
            ("STRASSE Éa", "strasse éa", 1.0),
            ("東京", "京都", 0.5),
            ("42 items", "42", 2.0 / 3.0),
        ] {
            assert!((similarity(a, b) - wanted).abs() < 1e-9, "{a:?} and {b:?}: {}", similarity(a, b));
        }
        assert_eq!(most_similar("a b", ["c", "a b", "a"]), Some(1.0));
        assert_eq!(most_similar("a b", []), None);
    }

    #[test]
    fn embeddings_are_as_similar_as_their_directions() {
        for (a, b, wanted) in [
            (vec![1.0, 0.0], vec![2.0, 0.0], 1.0),
            (vec![1.0, 0.0], vec![0.0, 3.0], 0.0),
            (vec![1.0, 0.0], vec![-1.0, 0.0], 0.0),
            (vec![1.0, 1.0], vec![1.0, 0.0], 0.5_f64.sqrt()),
            (vec![1e300, 1e300], vec![1e-300, 1e-300], 1.0),
        ] {
            assert!((cosine(&a, &b).unwrap() - wanted).abs() < 1e-9, "{a:?} and {b:?}");
        }
        for (a, b, why) in [
            (vec![1.0], vec![1.0, 2.0], "of 1 and of 2 numbers"),
            (vec![], vec![], "has no direction"),
            (vec![0.0], vec![1.0], "has no direction"),
            (vec![f64::NAN], vec![1.0], "is no number"),
        ] {
            assert!(cosine(&a, &b).unwrap_err().contains(why), "{a:?} and {b:?}");
        }
    }

    proptest! {
        #![proptest_config(law())]

        #[test]
        fn similarity_is_symmetric_between_0_and_1_and_1_for_the_same(a in any::<String>(), b in "[a-d ]{0,20}", c in "[a-d ]{0,20}") {
            prop_assert!((similarity(&a, &a) - 1.0).abs() < 1e-12);
            for (one, other) in [(&a, &b), (&b, &c)] {
                let similar = similarity(one, other);
                prop_assert!((0.0..=1.0).contains(&similar));
                prop_assert!((similar - similarity(other, one)).abs() < 1e-12);
            }
        }

        #[test]
        fn the_order_and_the_case_of_words_do_not_matter(words in prop::collection::vec("[a-z]{1,5}", 1..10)) {
            let text = words.join(" ");
            let other = words.iter().rev().map(|word| word.to_uppercase()).collect::<Vec<_>>().join(", ");
            prop_assert!((similarity(&text, &other) - 1.0).abs() < 1e-12);
        }

        #[test]
        fn a_word_more_is_less_similar(words in prop::collection::vec("[a-z]{1,5}", 1..10)) {
            let text = words.join(" ");
            let longer = format!("{text} 1");
            prop_assert!(similarity(&text, &longer) < 1.0);
        }

        #[test]
        fn the_cosine_is_symmetric_and_does_not_depend_on_lengths(
            pairs in prop::collection::vec((-1e6..1e6_f64, -1e6..1e6_f64), 1..20), scale in 1e-3..1e3_f64,
        ) {
            let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            prop_assume!(a.iter().any(|n| *n != 0.0) && b.iter().any(|n| *n != 0.0));
            let similar = cosine(&a, &b).unwrap();
            let longer: Vec<f64> = a.iter().map(|n| n * scale).collect();
            prop_assert!((0.0..=1.0).contains(&similar));
            prop_assert!((similar - cosine(&b, &longer).unwrap()).abs() < 1e-9);
            prop_assert!((cosine(&a, &longer).unwrap() - 1.0).abs() < 1e-9);
        }
    }
}
