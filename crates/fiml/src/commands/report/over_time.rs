//! Pictures over time.

use std::slice;

use anyhow::Result;
use fiml_analytics::{SeriesPoint, SessionSeries, Step};

use super::{
    chart::{Axes, FIRST, NARROW, Row, SECOND, Size, THIRD, WIDE, columns, line},
    figure::{Drawing, Figure},
};
use crate::output::percent;

/// All of them; a picture that nothing is known for is left out.
pub(super) fn figures(series: &SessionSeries) -> Result<Vec<Figure>> {
    let time = Time::of(series);
    let mut figures = vec![time.sessions()?, time.queries()?];
    figures.extend(time.cache_hits()?);
    figures.extend(time.durations()?);
    Ok(figures)
}

struct Time<'a> {
    points: &'a [SeriesPoint],
    places: Vec<String>,
    unit: &'static str,
}

impl<'a> Time<'a> {
    fn of(series: &'a SessionSeries) -> Self {
        let (unit, length) = match series.step {
            Step::Hour => ("hour", 16),
            Step::Day => ("day", 10),
        };
        let place = |point: &SeriesPoint| {
            let start: String = point.start.to_string().chars().take(length).collect();
            start.replace('T', " ")
        };
        Self {
            points: &series.points,
            places: series.points.iter().map(place).collect(),
            unit,
        }
    }

    fn row(
        &self,
        name: &'static str,
        color: &'static str,
        value: impl Fn(&SeriesPoint) -> Option<f32>,
    ) -> Row {
        let values = self.points.iter().map(value).collect();
        Row {
            name,
            color,
            values,
        }
    }

    fn table(&self, cells: impl Fn(&SeriesPoint) -> Vec<String>) -> Vec<Vec<String>> {
        let rows = self.places.iter().zip(self.points).map(|(place, point)| {
            let mut row = vec![place.clone()];
            row.extend(cells(point));
            row
        });
        rows.collect()
    }

    fn axis(&self) -> String {
        format!("{} of creation, UTC", self.unit)
    }

    /// When most of something was, in words.
    fn peak(&self, what: &str, count: fn(&SeriesPoint) -> u64) -> String {
        let busiest = self.points.iter().zip(&self.places);
        let busiest = busiest.max_by_key(|(point, _)| count(point));
        busiest.map_or_else(String::new, |(point, place)| {
            format!("At most {} {what}, on {place}.", count(point))
        })
    }

    fn sessions(&self) -> Result<Figure> {
        let completed = |point: &SeriesPoint| point.ended_sessions - point.abandoned_sessions;
        let active = |point: &SeriesPoint| point.total_sessions - point.ended_sessions;
        let rows = [
            self.row("completed", FIRST, |point| Some(completed(point) as f32)),
            self.row("abandoned", THIRD, |point| {
                Some(point.abandoned_sessions as f32)
            }),
            self.row("active", SECOND, |point| Some(active(point) as f32)),
        ];
        let axis = self.axis();
        let axes = Axes {
            x: &axis,
            y: "sessions",
        };
        let peak = self.peak("sessions", |point| point.total_sessions);
        Ok(Figure {
            title: "Sessions over time".to_owned(),
            says: format!(
                "Sessions by the {} they were created in, as they stand now. {peak}",
                self.unit
            ),
            drawing: across(|size| columns(&self.places, &rows, axes, size))?,
            header: vec![self.unit, "sessions", "completed", "abandoned", "active"],
            rows: self.table(|point| {
                let counts = [
                    point.total_sessions,
                    completed(point),
                    point.abandoned_sessions,
                    active(point),
                ];
                counts.iter().map(ToString::to_string).collect()
            }),
        })
    }

    fn queries(&self) -> Result<Figure> {
        let queries = self.row("queries", FIRST, |point| Some(point.total_queries as f32));
        let axis = self.axis();
        let axes = Axes {
            x: &axis,
            y: "queries",
        };
        let peak = self.peak("queries", |point| point.total_queries);
        Ok(Figure {
            title: "Queries over time".to_owned(),
            says: format!(
                "Queries by the {} their session was created in. {peak}",
                self.unit
            ),
            drawing: across(|size| columns(&self.places, slice::from_ref(&queries), axes, size))?,
            header: vec![self.unit, "queries"],
            rows: self.table(|point| vec![point.total_queries.to_string()]),
        })
    }

    fn cache_hits(&self) -> Result<Option<Figure>> {
        let rate = self.row("cache hits", FIRST, |point| {
            Some(point.cache_hit_rate? as f32 * 100.0)
        });
        if rate.values.iter().flatten().count() == 0 {
            return Ok(None);
        }
        let axis = self.axis();
        let axes = Axes {
            x: &axis,
            y: "% of queries",
        };
        Ok(Some(Figure {
            title: "Cache hits over time".to_owned(),
            says: format!(
                "The share of queries that were answered from a cache, by the {} their session was created \
                 in; a gap where there were none.",
                self.unit
            ),
            drawing: across(|size| {
                line(
                    &self.places,
                    slice::from_ref(&rate),
                    axes,
                    size,
                    Some(100.0),
                )
            })?,
            header: vec![self.unit, "cache hits", "queries"],
            rows: self.table(|point| {
                let rate = point.cache_hit_rate.map_or_else(String::new, percent);
                vec![rate, point.total_queries.to_string()]
            }),
        }))
    }

    fn durations(&self) -> Result<Option<Figure>> {
        let means = self
            .points
            .iter()
            .filter_map(|point| point.avg_duration_seconds);
        let Some(longest) = means.reduce(f64::max) else {
            return Ok(None);
        };
        let span = Span::fitting(longest);
        let mean = self.row("mean duration", FIRST, |point| {
            Some((point.avg_duration_seconds? / span.seconds) as f32)
        });
        let axis = self.axis();
        let axes = Axes {
            x: &axis,
            y: span.name,
        };
        Ok(Some(Figure {
            title: "Mean duration over time".to_owned(),
            says: format!(
                "From the creation of a session to its last change, the mean of each {}; a gap where no \
                 session was created.",
                self.unit
            ),
            drawing: across(|size| line(&self.places, slice::from_ref(&mean), axes, size, None))?,
            header: vec![self.unit, "seconds", "sessions"],
            rows: self.table(|point| {
                let seconds = point.avg_duration_seconds;
                let seconds = seconds.map_or_else(String::new, |mean| format!("{mean:.1}"));
                vec![seconds, point.total_sessions.to_string()]
            }),
        }))
    }
}

fn across(draw: impl Fn(Size) -> Result<String>) -> Result<Drawing> {
    Ok(Drawing::Across {
        wide: draw(WIDE)?,
        narrow: draw(NARROW)?,
    })
}

/// The unit that a span is told in.
pub(super) struct Span {
    pub(super) name: &'static str,
    pub(super) seconds: f64,
}

impl Span {
    pub(super) const fn fitting(longest_seconds: f64) -> Self {
        let (name, seconds) = match longest_seconds {
            0.0..120.0 => ("seconds", 1.0),
            120.0..7_200.0 => ("minutes", 60.0),
            _ => ("hours", 3_600.0),
        };
        Self { name, seconds }
    }
}
