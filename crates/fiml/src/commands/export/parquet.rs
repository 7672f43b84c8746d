//! Rows as Apache Parquet.

use std::{collections::BTreeMap, io::Write, sync::Arc};

use anyhow::{Context, Result};
use arrow_array::{
    ArrayRef, RecordBatch,
    builder::{
        BooleanBuilder, Float64Builder, Int64Builder, ListBuilder, MapBuilder, StringBuilder,
        TimestampMicrosecondBuilder,
    },
};
use fiml_analytics::ExportedSession;
use fiml_session_core::Timestamp;
use parquet::{arrow::ArrowWriter, basic::Compression, file::properties::WriterProperties};

use super::Rows;

/// How many sessions a row group has at most: what is held in memory until it is written.
const ROW_GROUP: usize = 10_000;

pub(super) struct ParquetRows<W: Write + Send> {
    to: ArrowWriter<W>,
}

impl<W: Write + Send> ParquetRows<W> {
    pub(super) fn new(to: W) -> Result<Self> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(ROW_GROUP))
            .set_created_by(concat!("fiml ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let schema = Columns::default().batch()?.schema();
        let to = ArrowWriter::try_new(to, schema, Some(properties))?;
        Ok(Self { to })
    }
}

impl<W: Write + Send> Rows for ParquetRows<W> {
    fn write(&mut self, rows: &[ExportedSession]) -> Result<()> {
        let mut columns = Columns::default();
        rows.iter().try_for_each(|row| columns.push(row))?;
        Ok(self.to.write(&columns.batch()?)?)
    }

    fn finish(&mut self) -> Result<()> {
        self.to.finish()?;
        Ok(())
    }
}

type Lists = ListBuilder<StringBuilder>;
type Counts = MapBuilder<StringBuilder, Int64Builder>;

/// A page, column by column.
#[derive(Default)]
struct Columns {
    ids: StringBuilder,
    users: StringBuilder,
    types: StringBuilder,
    assets: Lists,
    tags: Lists,
    instants: [TimestampMicrosecondBuilder; 3],
    durations: Float64Builder,
    flags: [BooleanBuilder; 2],
    numbers: [Int64Builder; 2],
    counts: [Option<Counts>; 3],
    times: Option<MapBuilder<Int64Builder, Int64Builder>>,
}

impl Columns {
    fn push(&mut self, row: &ExportedSession) -> Result<()> {
        self.ids.append_value(row.session_id.to_string());
        self.users
            .append_option(row.user_id.as_ref().map(ToString::to_string));
        self.types.append_value(row.session_type.name());
        list(&mut self.assets, &row.assets);
        list(&mut self.tags, &row.tags);
        let instants = [row.created_at, row.expires_at, row.last_accessed_at];
        for (column, instant) in self.instants.iter_mut().zip(instants) {
            column.append_value(Timestamp::micros(instant));
        }
        self.durations.append_value(row.duration_seconds);
        for (column, flag) in self.flags.iter_mut().zip([row.is_expired, row.is_archived]) {
            column.append_value(flag);
        }
        for (column, count) in self
            .numbers
            .iter_mut()
            .zip([row.total_queries, row.cache_hits])
        {
            column.append_value(number(count)?);
        }
        let counted = [&row.query_types, &row.sources, &row.errors];
        for (column, counts) in self.counts.iter_mut().zip(counted) {
            map(column.get_or_insert_with(text_map), counts)?;
        }
        let times = self.times.get_or_insert_with(number_map);
        for (micros, count) in row.execution_times_us.iter() {
            times.keys().append_value(number(micros)?);
            times.values().append_value(number(count)?);
        }
        times.append(true)?;
        Ok(())
    }

    fn batch(mut self) -> Result<RecordBatch> {
        let utc = |column: TimestampMicrosecondBuilder| column.with_timezone("UTC");
        let [created, expires, accessed] = self.instants.map(utc);
        let [mut created, mut expires, mut accessed] = [created, expires, accessed];
        let [is_expired, is_archived] = &mut self.flags;
        let [queries, hits] = &mut self.numbers;
        let [types, sources, errors] = self.counts.map(|counts| counts.unwrap_or_else(text_map));
        let [mut types, mut sources, mut errors] = [types, sources, errors];
        let mut times = self.times.unwrap_or_else(number_map);
        let columns: [(&str, ArrayRef, bool); 17] = [
            ("session_id", Arc::new(self.ids.finish()), false),
            ("user_id", Arc::new(self.users.finish()), true),
            ("session_type", Arc::new(self.types.finish()), false),
            ("assets", Arc::new(self.assets.finish()), false),
            ("tags", Arc::new(self.tags.finish()), false),
            ("created_at", Arc::new(created.finish()), false),
            ("expires_at", Arc::new(expires.finish()), false),
            ("last_accessed_at", Arc::new(accessed.finish()), false),
            ("duration_seconds", Arc::new(self.durations.finish()), false),
            ("is_expired", Arc::new(is_expired.finish()), false),
            ("is_archived", Arc::new(is_archived.finish()), false),
            ("total_queries", Arc::new(queries.finish()), false),
            ("cache_hits", Arc::new(hits.finish()), false),
            ("query_types", Arc::new(types.finish()), false),
            ("sources", Arc::new(sources.finish()), false),
            ("errors", Arc::new(errors.finish()), false),
            ("execution_times_us", Arc::new(times.finish()), false),
        ];
        Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
    }
}

fn text_map() -> Counts {
    MapBuilder::new(None, StringBuilder::new(), Int64Builder::new())
}

fn number_map() -> MapBuilder<Int64Builder, Int64Builder> {
    MapBuilder::new(None, Int64Builder::new(), Int64Builder::new())
}

fn list(column: &mut Lists, names: &[impl ToString]) {
    let names = names.iter().map(|name| Some(name.to_string()));
    column.append_value(names);
}

fn map(column: &mut Counts, counts: &BTreeMap<String, u64>) -> Result<()> {
    for (name, &count) in counts {
        column.keys().append_value(name);
        column.values().append_value(number(count)?);
    }
    Ok(column.append(true)?)
}

fn number(count: u64) -> Result<i64> {
    i64::try_from(count).context("a count is beyond what Parquet's signed integers hold")
}
