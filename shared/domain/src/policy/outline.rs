//! Where in the file does a path stand?
//!
//! Functions get the policy as JSON, so that none of them parses YAML. To name a
//! line all the same when `terraform apply` checks a policy, this reads the
//! file's indentation only: block mappings and sequences, one key a line. A
//! value in flow style (`{a: b}`) or in a block scalar is found at the line of
//! the key that holds it.

use super::problem::Place;

/// The keys of a YAML file with their places.
#[derive(Debug, Clone, Default)]
pub struct Outline {
    /// The path, as in `route.routes[1].receiver`, and where its key stands.
    places: Vec<(String, Place)>,
}

struct Level {
    indent: usize,
    path: String,
    n_items: usize,
}

impl Outline {
    /// Reads the outline of a file.
    pub fn of(text: &str) -> Outline {
        let mut outline = Outline::default();
        let mut levels: Vec<Level> = Vec::new();
        let mut scalar_indent: Option<usize> = None;
        for (n, line) in text.lines().enumerate() {
            let content = line.trim_start();
            let indent = line.len() - content.len();
            if let Some(parent) = scalar_indent {
                if content.is_empty() || indent > parent {
                    continue;
                }
                scalar_indent = None;
            }
            if content.is_empty() || content.starts_with('#') || content.starts_with("---") {
                continue;
            }
            outline.read_line(content, indent, n + 1, &mut levels);
            let ends_with_block = content.split(" #").next().is_some_and(|code| {
                let code = code.trim_end();
                [": |", ": >", ": |-", ": >-", ": |+", ": >+"].iter().any(|end| code.ends_with(end))
            });
            if ends_with_block {
                scalar_indent = Some(indent);
            }
        }
        outline
    }

    fn read_line(&mut self, content: &str, indent: usize, line: usize, levels: &mut Vec<Level>) {
        let (mut content, mut indent) = (content, indent);
        // Indentation is ASCII, so bytes are characters there.
        let at = |indent: usize| Place { line, column: indent + 1 };
        while let Some(rest) = content.strip_prefix("- ").or_else(|| (content == "-").then_some("")) {
            // What remains on top is the sequence's key (which may stand at the same
            // indentation) or, for `- - a`, the item around it.
            while levels.last().is_some_and(|level| level.indent > indent) {
                levels.pop();
            }
            let parent = levels.last_mut();
            let path = match parent {
                Some(level) => {
                    level.n_items += 1;
                    format!("{}[{}]", level.path, level.n_items - 1)
                }
                None => String::new(),
            };
            let inner = rest.trim_start();
            let inner_indent = indent + (content.len() - inner.len());
            self.places.push((path.clone(), at(inner_indent)));
            levels.push(Level { indent: inner_indent, path, n_items: 0 });
            (content, indent) = (inner, inner_indent);
        }
        let Some(key) = key_of(content) else { return };
        while levels.last().is_some_and(|level| level.indent > indent || (level.indent == indent && !is_item(&level.path))) {
            levels.pop();
        }
        let parent = levels.last().map_or("", |level| level.path.as_str());
        let path = if parent.is_empty() { key.to_owned() } else { format!("{parent}.{key}") };
        self.places.push((path.clone(), at(indent)));
        levels.push(Level { indent, path, n_items: 0 });
    }

    /// The place of `path`, or of the nearest thing above it; the first line and
    /// column for the file.
    pub fn place_of(&self, path: &str) -> Place {
        let mut path = path;
        loop {
            if let Some((_, place)) = self.places.iter().find(|(known, _)| known == path) {
                return *place;
            }
            match path.rfind(['.', '[']) {
                Some(at) => path = &path[..at],
                None => return Place { line: 1, column: 1 },
            }
        }
    }
}

/// Whether `path` is an item of a sequence, whose keys stand at its indentation.
fn is_item(path: &str) -> bool {
    path.ends_with(']')
}

/// The key that a line begins with.
fn key_of(content: &str) -> Option<&str> {
    if content.starts_with(['{', '[', '&', '*', '!', '|', '>']) {
        return None;
    }
    let at = content.find(':').filter(|at| content[at + 1..].is_empty() || content[at + 1..].starts_with(' '))?;
    let key = content[..at].trim().trim_matches(['"', '\'']);
    (!key.is_empty()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"# a policy
services:
  - name: api
    team: api
  - name: database
    rds: {db_instance: db}

route:
  receiver: everyone
  routes:
  - matchers: ['team="api"']
    receiver: api-team
    routes:
      - matchers:
          - 'priority="P1"'
          - 'x="y"'
        group_wait: 0s
  -
    receiver: late
receivers:
- name: everyone
  notes: |
    name: not a key
  sns_configs:
    - topic: alerts
"#;

    #[test]
    fn every_path_is_found_where_its_key_stands() {
        let outline = Outline::of(FILE);
        for (path, place) in [
            ("services", "2:1"),
            ("services[0].name", "3:5"),
            ("services[0].team", "4:5"),
            ("services[1]", "5:5"),
            ("services[1].rds", "6:5"),
            ("services[1].rds.db_instance", "6:5"),
            ("route.receiver", "9:3"),
            ("route.routes[0].matchers", "11:5"),
            ("route.routes[0].matchers[0]", "11:5"),
            ("route.routes[0].receiver", "12:5"),
            ("route.routes[0].routes[0].matchers[1]", "16:13"),
            ("route.routes[0].routes[0].group_wait", "17:9"),
            ("route.routes[1].receiver", "19:5"),
            ("receivers[0].name", "21:3"),
            ("receivers[0].sns_configs[0].topic", "25:7"),
            ("no.such.thing", "1:1"),
            ("", "1:1"),
        ] {
            assert_eq!(outline.place_of(path).to_string(), place, "{path}");
        }
    }

    #[test]
    fn nonsense_has_an_outline_too() {
        for text in ["", "- - - a", ":::", "- \n-\n -", "a: b\n   c: d\n e: f\n- g", "\u{feff}a: b", "a:\n\t- b: c"] {
            assert!(Outline::of(text).place_of("a.b[3].c").line >= 1, "{text:?}");
        }
    }
}
