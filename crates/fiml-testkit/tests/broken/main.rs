//! Three stores that break their promises, and the behaviours that catch each of them.

mod failing;
mod store;

use std::{collections::BTreeSet, sync::Arc};

use fiml_session_core::{
    Stores,
    store::{ActiveStore, ArchiveStore},
};
use fiml_testkit::{Kept, active, archive, metrics, metrics::ArchiveWithMetrics, model, suite};

use failing::{FORGETS, IGNORES_SCOPE, LAST_WRITER_WINS};
use store::{Broken, Fault};

/// Runs the behaviours of all ports and compares those that a store with this fault does not show.
fn fails(fault: Fault, expected: &[&str]) {
    let failing = suite::run(async {
        let active = suite::failing(active::ALL, || async {
            Arc::new(Broken::new(fault)) as Arc<dyn ActiveStore>
        });
        let archive = suite::failing(archive::ALL, || async {
            Arc::new(Broken::new(fault)) as Arc<dyn ArchiveStore>
        });
        let metrics = suite::failing(metrics::ALL, || async {
            Arc::new(Broken::new(fault)) as Arc<dyn ArchiveWithMetrics>
        });
        [
            ("active", active.await),
            ("archive", archive.await),
            ("metrics", metrics.await),
        ]
    });
    let named = failing
        .into_iter()
        .flat_map(|(port, names)| names.into_iter().map(move |name| format!("{port}::{name}")));
    let failing: BTreeSet<_> = named.collect();
    let expected: BTreeSet<_> = expected.iter().map(|&name| name.to_owned()).collect();
    let missed: Vec<_> = expected.difference(&failing).collect();
    let wrongly: Vec<_> = failing.difference(&expected).collect();
    assert!(
        missed.is_empty() && wrongly.is_empty(),
        "passes what should catch it: {missed:#?}\nfails what it keeps: {wrongly:#?}"
    );
}

#[test]
fn a_store_that_ignores_scope_fails_what_tells_owners_apart() {
    fails(Fault::IgnoresScope, IGNORES_SCOPE);
}

#[test]
fn a_store_where_the_last_writer_wins_fails_what_happens_whole_once_and_in_order() {
    fails(Fault::LastWriterWins, LAST_WRITER_WINS);
}

#[test]
fn a_store_that_forgets_fails_what_must_outlast_expiry_repetition_and_deletion() {
    fails(Fault::Forgets, FORGETS);
}

#[test]
fn random_operations_tell_each_of_them_from_memory_and_name_the_sequence() {
    for fault in [Fault::IgnoresScope, Fault::LastWriterWins, Fault::Forgets] {
        let fresh = || async move {
            Kept {
                store: Stores::single(Arc::new(Broken::new(fault))),
                guard: (),
            }
        };
        let told = model::compare_with_memory(None, fresh);
        let failure = told.expect_err("it differs");
        assert!(failure.contains("minimal failing input"), "{failure}");
    }
}
