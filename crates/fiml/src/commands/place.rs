//! Where a command writes a file: beside its place first, and there only once it is whole.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use fiml_session_core::Invalid;
use tempfile::{Builder, NamedTempFile};

/// A file that is being written; dropped before it is whole, it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct PendingFile {
    written: NamedTempFile,
    place: PathBuf,
    replace: bool,
}

impl PendingFile {
    /// Begins a file for this place; one that is there already is replaced only where that is asked for.
    pub(crate) fn begin(place: &Path, replace: bool) -> Result<Self> {
        let is_there = place.symlink_metadata().is_ok();
        if is_there && !place.is_file() {
            return Err(refused(place, "is there, and is no file"));
        }
        if is_there && !replace {
            return Err(taken(place));
        }
        // A link stays, and what it leads to is replaced.
        let place = match place.canonicalize() {
            Ok(place) => place,
            Err(_) => place.to_owned(),
        };
        let folder = place
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let written = Builder::new()
            .prefix(".fiml-")
            .suffix(".part")
            .tempfile_in(folder.unwrap_or_else(|| Path::new(".")))
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => refused(&place, "lies in a folder that is not there"),
                _ => anyhow::Error::new(error).context(format!("cannot write {}", place.display())),
            })?;
        Ok(Self {
            written,
            place,
            replace,
        })
    }

    /// A handle to write with.
    pub(crate) fn writer(&self) -> io::Result<File> {
        self.written.as_file().try_clone()
    }

    /// Puts the file, which is whole now, in its place, and says how many bytes it has.
    pub(crate) fn publish(self) -> Result<u64> {
        let cannot = || format!("cannot write {}", self.place.display());
        self.written.as_file().sync_all().with_context(cannot)?;
        let bytes = self
            .written
            .as_file()
            .metadata()
            .with_context(cannot)?
            .len();
        let place = self.place.clone();
        let published = if self.replace {
            self.written.persist(&place)
        } else {
            self.written.persist_noclobber(&place)
        };
        match published {
            Ok(_) => Ok(bytes),
            // Somebody else wrote it meanwhile.
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(taken(&place)),
            Err(error) => {
                Err(error.error).with_context(|| format!("cannot write {}", place.display()))
            }
        }
    }
}

fn taken(place: &Path) -> anyhow::Error {
    let limit = "a file that is not there yet; --force replaces one that is";
    refuse(place, "is there already", limit)
}

fn refused(place: &Path, problem: &str) -> anyhow::Error {
    refuse(place, problem, "the path of a file")
}

fn refuse(place: &Path, problem: &str, limit: &str) -> anyhow::Error {
    let problem = format!("is {}, which {problem}", place.display());
    Invalid::malformed("--output", problem, limit).into()
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    #[test]
    fn a_file_that_is_given_up_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("out.csv");
        let pending = PendingFile::begin(&place, false).unwrap();
        pending.writer().unwrap().write_all(b"half").unwrap();
        drop(pending);
        assert_eq!(names(folder.path()), Vec::<String>::new());
    }

    #[test]
    fn what_is_there_stays_until_the_new_one_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("out.csv");
        fs::write(&place, "old").unwrap();
        let error = PendingFile::begin(&place, false).unwrap_err();
        assert!(error.to_string().contains("already"), "{error}");
        let pending = PendingFile::begin(&place, true).unwrap();
        pending.writer().unwrap().write_all(b"new").unwrap();
        assert_eq!(fs::read_to_string(&place).unwrap(), "old");
        assert_eq!(pending.publish().unwrap(), 3);
        assert_eq!(fs::read_to_string(&place).unwrap(), "new");
        assert_eq!(names(folder.path()), ["out.csv"]);
    }

    #[test]
    fn a_file_that_appears_meanwhile_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("out.csv");
        let pending = PendingFile::begin(&place, false).unwrap();
        fs::write(&place, "another's").unwrap();
        assert!(pending.publish().is_err());
        assert_eq!(fs::read_to_string(&place).unwrap(), "another's");
        assert_eq!(names(folder.path()), ["out.csv"]);
    }

    #[test]
    fn a_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(PendingFile::begin(folder.path(), true).is_err());
    }
}
