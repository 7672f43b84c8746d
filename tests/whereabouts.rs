//! Where sessions are kept, as one process of the tests tells another.

use std::{path::PathBuf, sync::Arc};

use fiml_session_core::{
    Stores,
    store::{ArchiveUpkeep, JobStore},
};
use fiml_store_pg::PgStore;
use fiml_store_sqlite::{SqliteConfig, SqliteStore};
use serde::{Deserialize, Serialize};

use crate::place::Tiers;

/// A file, or a part of two servers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Whereabouts {
    /// The file, in a folder that is there.
    File(PathBuf),
    /// The servers.
    Servers(Tiers),
}

/// Everything that is kept there, open.
#[derive(Debug, Clone)]
pub struct Opened {
    /// What a service runs on.
    pub stores: Stores,
    /// What jobs ask of the archive.
    pub upkeep: Arc<dyn ArchiveUpkeep>,
    /// The runs of jobs.
    pub runs: Arc<dyn JobStore>,
}

impl Whereabouts {
    /// Opens it, and makes what is missing.
    pub async fn open(&self) -> Opened {
        match self {
            Self::File(path) => {
                let file = SqliteStore::connect(SqliteConfig::new(path)).await;
                let file = Arc::new(file.expect("the file can be opened"));
                Opened {
                    stores: Stores::single(Arc::<SqliteStore>::clone(&file)),
                    upkeep: Arc::<SqliteStore>::clone(&file),
                    runs: file,
                }
            }
            Self::Servers(tiers) => {
                let archive = Arc::new(tiers.postgres().await);
                Opened {
                    stores: Stores {
                        active: Arc::new(tiers.redis().await),
                        metrics: Arc::<PgStore>::clone(&archive),
                        archive: Arc::<PgStore>::clone(&archive),
                    },
                    upkeep: Arc::<PgStore>::clone(&archive),
                    runs: archive,
                }
            }
        }
    }

    /// As one word of a command line.
    #[must_use]
    pub fn word(&self) -> String {
        serde_json::to_string(self).expect("paths and addresses are UTF-8")
    }
}
