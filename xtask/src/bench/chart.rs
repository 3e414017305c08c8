//! The picture: a bar for everybody at the two tables that tell most.

use std::fmt::Write;

use super::figures::{Figures, Table};
use super::program::{BARE, PRODUCTION, Work};
use super::scenario::Who;

const WIDTH: f64 = 760.0;
const LEFT: f64 = 240.0;
const RIGHT: f64 = 70.0;
const BAR: f64 = 18.0;
const STEP: f64 = 26.0;
const TITLE: f64 = 34.0;

/// An SVG of processor time a request, in microseconds.
pub(crate) fn draw(figures: &Figures) -> String {
    let drawn = |table: &&Table| {
        let series = [BARE, PRODUCTION].contains(&table.series);
        series && table.work == Work::Ping
    };
    let mut body = String::new();
    let mut y = 8.0;
    for table in figures.0.iter().filter(drawn) {
        y = group(&mut body, table, y);
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{body}</svg>\n"
    )
}

/// Draws a table from `y` on; the answer is where it ends.
fn group(body: &mut String, table: &Table, mut y: f64) -> f64 {
    let mut bars: Vec<(String, f64, bool)> = Vec::new();
    for row in &table.rows {
        if let Some(cpu) = row.cpu() {
            let ours = row.who == Who::Plumego;
            bars.push((row.who.label(row.series), cpu.median, ours));
        }
    }
    bars.sort_by(|a, b| a.1.total_cmp(&b.1));
    let most = bars.iter().map(|(_, value, _)| *value).fold(1.0, f64::max);
    let title = format!("{}: {} (CPU µs)", table.series.name, table.work.name());
    text(body, (LEFT, y + 18.0), "start", "#111", &title);
    y += TITLE;
    for (label, value, ours) in bars {
        let width = value / most * (WIDTH - LEFT - RIGHT);
        let fill = if ours { "#5b2a86" } else { "#9aa5b1" };
        text(body, (LEFT - 8.0, y + 14.0), "end", "#111", &label);
        let _ = writeln!(
            body,
            "<rect x=\"{LEFT}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR}\" fill=\"{fill}\"/>"
        );
        let at = (LEFT + width + 6.0, y + 14.0);
        text(body, at, "start", "#111", &format!("{value:.1}"));
        y += STEP;
    }
    y + 8.0
}

fn text(body: &mut String, (x, y): (f64, f64), anchor: &str, fill: &str, text: &str) {
    let _ = writeln!(
        body,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{fill}\">{text}</text>"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::figures::{Row, Run};

    #[test]
    fn everybody_has_a_bar() {
        let row = |who, cpu_micros| Row {
            who,
            series: BARE,
            runs: vec![Run {
                cpu_micros,
                requests_per_second: 1.0,
                p50_ms: 1.0,
                p99_ms: 1.0,
                resident_mib: 1.0,
            }],
            instructions: None,
            syscalls: None,
        };
        let rows = vec![row(Who::Axum, 20.0), row(Who::Plumego, 10.0)];
        let figures = Figures(vec![Table {
            series: BARE,
            work: Work::Ping,
            rows,
        }]);
        let svg = draw(&figures);
        assert_eq!(svg.matches("<rect x=").count(), 2, "{svg}");
        let (ours, axum) = (svg.find("Plumego").unwrap(), svg.find("axum").unwrap());
        assert!(ours < axum, "the cheapest is the first: {svg}");
    }
}
