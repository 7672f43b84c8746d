//! Draws counts as SVG, in colours that the page's style replaces by those of the reader's scheme.

use anyhow::{Context, Result};
use charts_rs::{
    BarChart, Box, Color, HorizontalBarChart, LegendCategory, LineChart, Position, Series, Symbol,
};

/// The colours of series, as [`style.css`](style.css) names them.
pub(super) const FIRST: &str = "#0072B2";
pub(super) const SECOND: &str = "#56B4E9";
pub(super) const THIRD: &str = "#D55E00";

/// How large a picture is drawn; the page scales it to its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) width: f32,
    pub(super) height: f32,
}

/// A picture as wide as the page of a desktop.
pub(super) const WIDE: Size = Size {
    width: 960.0,
    height: 300.0,
};
/// The same on a phone.
pub(super) const NARROW: Size = Size {
    width: 400.0,
    height: 300.0,
};

/// A row of values; one that is missing leaves a gap.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) color: &'static str,
    pub(super) values: Vec<Option<f32>>,
}

/// What the axes say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axes<'a> {
    pub(super) x: &'a str,
    pub(super) y: &'a str,
}

/// How wide a column is at least, with the gap beside it.
const COLUMN: f32 = 20.0;

/// Columns, those of one place on top of each other; lines, where there are too many places for columns.
pub(super) fn columns(
    places: &[String],
    rows: &[Row],
    axes: Axes<'_>,
    size: Size,
) -> Result<String> {
    if places.len() as f32 * COLUMN > size.width {
        return line(places, rows, axes, size, None);
    }
    let mut chart = BarChart::new(series(rows), places.to_vec());
    for series in &mut chart.series_list {
        series.stack = Some("all".to_owned());
    }
    let y = &mut chart.y_axis_configs[0];
    y.title = Some(axes.y.to_owned());
    whole(&mut y.max, &mut y.split_number, greatest(rows));
    dress(&mut chart.base, rows, axes, size);
    chart.svg().context("cannot draw the columns")
}

/// A line through points.
pub(super) fn line(
    places: &[String],
    rows: &[Row],
    axes: Axes<'_>,
    size: Size,
    max: Option<f32>,
) -> Result<String> {
    let mut chart = LineChart::new(series(rows), places.to_vec());
    let y = &mut chart.y_axis_configs[0];
    y.title = Some(axes.y.to_owned());
    y.min = Some(0.0);
    if let Some(max) = max {
        (y.max, y.split_number) = (Some(max), 5);
    }
    dress(&mut chart.base, rows, axes, size);
    chart.x_axis.boundary_gap = Some(true);
    // More would run into each other.
    if places.len() as f32 * COLUMN > size.width {
        chart.series.symbol = Some(Symbol::None);
    }
    chart.svg().context("cannot draw the line")
}

/// Bars from left to right, one a name, from top to bottom.
pub(super) fn bars(names: &[String], row: &Row, unit: &str) -> Result<String> {
    let height = 32.0f32.mul_add(names.len() as f32, 64.0);
    let size = Size {
        width: NARROW.width,
        height,
    };
    let mut rows = [row.clone()];
    rows[0].values.reverse();
    // The chart draws from the bottom.
    let names = names.iter().rev().cloned().collect();
    let mut chart = HorizontalBarChart::new(series(&rows), names);
    let axes = Axes { x: unit, y: "" };
    dress(&mut chart.base, &rows, axes, size);
    chart.margin.right = 48.0;
    for series in &mut chart.series_list {
        series.label_show = true;
    }
    chart.series_label_position = Some(Position::Right);
    chart.svg().context("cannot draw the bars")
}

fn series(rows: &[Row]) -> Vec<Series> {
    let series = rows
        .iter()
        .map(|row| Series::new_nullable(row.name.to_owned(), row.values.clone()));
    series.collect()
}

fn dress(chart: &mut charts_rs::ChartBase, rows: &[Row], axes: Axes<'_>, size: Size) {
    chart.width = size.width;
    chart.height = size.height;
    chart.background_color = Color::transparent();
    axes.x.clone_into(&mut chart.x_axis.title);
    chart.series.colors = rows.iter().map(|row| row.color.into()).collect();
    chart.legend.show = Some(rows.len() > 1);
    chart.legend.category = LegendCategory::RoundRect;
    chart.margin = Box::from(6.0);
    // The topmost mark of an axis stands half above it.
    chart.margin.top = 12.0;
    chart.tooltip.show = true;
}

/// An axis of few counts has no marks between them.
fn whole(max: &mut Option<f32>, steps: &mut usize, greatest: f32) {
    if greatest < 6.0 {
        *max = Some(greatest.max(1.0));
        *steps = (greatest.max(1.0)) as usize;
    }
}

/// The height of the tallest column.
fn greatest(rows: &[Row]) -> f32 {
    let places = rows.iter().map(|row| row.values.len()).max().unwrap_or(0);
    let column = |place| {
        let values = rows
            .iter()
            .map(|row| row.values.get(place).copied().flatten());
        values.map(Option::unwrap_or_default).sum::<f32>()
    };
    (0..places).map(column).fold(0.0, f32::max)
}
