//! Text with variables: `Bearer ${token}`.

use std::collections::BTreeMap;

/// Text in which variables stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Variable(String),
    /// A variable whose value is encoded as a form's, since it stands in a query.
    Encoded(String),
}

/// A piece of a text: itself, or a variable's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'t> {
    /// Text as it is.
    Text(&'t str),
    /// What a variable of this name stands for.
    Variable(&'t str),
}

/// What variables stand for, by name: captures by their own, `secret.NAME`, `run.id`,
/// `run.region`, `run.at`.
pub type Values = BTreeMap<String, String>;

impl Template {
    /// Reads text with variables. `$${` is `${` as text.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Template, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            if let Some(before) = rest[..at].strip_suffix('$') {
                plain.push_str(before);
                plain.push_str("${");
                rest = &rest[at + 2..];
                continue;
            }
            plain.push_str(&rest[..at]);
            let Some(end) = rest[at..].find('}') else {
                return Err(format!("`{}` has no end; close it with `}}`, or write `$${{` for the characters", &rest[at..]));
            };
            let name = rest[at + 2..at + end].trim();
            let is_name = |ch: char| ch.is_ascii_alphanumeric() || matches!(ch, '_' | '-' | '.');
            if name.is_empty() || !name.chars().all(is_name) {
                return Err(format!("`${{{name}}}` names no variable: letters, digits, `_`, `-` and `.` make a name"));
            }
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Variable(name.to_owned()));
            rest = &rest[at + end + 1..];
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Template { pieces })
    }

    /// Its pieces, in order.
    pub fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        self.pieces.iter().map(|piece| match piece {
            Piece::Text(plain) => Part::Text(plain),
            Piece::Variable(name) | Piece::Encoded(name) => Part::Variable(name),
        })
    }

    /// The names of the variables in it.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts().filter_map(|part| match part {
            Part::Variable(name) => Some(name),
            Part::Text(_) => None,
        })
    }

    /// The text with `stand_in` for each variable, to see what it looks like.
    pub(crate) fn with(&self, stand_in: &str) -> String {
        self.parts().map(|part| if let Part::Text(plain) = part { plain } else { stand_in }).collect()
    }

    /// Adds `plain` at the end, in which there are no variables.
    pub(crate) fn push(&mut self, plain: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Text(last)) => last.push_str(plain),
            Some(Piece::Variable(_) | Piece::Encoded(_)) | None => self.pieces.push(Piece::Text(plain.to_owned())),
        }
    }

    /// Adds `value` at the end, encoded as the value of a query is.
    pub(crate) fn push_encoded(&mut self, value: Template) {
        for piece in value.pieces {
            match piece {
                Piece::Text(plain) => self.push(&encoded(&plain)),
                Piece::Variable(name) | Piece::Encoded(name) => self.pieces.push(Piece::Encoded(name)),
            }
        }
    }

    /// The text, with what each variable stands for.
    ///
    /// # Errors
    /// The name of a variable that stands for nothing.
    pub fn fill(&self, values: &Values) -> Result<String, String> {
        let mut text = String::new();
        for piece in &self.pieces {
            let value = |name: &String| values.get(name).ok_or_else(|| name.clone());
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Variable(name) => text.push_str(value(name)?),
                Piece::Encoded(name) => text.push_str(&encoded(value(name)?)),
            }
        }
        Ok(text)
    }
}

impl std::fmt::Display for Template {
    /// Writes it as the file has it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.pieces.iter().try_for_each(|piece| match piece {
            Piece::Text(plain) => f.write_str(&plain.replace("${", "$${")),
            Piece::Variable(name) | Piece::Encoded(name) => write!(f, "${{{name}}}"),
        })
    }
}

/// `text` as it stands in a query.
pub(crate) fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests;
