//! Where the servers' programs are.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Folders of folders that hold PostgreSQL's programs off the `PATH`, and what stands below each version.
const VERSIONS: &[(&str, &str)] = &[
    ("/usr/lib/postgresql", "bin"),
    ("/opt/homebrew/opt", "bin"),
    ("/usr/local/opt", "bin"),
    ("/usr", "bin"),
];

/// Where a program is that must be on the `PATH`.
///
/// # Panics
///
/// When it is not there; the message says how to get it.
pub(super) fn on_path(name: &str) -> PathBuf {
    search_path(name).unwrap_or_else(|| missing(name))
}

/// The folder with `initdb`, `postgres` and `psql`: the one on the `PATH`, else the newest version's.
///
/// # Panics
///
/// When there is none; the message says how to get it.
pub(super) fn postgres_folder() -> PathBuf {
    let on_path = search_path("initdb").and_then(|initdb| fs::canonicalize(initdb).ok());
    let initdb = on_path.or_else(|| {
        VERSIONS
            .iter()
            .flat_map(|(parent, below)| versions(Path::new(parent), below))
            .max_by_key(|(version, _)| *version)
            .map(|(_, initdb)| initdb)
    });
    let folder = initdb.and_then(|initdb| initdb.parent().map(Path::to_owned));
    folder.unwrap_or_else(|| missing("initdb"))
}

/// Every `initdb` in a folder named after a version: `15`, `postgresql@17` or `pgsql-16`.
fn versions(parent: &Path, below: &str) -> Vec<(u32, PathBuf)> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let name = entry.file_name();
            let name = name.to_str()?;
            let version = ["postgresql@", "pgsql-", ""]
                .iter()
                .find_map(|prefix| name.strip_prefix(prefix)?.parse().ok())?;
            let initdb = entry.path().join(below).join("initdb");
            initdb.is_file().then_some((version, initdb))
        })
        .collect()
}

fn search_path(name: &str) -> Option<PathBuf> {
    let output = Command::new("sh")
        .args(["-c", "command -v \"$1\"", "sh", name])
        .output()
        .unwrap();
    let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (!path.is_empty()).then(|| PathBuf::from(path))
}

fn missing(name: &str) -> ! {
    panic!("{name} is missing, and the tests start servers of their own; run `just setup`")
}
