//! Which characters are let in, and what an argument that is refused is told.

use serde::Serialize;
use serde_json::{Map, Value};
use thiserror::Error;

/// An argument that was refused before anything was stored.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{argument} {problem}")]
pub struct Invalid {
    /// The offending argument, with the way to the offending part: `tags[3]`, `context.notes[0].text`.
    pub argument: String,
    /// What is wrong with it, as the end of a sentence that begins with the argument.
    pub problem: String,
    /// The limit that it broke, in words: `at most 100 assets`.
    pub limit: String,
    /// True when the argument is well formed and only too large.
    pub too_large: bool,
}

impl Invalid {
    /// An argument that does not have the required form.
    pub fn malformed(
        argument: impl Into<String>,
        problem: impl Into<String>,
        limit: impl Into<String>,
    ) -> Self {
        Self {
            argument: argument.into(),
            problem: problem.into(),
            limit: limit.into(),
            too_large: false,
        }
    }

    /// An argument that is larger than its limit.
    pub fn too_large(
        argument: impl Into<String>,
        problem: impl Into<String>,
        limit: impl Into<String>,
    ) -> Self {
        Self {
            too_large: true,
            ..Self::malformed(argument, problem, limit)
        }
    }
}

/// Checks an id, key, tag or symbol: not empty, at most so many bytes, no invisible characters.
///
/// Control characters (C0, DEL, C1), bidirectional controls, zero-width characters and Unicode tag
/// characters are refused, because two names that look the same must be the same.
pub fn check_name(argument: &str, name: &str, max_bytes: usize) -> Result<(), Invalid> {
    let limit = format!("1 to {max_bytes} bytes of visible characters");
    if name.trim().is_empty() {
        return Err(Invalid::malformed(argument, "is empty", limit));
    }
    if name.len() > max_bytes {
        let problem = format!("is {} bytes long", name.len());
        return Err(Invalid::malformed(argument, problem, limit));
    }
    match name.chars().find(|&c| c.is_control() || is_invisible(c)) {
        Some(c) => Err(Invalid::malformed(argument, contains(c), limit)),
        None => Ok(()),
    }
}

/// Checks free text: at most so many bytes, and no NUL, other C0 control (tab, line feed and carriage
/// return are let in) or Unicode tag character.
pub fn check_text(argument: &str, text: &str, max_bytes: usize) -> Result<(), Invalid> {
    if text.len() > max_bytes {
        let problem = format!("is {} bytes long", text.len());
        return Err(Invalid::too_large(
            argument,
            problem,
            format!("at most {max_bytes} bytes"),
        ));
    }
    check_characters(argument, text)
}

/// Checks a JSON value: arrays and objects nest at most `max_depth` deep, it is at most `max_bytes` long as
/// JSON, and every text inside it passes [`check_text`].
pub fn check_value(
    argument: &str,
    value: &Value,
    max_depth: usize,
    max_bytes: usize,
) -> Result<(), Invalid> {
    // Before anything that walks the whole of it by recursion.
    check_depth(argument, nests_within(value, max_depth), max_depth)?;
    check_size(argument, value, max_bytes)?;
    check_texts(argument, value)
}

/// Checks the fields of a JSON object like [`check_value`].
pub fn check_object(
    argument: &str,
    fields: &Map<String, Value>,
    max_depth: usize,
    max_bytes: usize,
) -> Result<(), Invalid> {
    check_depth(argument, fields_nest_within(fields, max_depth), max_depth)?;
    check_size(argument, fields, max_bytes)?;
    check_fields(argument, fields)
}

fn check_depth(argument: &str, within: bool, max_depth: usize) -> Result<(), Invalid> {
    if within {
        return Ok(());
    }
    Err(Invalid::too_large(
        argument,
        "is nested too deep",
        format!("at most {max_depth} levels of arrays and objects"),
    ))
}

fn nests_within(value: &Value, depth: usize) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        Value::Array(items) => depth > 0 && items.iter().all(|item| nests_within(item, depth - 1)),
        Value::Object(fields) => fields_nest_within(fields, depth),
    }
}

fn fields_nest_within(fields: &Map<String, Value>, depth: usize) -> bool {
    depth > 0 && fields.values().all(|field| nests_within(field, depth - 1))
}

fn check_size(argument: &str, value: &impl Serialize, limit: usize) -> Result<(), Invalid> {
    let size = json_len(value);
    if size.as_ref().is_ok_and(|size| *size <= limit) {
        return Ok(());
    }
    let problem = match size {
        Ok(size) => format!("is {size} bytes long as JSON"),
        Err(error) => format!("is not JSON: {error}"),
    };
    Err(Invalid::too_large(
        argument,
        problem,
        format!("at most {limit} bytes"),
    ))
}

/// How many bytes a value is long as JSON; to know it needs no copy of the text.
///
/// # Errors
///
/// What cannot be JSON, such as a map whose keys are not texts.
pub fn json_len(value: &impl Serialize) -> Result<usize, serde_json::Error> {
    let mut size = CountingWriter(0);
    serde_json::to_writer(&mut size, value)?;
    Ok(size.0)
}

struct CountingWriter(usize);

impl std::io::Write for CountingWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn check_texts(path: &str, value: &Value) -> Result<(), Invalid> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        Value::String(text) => check_characters(path, text),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| check_texts(&format!("{path}[{index}]"), item)),
        Value::Object(fields) => check_fields(path, fields),
    }
}

fn check_fields(path: &str, fields: &Map<String, Value>) -> Result<(), Invalid> {
    fields.iter().try_for_each(|(key, field)| {
        check_characters(path, key)?;
        check_texts(&format!("{path}.{key}"), field)
    })
}

fn check_characters(argument: &str, text: &str) -> Result<(), Invalid> {
    let forbidden = |&c: &char| (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || is_tag(c);
    match text.chars().find(forbidden) {
        Some(c) => Err(Invalid::malformed(
            argument,
            contains(c),
            "no control characters but tab, line feed and carriage return; no Unicode tag characters",
        )),
        None => Ok(()),
    }
}

fn contains(c: char) -> String {
    format!("contains the forbidden character U+{:04X}", u32::from(c))
}

fn is_tag(c: char) -> bool {
    ('\u{E0000}'..='\u{E007F}').contains(&c)
}

fn is_invisible(c: char) -> bool {
    is_tag(c)
        || matches!(c,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206F}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_forbidden_character_is_named_with_its_path() {
        let error =
            check_value("context.notes", &json!({"a": ["ok", "x\u{0}"]}), 64, 1_000).unwrap_err();
        assert_eq!(error.argument, "context.notes.a[1]");
        assert_eq!(error.problem, "contains the forbidden character U+0000");
    }

    #[test]
    fn sixty_four_levels_pass_and_the_next_does_not() {
        let nested = |depth| (0..depth).fold(json!(1), |value, _| json!([value]));
        assert!(check_value("v", &nested(64), 64, 1_000).is_ok());
        assert!(
            check_value("v", &nested(65), 64, 1_000)
                .unwrap_err()
                .too_large
        );
    }

    #[test]
    fn names_refuse_what_cannot_be_seen() {
        for hidden in [
            "a\u{202E}b",
            "a\u{200B}",
            "a\nb",
            "a\u{E0041}",
            "a\u{7F}",
            " ",
        ] {
            assert!(check_name("tag", hidden, 64).is_err(), "{hidden:?}");
        }
        assert!(check_name("tag", "Überblick 2026", 64).is_ok());
    }
}
