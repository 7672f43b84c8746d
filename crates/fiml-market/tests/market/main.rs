//! The crate as its callers see it, over real files.

mod coins;
mod equities;
mod fixture;
mod folder;
mod memory;
mod reading;
mod reloading;
