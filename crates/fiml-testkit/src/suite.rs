//! How a list of behaviours becomes tests.
//!
//! Each port's behaviours are listed once. From the list come `ALL`, for programs that run them, and a
//! suite macro, which expands to one named `#[test]` per behaviour:
//!
//! - `active_store_suite!(fresh)` for an `ActiveStore`
//! - `active_census_suite!(fresh)` for an `ActiveCensus` that is an `ActiveStore` too
//! - `archive_store_suite!(fresh)` for an `ArchiveStore`
//! - `metrics_store_suite!(fresh)` for a `MetricsStore` that is an `ArchiveStore` too
//! - `archive_upkeep_suite!(fresh)` for an `ArchiveUpkeep` that is both of these too
//! - `job_store_suite!(fresh)` for a `JobStore`
//!
//! `fresh` is the path of an async function without arguments that gives whatever dereferences to an
//! empty store: an `Arc`, a `Box`, or a [`Kept`] store with what must outlive it.

use std::{fmt, ops::Deref, sync::Arc};

use futures_util::future::BoxFuture;

/// One promise of a port, as a test.
pub struct Behaviour<S: ?Sized> {
    /// The method and the promise: `insert::a_session_reads_back_equal`.
    pub name: &'static str,
    /// Panics where an empty store does not keep the promise.
    pub check: fn(Arc<S>) -> BoxFuture<'static, ()>,
}

impl<S: ?Sized> fmt::Debug for Behaviour<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A store with what must outlive it, such as its temporary folder.
#[derive(Debug)]
pub struct Kept<S, G> {
    /// The store; dropped first.
    pub store: S,
    /// What is dropped after it.
    pub guard: G,
}

impl<S, G> Deref for Kept<S, G> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.store
    }
}

/// Runs one test to its end on a runtime of its own with several threads, so that what happens at once
/// does so in truth.
///
/// # Panics
///
/// Where the test does.
pub fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("the operating system gives threads");
    runtime.block_on(test)
}

/// The names of the behaviours that a store does not show, each tried on a fresh one.
pub async fn failing<S, F>(behaviours: &[Behaviour<S>], fresh: impl Fn() -> F) -> Vec<&'static str>
where
    S: ?Sized + 'static,
    F: Future<Output = Arc<S>>,
{
    let mut failing = Vec::new();
    for behaviour in behaviours {
        let store = fresh().await;
        if tokio::spawn((behaviour.check)(store)).await.is_err() {
            failing.push(behaviour.name);
        }
    }
    failing
}

/// Declares the modules of a port's behaviours, their list and their suite macro.
///
/// It is given a `$`, because what it declares is a macro with a parameter of its own.
macro_rules! behaviours {
    (
        $dollar:tt $(#[$doc:meta])* $suite:ident, $port:ident, $module:ident, $store:ty;
        $($group:ident { $($name:ident),+ $(,)? })+
    ) => {
        $(pub mod $group;)+

        /// Every behaviour of the port.
        pub const ALL: &[$crate::suite::Behaviour<$store>] = &[$($(
            $crate::suite::Behaviour {
                name: concat!(stringify!($group), "::", stringify!($name)),
                check: |store| Box::pin(async move { $group::$name(&*store).await }),
            },
        )+)+];

        $(#[$doc])*
        #[macro_export]
        macro_rules! $suite {
            ($dollar fresh:path) => {
                mod $module {
                    $(mod $group {
                        // The path of the harness is one of the module that names the suite.
                        use super::super::*;

                        $(#[test]
                        fn $name() {
                            $crate::suite::run(async {
                                let store = $dollar fresh().await;
                                $crate::$port::$group::$name(&*store).await;
                            });
                        })+
                    })+
                }
            };
        }
    };
}
