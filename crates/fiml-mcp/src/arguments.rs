//! The door of every tool: arguments are held to the schema that the tool lists.

use fiml_session_core::Invalid;
use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use rmcp::model::JsonObject;
use serde_json::Value;

/// A tool's argument schema, compiled once.
#[derive(Debug)]
pub(crate) struct ArgumentCheck {
    schema: Value,
    validator: Validator,
    max_depth: usize,
}

impl ArgumentCheck {
    pub(crate) fn new(schema: &JsonObject, max_depth: usize) -> Self {
        let schema = Value::Object(schema.clone());
        let validator = jsonschema::draft202012::new(&schema)
            .expect("the schemas are ours, and a test compiles each of them");
        Self {
            schema,
            validator,
            max_depth,
        }
    }

    /// The arguments without their nulls, which mean the same as leaving an argument out; or the first
    /// violation, unknown names before missing ones before bad values.
    pub(crate) fn check(&self, mut arguments: JsonObject) -> Result<Value, Invalid> {
        let known = &self.schema["properties"];
        arguments.retain(|name, value| !value.is_null() || known.get(name).is_none());
        for (name, value) in &arguments {
            check_depth(name, value, self.max_depth)?;
        }
        let arguments = Value::Object(arguments);
        if self.validator.is_valid(&arguments) {
            return Ok(arguments);
        }
        let violations = self.validator.iter_errors(&arguments);
        let first = violations.min_by_key(|violation| match violation.kind() {
            ValidationErrorKind::AdditionalProperties { .. } => 0,
            ValidationErrorKind::Required { .. } => 1,
            _ => 2,
        });
        match first {
            Some(violation) => Err(self.describe(&violation)),
            None => Ok(arguments),
        }
    }

    fn describe(&self, violation: &ValidationError<'_>) -> Invalid {
        let argument = path(violation.instance_path().as_str());
        let instance = violation.instance().as_ref();
        let schema = self.schema_of(violation);
        let (problem, limit) = match violation.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                let argument = unexpected.first().map_or("", String::as_str);
                return Invalid::malformed(
                    shown(argument),
                    "is not an argument of this tool",
                    self.known(),
                );
            }
            ValidationErrorKind::Required { property } => {
                let argument = property.as_str().unwrap_or_default();
                return Invalid::malformed(argument, "is missing", "required");
            }
            ValidationErrorKind::Type { kind: _ } => {
                let wanted = schema["type"].as_str().unwrap_or("value");
                (
                    format!("is {}", kind_of(instance)),
                    format!("must be of type {wanted}"),
                )
            }
            ValidationErrorKind::Enum { .. } => (is(instance), one_of(&schema["enum"])),
            ValidationErrorKind::MinItems { .. } | ValidationErrorKind::MaxItems { .. } => {
                let items = instance.as_array().map_or(0, Vec::len);
                let limit = format!("{} to {} items", schema["minItems"], schema["maxItems"]);
                (format!("has {items} items"), limit)
            }
            ValidationErrorKind::MinLength { .. } | ValidationErrorKind::MaxLength { .. } => {
                let characters = instance.as_str().map_or(0, |text| text.chars().count());
                let limit = format!(
                    "{} to {} characters",
                    schema["minLength"], schema["maxLength"]
                );
                (format!("is {characters} characters long"), limit)
            }
            ValidationErrorKind::ExclusiveMinimum { limit } => {
                (is(instance), format!("above {limit}"))
            }
            ValidationErrorKind::Minimum { .. } | ValidationErrorKind::Maximum { .. } => {
                let limit = format!("{} to {}", schema["minimum"], schema["maximum"]);
                (is(instance), limit)
            }
            other => {
                let problem = "does not fit the schema of this tool".to_owned();
                (problem, format!("the rule {:?}", other.keyword()))
            }
        };
        Invalid::malformed(argument, problem, limit)
    }

    /// The schema that holds the violated rule.
    fn schema_of(&self, violation: &ValidationError<'_>) -> &Value {
        let rule = violation.schema_path().as_str();
        let holder = rule.rsplit_once('/').map_or("", |(holder, _)| holder);
        self.schema.pointer(holder).unwrap_or(&Value::Null)
    }

    fn known(&self) -> String {
        let names = self.schema["properties"].as_object().into_iter().flatten();
        let names: Vec<_> = names.map(|(name, _)| name.as_str()).collect();
        format!("the arguments are {}", names.join(", "))
    }
}

/// Refuses what nests too deep before anything looks into it.
fn check_depth(name: &str, value: &Value, max: usize) -> Result<(), Invalid> {
    if fits(value, max) {
        return Ok(());
    }
    let limit = format!("at most {max} levels of arrays and objects");
    Err(Invalid::too_large(shown(name), "is nested too deep", limit))
}

fn fits(value: &Value, left: usize) -> bool {
    match value {
        Value::Array(items) => left > 0 && items.iter().all(|item| fits(item, left - 1)),
        Value::Object(fields) => left > 0 && fields.values().all(|field| fits(field, left - 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// `/assets/3` as people write it: `assets[3]`.
fn path(pointer: &str) -> String {
    let mut path = String::new();
    for part in pointer.split('/').skip(1) {
        if path.is_empty() {
            path.push_str(part);
        } else {
            path = format!("{path}[{part}]");
        }
    }
    path
}

fn is(value: &Value) -> String {
    match value {
        Value::String(text) => format!("is {:?}", shown(text)),
        Value::Number(_) | Value::Bool(_) | Value::Null => format!("is {value}"),
        Value::Array(_) | Value::Object(_) => format!("is {}", kind_of(value)),
    }
}

/// A caller's text, short enough to repeat.
fn shown(text: &str) -> String {
    const LONGEST: usize = 64;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn one_of(options: &Value) -> String {
    let options = options.as_array().into_iter().flatten();
    let options: Vec<_> = options.filter_map(Value::as_str).collect();
    format!("one of {}", options.join(", "))
}
