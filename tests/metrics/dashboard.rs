//! The dashboard of the repository asks only for what a server serves.

use std::collections::BTreeSet;

use fiml_tests::place::Place;
use serde_json::{Value, json};

use crate::page::{Page, Sample, Samples};

pub(crate) const DASHBOARD: &str = include_str!("../../docs/grafana/dashboard.json");

/// The expressions of every panel, with its title.
fn expressions(dashboard: &str) -> Vec<(String, String)> {
    let dashboard: Value = serde_json::from_str(dashboard).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut found = Vec::new();
    for panel in panels {
        let title = panel["title"].as_str().unwrap();
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty(), "{title} asks for nothing");
        for target in targets {
            let expression = target["expr"].as_str().unwrap();
            found.push((title.to_owned(), expression.to_owned()));
        }
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':'
}

/// The words of `by (…)` and `without (…)`.
fn grouped(expression: &str) -> Vec<String> {
    let mut labels = Vec::new();
    for opening in ["by (", "without (", "by(", "without("] {
        for (at, _) in expression.match_indices(opening) {
            let rest = &expression[at + opening.len()..];
            let list = rest.split(')').next().unwrap();
            labels.extend(list.split(',').map(|label| label.trim().to_owned()));
        }
    }
    labels
}

/// A selector: the name of a series, and its matchers as label, operator and value.
type Selector = (String, Vec<(String, String, String)>);

fn selectors(expression: &str) -> Vec<Selector> {
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(at) = rest.find("fiml_") {
        let begins = rest[..at].chars().next_back().is_none_or(|c| !is_word(c));
        rest = &rest[at..];
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let name = rest[..end].to_owned();
        rest = &rest[end..];
        let mut matchers = Vec::new();
        if let Some(list) = rest.strip_prefix('{') {
            let list = list.split('}').next().unwrap();
            for matcher in list.split(',') {
                let mut operator = ["!~", "=~", "!=", "="].into_iter();
                let operator = operator.find(|o| matcher.contains(o)).unwrap();
                let (label, value) = matcher.split_once(operator).unwrap();
                let value = value.trim().trim_matches('"');
                matchers.push((
                    label.trim().to_owned(),
                    operator.to_owned(),
                    value.to_owned(),
                ));
            }
        }
        if begins {
            found.push((name, matchers));
        }
    }
    found
}

/// What an expression asks for that is not served, in words.
fn missing(expression: &str, served: &Samples) -> Vec<String> {
    let mut missing = Vec::new();
    let mut labels = BTreeSet::new();
    let selectors = selectors(expression);
    if selectors.is_empty() {
        missing.push("it asks for no series of ours".to_owned());
    }
    for (name, matchers) in selectors {
        let of_name: Vec<&Sample> = served.0.iter().filter(|s| s.name == name).collect();
        if of_name.is_empty() {
            missing.push(format!("there is no series {name}"));
        }
        let has = |label: &str, value: Option<&str>| {
            of_name
                .iter()
                .flat_map(|sample| &sample.labels)
                .any(|(held, text)| held == label && value.is_none_or(|value| value == text))
        };
        for (label, operator, value) in &matchers {
            if !has(label, None) {
                missing.push(format!("{name} has no label {label}"));
            } else if operator == "=" && !has(label, Some(value)) {
                missing.push(format!("{name} has no {label} {value:?}"));
            }
        }
        let held = of_name.iter().flat_map(|sample| &sample.labels);
        labels.extend(held.map(|(label, _)| label.clone()));
    }
    for label in grouped(expression) {
        if !labels.contains(&label) {
            missing.push(format!("nothing in it has a label {label}"));
        }
    }
    missing
}

#[test]
fn every_expression_of_the_dashboard_asks_for_series_that_a_server_serves() {
    let place = Place::two_tiers();
    let (page, mut client) = Page::of_client(place.fiml(), &place, &[]);
    let session = client.create(&json!({"assets": ["AAPL"], "sessionType": "equity"}));
    let search = json!({"symbol": "AAPL", "sessionId": session});
    client.call("search-by-symbol", &search).unwrap();
    let ended = "fiml_job_last_success_timestamp_seconds";
    let served = page.read_until(|told| told.sum(ended, &[]).is_some());
    let expressions = expressions(DASHBOARD);
    assert!(expressions.len() > 15, "{expressions:?}");
    let wrong: Vec<_> = expressions
        .into_iter()
        .map(|(title, expression)| (title, missing(&expression, &served), expression))
        .filter(|(_, missing, _)| !missing.is_empty())
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    client.close();
}

#[test]
fn a_series_a_label_or_a_value_that_is_not_served_is_found() {
    let served = Samples::of("fiml_a_total{type=\"x\"} 1\nfiml_b_bucket{le=\"+Inf\"} 2");
    for good in [
        "sum by (type) (rate(fiml_a_total[5m]))",
        "fiml_a_total{type=\"x\"} > 0",
        "fiml_a_total{type!~\"y|z\"}",
        "histogram_quantile(0.5, sum by (le) (rate(fiml_b_bucket[5m])))",
    ] {
        assert_eq!(missing(good, &served), Vec::<String>::new(), "{good}");
    }
    for (bad, told) in [
        (
            "rate(fiml_forged_total[5m])",
            "there is no series fiml_forged_total",
        ),
        ("fiml_a_total / fiml_a", "there is no series fiml_a"),
        ("fiml_a_total{kind=\"x\"}", "fiml_a_total has no label kind"),
        ("fiml_a_total{type=\"y\"}", "fiml_a_total has no type \"y\""),
        (
            "sum by (user) (fiml_a_total)",
            "nothing in it has a label user",
        ),
        ("up", "it asks for no series of ours"),
    ] {
        assert_eq!(missing(bad, &served), [told], "{bad}");
    }
}
