//! The dashboard of the repository is one that Grafana takes as it is.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::dashboard::DASHBOARD;

/// How many columns Grafana's grid has.
const COLUMNS: u64 = 24;

fn dashboard() -> Value {
    serde_json::from_str(DASHBOARD).unwrap()
}

fn panels(dashboard: &Value) -> &Vec<Value> {
    dashboard["panels"].as_array().unwrap()
}

/// The cells that a panel covers.
fn cells(panel: &Value) -> impl Iterator<Item = (u64, u64)> {
    let [x, y, w, h] = ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().unwrap());
    assert!(w > 0 && h > 0 && x + w <= COLUMNS, "{panel}");
    (x..x + w).flat_map(move |column| (y..y + h).map(move |row| (column, row)))
}

#[test]
fn the_dashboard_has_what_grafana_wants_of_one() {
    let dashboard = dashboard();
    // Whoever imports it gives it an id; the uid is what links to it name.
    assert_eq!(dashboard["id"], Value::Null);
    let uid = dashboard["uid"].as_str().unwrap();
    assert!((8..=40).contains(&uid.len()), "{uid}");
    // A Grafana brings older forms up to its own; of a newer one it knows nothing.
    assert_eq!(dashboard["schemaVersion"], 39);
    assert!(!dashboard["title"].as_str().unwrap().is_empty());
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let [variable] = &variables[..] else {
        panic!("{variables:?}");
    };
    for (field, value) in [
        ("name", "datasource"),
        ("type", "datasource"),
        ("query", "prometheus"),
    ] {
        assert_eq!(variable[field], value);
    }
}

#[test]
fn every_panel_is_complete_and_asks_the_data_source_that_is_chosen() {
    let dashboard = dashboard();
    let chosen = json!({"type": "prometheus", "uid": "${datasource}"});
    let mut ids = BTreeSet::new();
    for panel in panels(&dashboard) {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        let options = &panel["options"];
        match panel["type"].as_str().unwrap() {
            "stat" => assert_eq!(options["reduceOptions"]["calcs"], json!(["lastNotNull"])),
            "timeseries" => assert_eq!(options["legend"]["showLegend"], true),
            other => panic!("{other} is no panel that this test knows"),
        }
        assert!(panel["fieldConfig"]["defaults"]["unit"].is_string());
        assert!(panel["fieldConfig"]["overrides"].is_array());
        assert_eq!(panel["datasource"], chosen);
        let mut names = BTreeSet::new();
        for target in panel["targets"].as_array().unwrap() {
            assert!(names.insert(target["refId"].as_str().unwrap()), "{panel}");
            assert_eq!(target["datasource"], chosen);
            assert!(target["legendFormat"].is_string(), "{target}");
        }
    }
}

#[test]
fn no_panel_covers_another_and_none_leaves_a_gap() {
    let dashboard = dashboard();
    let mut covered = BTreeSet::new();
    for panel in panels(&dashboard) {
        for cell in cells(panel) {
            assert!(covered.insert(cell), "{cell:?} is covered twice: {panel}");
        }
    }
    let rows = covered.iter().map(|&(_, row)| row + 1).max().unwrap();
    assert_eq!(covered.len() as u64, rows * COLUMNS);
}
