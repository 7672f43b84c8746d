//! Which files there are, and whether they changed.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::PriceFileError;

/// The most bytes read, all files together.
pub(super) const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// The most files read from a folder.
pub(super) const MAX_FILES: usize = 10_000;

/// A file as it lay there at one moment, compared to notice a change without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileStamp {
    pub(super) path: PathBuf,
    bytes: u64,
    modified: Option<SystemTime>,
    identity: Identity,
}

/// The price files under a path, by name, without reading them.
pub(super) fn survey(path: &Path) -> Result<Vec<FileStamp>, PriceFileError> {
    let metadata = fs::metadata(path).map_err(|source| unreadable(path, source))?;
    let stamps = if metadata.is_dir() {
        folder(path)?
    } else if metadata.is_file() {
        vec![stamp(path.to_path_buf(), &metadata)]
    } else {
        return Err(PriceFileError::NotAFile {
            path: path.to_path_buf(),
        });
    };
    let bytes = stamps.iter().map(|stamp| stamp.bytes).sum();
    if bytes > MAX_BYTES {
        return Err(too_large(path, bytes));
    }
    Ok(stamps)
}

pub(super) fn unreadable(path: &Path, source: io::Error) -> PriceFileError {
    PriceFileError::Unreadable {
        path: path.to_path_buf(),
        source: Arc::new(source),
    }
}

pub(super) fn too_large(path: &Path, bytes: u64) -> PriceFileError {
    PriceFileError::TooLarge {
        path: path.to_path_buf(),
        bytes,
        limit: MAX_BYTES,
    }
}

fn folder(path: &Path) -> Result<Vec<FileStamp>, PriceFileError> {
    let mut stamps = Vec::new();
    let entries = fs::read_dir(path).map_err(|source| unreadable(path, source))?;
    for entry in entries {
        let file = entry.map_err(|source| unreadable(path, source))?.path();
        if !is_price_file(&file) {
            continue;
        }
        match fs::metadata(&file) {
            Ok(metadata) if metadata.is_file() => stamps.push(stamp(file, &metadata)),
            Ok(_) => {}
            // Removed since it was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(&file, error)),
        }
    }
    if stamps.is_empty() {
        return Err(PriceFileError::NoFiles {
            path: path.to_path_buf(),
        });
    }
    if stamps.len() > MAX_FILES {
        return Err(PriceFileError::TooManyFiles {
            path: path.to_path_buf(),
            files: stamps.len(),
            limit: MAX_FILES,
        });
    }
    stamps.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(stamps)
}

/// Hidden files are left alone: systems and editors put their own things there.
fn is_price_file(path: &Path) -> bool {
    let hidden = path
        .file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let csv = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    csv && !hidden
}

fn stamp(path: PathBuf, metadata: &Metadata) -> FileStamp {
    FileStamp {
        path,
        bytes: metadata.len(),
        modified: metadata.modified().ok(),
        identity: identity(metadata),
    }
}

/// Where the system tells: which file it is, and when anything about it last changed. This also
/// notices another file put in place with the old time on it, and permissions that were mended.
#[cfg(unix)]
type Identity = (u64, i64, i64);

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
}

#[cfg(not(unix))]
type Identity = ();

#[cfg(not(unix))]
fn identity(_metadata: &Metadata) -> Identity {}
