//! The account that a server runs as.

use std::process::Command;

/// A user and a group of the operating system, by number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Account {
    pub(super) user: u32,
    pub(super) group: u32,
}

impl Account {
    /// The `postgres` account when this process is root's, since PostgreSQL refuses to run as root.
    pub(super) fn unless_root() -> Option<Self> {
        (number(&["-u"]) == Some(0)).then(|| {
            let user = number(&["-u", "postgres"]);
            let group = number(&["-g", "postgres"]);
            let Some((user, group)) = user.zip(group) else {
                panic!("PostgreSQL does not run as root, and there is no account named postgres; run `just setup`");
            };
            Self { user, group }
        })
    }
}

fn number(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}
