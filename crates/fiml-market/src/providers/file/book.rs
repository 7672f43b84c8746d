//! All price files in memory: the rows of every symbol, in order of date.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::{DayFigures, Symbol};

use super::{LoadReport, left_out::LeftOut};

/// All price files in memory.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) series: BTreeMap<Symbol, Series>,
    pub(super) report: Arc<LoadReport>,
    pub(super) left_out: LeftOut,
}

/// The prices of one symbol.
#[derive(Debug)]
pub(super) struct Series {
    /// The symbol as the file writes it.
    pub(super) listed_as: String,
    /// The name on the newest row that states one.
    pub(super) name: Option<Arc<str>>,
    /// By date, each date once.
    pub(super) rows: Vec<Row>,
}

/// The price of one day.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) date: NaiveDate,
    pub(super) price: Decimal,
    /// Boxed: most files of many rows have none.
    pub(super) day: Option<Box<DayFigures>>,
    pub(super) currency: Option<Arc<str>>,
    /// Whether the price is an adjusted close.
    pub(super) adjusted: bool,
    pub(super) file: Arc<str>,
}

impl Series {
    /// The rows up to and including a day.
    pub(super) fn until(&self, day: NaiveDate) -> &[Row] {
        &self.rows[..self.rows.partition_point(|row| row.date <= day)]
    }
}

impl Row {
    /// The highest and lowest price of the day, on the same footing as the price.
    pub(super) fn high_low(&self) -> Option<(Decimal, Decimal)> {
        let day = self.day.as_ref().filter(|_| !self.adjusted)?;
        day.day_high.zip(day.day_low)
    }

    /// The amount traded on the day.
    pub(super) fn volume(&self) -> Option<Decimal> {
        self.day.as_ref()?.volume
    }

    /// Whether a difference between two prices means anything.
    pub(super) fn is_comparable(&self, other: &Self) -> bool {
        let same_currency = match (&self.currency, &other.currency) {
            (Some(one), Some(other)) => one == other,
            (None, _) | (_, None) => true,
        };
        same_currency && self.adjusted == other.adjusted
    }
}
