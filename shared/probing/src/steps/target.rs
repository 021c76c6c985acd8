//! Where does an address lead, and may this kind of step go there?

use url::Url;

use crate::failed::Failed;
use crate::place::Place;

/// Reads an address with one of `schemes`, and the place that it leads to.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(text: &str, schemes: &[&str]) -> Result<(Url, Place), Failed> {
    let mut url = Url::parse(text).map_err(|error| Failed::new(format!("`{text}` is not an address: {error}")))?;
    if !schemes.contains(&url.scheme()) {
        let known: Vec<String> = schemes.iter().map(|scheme| format!("{scheme}://")).collect();
        return Err(Failed::new(format!("`{text}` is not an address that begins with {}", known.join(" or "))));
    }
    if !url.username().is_empty() || url.password().is_some() {
        let because = "a user or a password stands in the address; what proves who asks belongs in the step's `headers`";
        return Err(Failed::new(because));
    }
    url.set_fragment(None);
    let place = Place::of(&url).ok_or_else(|| Failed::new(format!("`{text}` names no host")))?;
    Ok((url, place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_kind_lead_anywhere() {
        let (url, place) = read("wss://Chat.example.com/room?x=1#part", &["ws", "wss"]).unwrap();
        assert_eq!((url.as_str(), place.to_string().as_str()), ("wss://chat.example.com/room?x=1", "chat.example.com:443"));
        for (text, wanted) in [
            ("https://chat.example.com", "begins with ws:// or wss://"),
            ("chat.example.com", "not an address"),
            ("ws://user:password@chat.example.com", "`headers`"),
        ] {
            let why = read(text, &["ws", "wss"]).unwrap_err().because;
            assert!(why.contains(wanted), "{text}: {why}");
            assert!(!why.contains("password@"), "{why}");
        }
    }
}
