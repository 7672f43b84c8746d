//! The time and the outcome of each operation of a port.

use std::time::Instant;

use fiml_session_core::store::StoreError;
use prometheus_client::{
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

/// Up to where calls are counted together, in seconds.
const BUCKETS: [f64; 12] = [
    0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 1.0, 3.0,
];

/// How a call ends, by what the caller can do about it.
const OUTCOMES: [&str; 7] = [
    "ok",
    "refused",
    "unavailable",
    "outcome_unknown",
    "full",
    "corrupt",
    "failed",
];

/// The place of an outcome in [`OUTCOMES`].
const fn outcome<T>(done: &Result<T, StoreError>) -> usize {
    match done {
        Ok(_) => 0,
        Err(StoreError::AlreadyExists { .. } | StoreError::Refused(_)) => 1,
        Err(StoreError::Unavailable { .. }) => 2,
        Err(StoreError::OutcomeUnknown { .. }) => 3,
        Err(StoreError::Full { .. }) => 4,
        Err(StoreError::Corrupt { .. }) => 5,
        Err(_) => 6,
    }
}

type Labels<const N: usize> = [(&'static str, &'static str); N];

/// The series of all ports.
#[derive(Debug, Clone)]
pub(crate) struct OperationSeries {
    seconds: Family<Labels<2>, Histogram, fn() -> Histogram>,
    outcomes: Family<Labels<3>, Counter>,
}

impl OperationSeries {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        let series = Self {
            seconds: Family::new_with_constructor(histogram),
            outcomes: Family::default(),
        };
        registry.register(
            "fiml_store_operation_seconds",
            "How long calls of a store took, however they ended",
            series.seconds.clone(),
        );
        registry.register(
            "fiml_store_operations",
            "Calls of a store that ended, by outcome",
            series.outcomes.clone(),
        );
        series
    }

    /// Those of one operation, each beginning with 0, so that the first failure is an increase.
    pub(crate) fn of(&self, store: &'static str, operation: &'static str) -> Operation {
        let labels = [("store", store), ("operation", operation)];
        let outcome = |outcome| {
            let [store, operation] = labels;
            let labels = [store, operation, ("outcome", outcome)];
            self.outcomes.get_or_create_owned(&labels)
        };
        Operation {
            seconds: self.seconds.get_or_create_owned(&labels),
            outcomes: OUTCOMES.map(outcome),
        }
    }
}

/// One operation of one port.
#[derive(Debug)]
pub(crate) struct Operation {
    seconds: Histogram,
    outcomes: [Counter; OUTCOMES.len()],
}

impl Operation {
    /// Observes a call; one that is given up before it ends is not counted.
    pub(crate) async fn observe<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let began = Instant::now();
        let done = call.await;
        self.seconds.observe(began.elapsed().as_secs_f64());
        self.outcomes[outcome(&done)].inc();
        done
    }
}

/// Declares the operations of a port, a field each, under the name by which the store is labelled.
macro_rules! operations {
    ($name:ident, $store:literal: $($operation:ident),+ $(,)?) => {
        #[derive(Debug)]
        struct $name {
            $($operation: $crate::operations::Operation,)+
        }

        impl $name {
            fn new(series: &$crate::operations::OperationSeries) -> Self {
                Self {
                    $($operation: series.of($store, stringify!($operation)),)+
                }
            }
        }
    };
}

pub(crate) use operations;
