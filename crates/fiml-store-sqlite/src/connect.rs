//! Opens the file.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use diesel::{connection::SimpleConnection, prelude::*, sqlite::SqliteConnection};
use fiml_session_core::store::StoreError;
use tokio::task::spawn_blocking;

use crate::{
    config::{SqliteConfig, Synchronous},
    error::{Complaint, ConnectError, Failure},
    migrate::{migrate, refuse_foreign},
    reader::Readers,
    writer::Writer,
};

/// Keeps live sessions, archived sessions and metrics in one SQLite file.
///
/// Several stores, in one process or in several, may share a file. Dropping one finishes the changes it has
/// taken on and closes its connections.
pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
    path: PathBuf,
    synchronous: Synchronous,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the file, made with mode 0600 where there is none, and brings it to the schema of this program.
    pub async fn connect(config: SqliteConfig) -> Result<Self, ConnectError> {
        let path = config.path.clone();
        let opened = spawn_blocking(move || Self::open(config)).await;
        opened.map_err(|source| ConnectError::at(path, source))?
    }

    fn open(config: SqliteConfig) -> Result<Self, ConnectError> {
        let path = config.path.clone();
        create(&path)?;
        let conn = open_to_write(&config)?;
        let synchronous = config.synchronous;
        let config = Arc::new(config);
        let writer = Writer::start(Arc::clone(&config), conn);
        Ok(Self {
            writer: writer.map_err(|source| ConnectError::at(path.clone(), source))?,
            readers: Readers::new(config),
            path,
            synchronous,
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) const fn synchronous(&self) -> Synchronous {
        self.synchronous
    }

    /// Runs a piece of work on the writer's connection; on success it is committed.
    ///
    /// It runs twice where another change of its group fails: what the first run did is undone then.
    pub(crate) async fn write<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Fn(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
    {
        self.writer.write(work).await
    }

    /// Runs a piece of work on one state of the file, beside the writer.
    pub(crate) async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
    {
        self.readers.read(work).await
    }

    /// The same for work that looks up a few rows by their keys.
    pub(crate) async fn glance<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Fn(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
    {
        self.readers.glance(work).await
    }
}

/// Makes the file where there is none, for nobody else to read; SQLite gives its companions the same mode.
fn create(path: &Path) -> Result<(), ConnectError> {
    // A file of ours that is opened past SQLite and closed again would take SQLite's locks on it along
    // (POSIX), so nobody in this process may open a new file before its maker has closed it.
    static MAKING: Mutex<()> = Mutex::new(());
    let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let path = path.to_owned();
    match options.open(&path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => check_kind(path).map(drop),
        Err(error) => Err(match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                ConnectError::MissingFolder { path }
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                let source = Some(error.into());
                ConnectError::ReadOnly { path, source }
            }
            io::ErrorKind::StorageFull => {
                let source = error.into();
                ConnectError::Full { path, source }
            }
            _ => ConnectError::at(path, error),
        }),
    }
}

pub(crate) fn check_kind(path: PathBuf) -> Result<PathBuf, ConnectError> {
    match fs::metadata(&path) {
        Ok(found) if !found.is_file() => Err(ConnectError::NotAFile { path }),
        // Whoever marked it so meant it, even where this process could write to it all the same.
        Ok(found) if found.permissions().readonly() => {
            Err(ConnectError::ReadOnly { path, source: None })
        }
        Ok(_) => Ok(path),
        Err(error) => Err(ConnectError::at(path, error)),
    }
}

/// A connection to a file that exists, without any setting.
pub(crate) fn open_file(path: &Path) -> Result<SqliteConnection, ConnectError> {
    // An absolute path is never taken for a URI or for a database in memory.
    let absolute = std::path::absolute(path).ok();
    let text = absolute.as_deref().and_then(Path::to_str);
    let path = || path.to_owned();
    let text = text.ok_or_else(|| ConnectError::NotAFile { path: path() })?;
    // SQLite would make a file that has gone anew, empty and for everybody to read.
    fs::metadata(text).map_err(|error| ConnectError::at(path(), error))?;
    SqliteConnection::establish(text).map_err(|error| ConnectError::at(path(), error))
}

/// The writer's connection, to a file of this program's schema.
pub(crate) fn open_to_write(config: &SqliteConfig) -> Result<SqliteConnection, ConnectError> {
    let mut conn = open_file(&config.path)?;
    let at = |error| ConnectError::at(config.path.clone(), error);
    // Before the busy timeout, because a file that somebody is writing to is plainly writable.
    match conn.batch_execute("BEGIN IMMEDIATE; ROLLBACK") {
        Err(error) if Complaint::of(&error) != Complaint::Busy => return Err(at(error)),
        _ => {}
    }
    conn.batch_execute(&format!(
        "PRAGMA busy_timeout = {}; PRAGMA foreign_keys = ON",
        config.busy_timeout.as_millis()
    ))
    .map_err(at)?;
    // Before anything of the file is changed.
    refuse_foreign(&mut conn, &config.path)?;
    use_write_ahead_log(&mut conn, config).map_err(at)?;
    let pages = config.max_page_count;
    let pages = pages.map_or_else(String::new, |pages| {
        format!("; PRAGMA max_page_count = {pages}")
    });
    // Pages that change often are written back once in 16 MiB of log, which takes some 10 ms to recover;
    // after something large went through it, the log shrinks to 64 MiB. What each change of a group would undo
    // is kept in memory: a file of its own costs two system calls a page. 16 MiB of cache hold what busy
    // sessions write to.
    conn.batch_execute(&format!(
        "PRAGMA synchronous = {}; PRAGMA journal_size_limit = 67108864; \
         PRAGMA wal_autocheckpoint = 4000; PRAGMA temp_store = MEMORY; \
         PRAGMA cache_size = -16384{pages}",
        config.synchronous.name()
    ))
    .map_err(at)?;
    migrate(&mut conn, &config.path)?;
    // From here on the writer waits in its own way.
    conn.batch_execute("PRAGMA busy_timeout = 0").map_err(at)?;
    Ok(conn)
}

/// The first process changes the mode; the others may meet it doing so, which no busy timeout covers.
fn use_write_ahead_log(conn: &mut SqliteConnection, config: &SqliteConfig) -> QueryResult<()> {
    let started = Instant::now();
    loop {
        match conn.batch_execute("PRAGMA journal_mode = WAL") {
            Err(error)
                if Complaint::of(&error) == Complaint::Busy
                    && started.elapsed() < config.busy_timeout =>
            {
                std::thread::sleep(Duration::from_millis(2));
            }
            done => return done,
        }
    }
}

/// A connection that only reads, and waits so long where somebody holds the file.
pub(crate) fn open_to_read(
    config: &SqliteConfig,
    busy_timeout: Duration,
) -> Result<SqliteConnection, ConnectError> {
    let mut conn = open_file(&config.path)?;
    let settings = format!(
        "PRAGMA busy_timeout = {}; PRAGMA query_only = ON",
        busy_timeout.as_millis()
    );
    conn.batch_execute(&settings)
        .map_err(|error| ConnectError::at(config.path.clone(), error))?;
    Ok(conn)
}
