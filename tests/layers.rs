//! Dependencies point inward only: checked over what Cargo itself says of the workspace.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use serde_json::Value;

/// Which crates of ours each crate may depend on.
const ALLOWED: &[(&str, &[&str])] = &[
    ("fiml-session-core", &[]),
    ("fiml-market", &[]),
    ("fiml-store-pg", &["fiml-session-core"]),
    ("fiml-store-redis", &["fiml-session-core"]),
    ("fiml-store-sqlite", &["fiml-session-core"]),
    ("fiml-analytics", &["fiml-session-core"]),
    ("fiml-jobs", &["fiml-session-core", "fiml-analytics"]),
    (
        "fiml-mcp",
        &["fiml-session-core", "fiml-analytics", "fiml-market"],
    ),
    ("fiml-telemetry", &["fiml-session-core"]),
    ("fiml-testkit", &["fiml-session-core"]),
    (
        "fiml",
        &[
            "fiml-session-core",
            "fiml-analytics",
            "fiml-jobs",
            "fiml-market",
            "fiml-mcp",
            "fiml-store-pg",
            "fiml-store-redis",
            "fiml-store-sqlite",
            "fiml-telemetry",
        ],
    ),
];

/// Packages that belong to few crates, so that a driver or protocol cannot creep elsewhere.
const OWNED: &[(&str, &[&str])] = &[
    ("diesel", &["fiml-store-pg", "fiml-store-sqlite"]),
    ("diesel_migrations", &["fiml-store-pg", "fiml-store-sqlite"]),
    ("diesel-async", &["fiml-store-pg"]),
    ("tokio-postgres", &["fiml-store-pg"]),
    ("redis", &["fiml-store-redis"]),
    ("libsqlite3-sys", &["fiml-store-sqlite"]),
    ("rmcp", &["fiml-mcp"]),
    ("axum", &["fiml-mcp"]),
    ("hyper", &["fiml-mcp"]),
    ("hyper-util", &["fiml-mcp"]),
    ("prometheus-client", &["fiml-telemetry"]),
    ("opentelemetry", &["fiml"]),
    ("opentelemetry_sdk", &["fiml"]),
    ("reqwest", &["fiml-market"]),
    ("yata", &["fiml-market"]),
    ("anyhow", &["fiml"]),
    ("arrow-array", &["fiml"]),
    ("charts-rs", &["fiml"]),
    ("clap", &["fiml"]),
    ("csv", &["fiml"]),
    ("mimalloc", &["fiml"]),
    ("parquet", &["fiml"]),
];

/// The normal and build dependencies of each crate, by name.
type Edges = BTreeMap<String, BTreeSet<String>>;

/// Every dependency that points the wrong way, each as a sentence.
fn violations(edges: &Edges) -> Vec<String> {
    let mut found = Vec::new();
    for (package, dependencies) in edges {
        let allowed = ALLOWED.iter().find(|(name, _)| name == package);
        let Some((_, allowed)) = allowed else {
            found.push(format!("{package} has no place in the layers"));
            continue;
        };
        for dependency in dependencies {
            let ours = ALLOWED.iter().any(|(name, _)| name == dependency);
            let owner = OWNED.iter().find(|(name, _)| name == dependency);
            if ours && !allowed.contains(&dependency.as_str()) {
                found.push(format!("{package} must not depend on {dependency}"));
            } else if owner.is_some_and(|(_, owners)| !owners.contains(&package.as_str())) {
                found.push(format!("{dependency} must not be used in {package}"));
            }
        }
    }
    found
}

fn workspace_edges() -> Edges {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let in_crates = packages.iter().filter(|package| {
        let manifest = package["manifest_path"].as_str().unwrap_or_default();
        manifest.rsplit('/').nth(2) == Some("crates")
    });
    let name = |value: &Value| value["name"].as_str().unwrap_or_default().to_owned();
    let edges = in_crates.map(|package| {
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        let shipped = dependencies.filter(|dependency| dependency["kind"] != "dev");
        (name(package), shipped.map(name).collect())
    });
    edges.collect()
}

#[test]
fn every_dependency_points_inward() {
    let edges = workspace_edges();
    assert_eq!(
        edges.len(),
        ALLOWED.len(),
        "the layers name every crate: {edges:?}"
    );
    assert_eq!(violations(&edges), Vec::<String>::new());
}

#[test]
fn a_dependency_that_points_the_wrong_way_is_found() {
    let with = |package: &str, dependency: &str| {
        let mut edges = workspace_edges();
        edges
            .entry(package.to_owned())
            .or_default()
            .insert(dependency.to_owned());
        violations(&edges)
    };
    assert_eq!(
        with("fiml-jobs", "fiml-store-sqlite"),
        ["fiml-jobs must not depend on fiml-store-sqlite"]
    );
    assert_eq!(
        with("fiml-store-pg", "fiml-store-redis"),
        ["fiml-store-pg must not depend on fiml-store-redis"]
    );
    assert_eq!(
        with("fiml-session-core", "diesel"),
        ["diesel must not be used in fiml-session-core"]
    );
    assert_eq!(with("fiml-market", "fiml-session-core").len(), 1);
    assert_eq!(
        with("fiml-new", "serde"),
        ["fiml-new has no place in the layers"]
    );
}
