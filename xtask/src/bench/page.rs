//! The page on performance: the block of it that is measured, in both languages, and the picture.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::chart;
use super::figures::{Figures, Row, Spread, Table};
use super::machine;
use super::program::{BARE, METRICS, NO_LOG, PRODUCTION, Series};
use super::scenario::Who;
use super::targets::{Target, number};

const BEGIN: &str = "<!-- bench: begin -->";
const END: &str = "<!-- bench: end -->";

/// A language of the page.
struct Language {
    page: &'static str,
    columns: &'static str,
    targets: &'static str,
    verdicts: [&'static str; 3],
    picture: &'static str,
    series: [(Series, &'static str); 4],
}

const ENGLISH: Language = Language {
    page: "docs/en/src/operating/performance.md",
    columns: "| | CPU µs a request | over Plumego | instructions | system calls \
              | requests a second | p50 ms | p99 ms | MiB |",
    targets: "| target | found | at most | |\n| --- | ---: | ---: | --- |\n",
    verdicts: ["holds", "**missed**", "not measured"],
    picture: "CPU microseconds a request",
    series: [
        (BARE, "Bare"),
        (PRODUCTION, "Production stack"),
        (METRICS, "Production stack with metrics"),
        (NO_LOG, "Production stack without access log"),
    ],
};

const CHINESE: Language = Language {
    page: "docs/zh/src/operating/performance.md",
    columns: "| | 每请求 CPU µs | 相对 Plumego | 指令数 | 系统调用 | 每秒请求 \
              | p50 ms | p99 ms | MiB |",
    targets: "| 目标 | 实测 | 上限 | |\n| --- | ---: | ---: | --- |\n",
    verdicts: ["达到", "**未达到**", "未测"],
    picture: "每请求 CPU 微秒",
    series: [
        (BARE, "裸路由"),
        (PRODUCTION, "生产栈"),
        (METRICS, "生产栈，含指标"),
        (NO_LOG, "生产栈，无访问日志"),
    ],
};

/// Writes the tables to standard output.
pub(crate) fn print(figures: &Figures) {
    println!("\n{}", tables(figures, &ENGLISH));
}

/// Writes the block into the pages, and the picture beside them.
pub(crate) fn write(
    root: &Path,
    figures: &Figures,
    targets: &[Target],
    rounds: usize,
) -> Result<(), String> {
    for language in [&ENGLISH, &CHINESE] {
        let path = root.join(language.page);
        let text = read(&path)?;
        let block = block(root, figures, targets, rounds, language)?;
        let text = put(&text, &block).ok_or_else(|| {
            format!(
                "{}: the lines `{BEGIN}` and `{END}` are missing",
                language.page
            )
        })?;
        save(&path, &text)?;
        save(&path.with_extension("svg"), &chart::draw(figures))?;
        println!("{}: written", language.page);
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn save(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// `text` with the block between the marks.
fn put(text: &str, block: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{block}\n{END}{after}"))
}

fn block(
    root: &Path,
    figures: &Figures,
    targets: &[Target],
    rounds: usize,
    language: &Language,
) -> Result<String, String> {
    let today = Command::new("date").args(["-u", "+%F"]).output();
    let today = today.map_err(|error| format!("date: {error}"))?;
    let today = String::from_utf8_lossy(&today.stdout).trim().to_owned();
    Ok(format!(
        "{today}, {rounds} × 3 s. {}.\n\n{}.\n\n![{}](performance.svg)\n\n{}\n{}",
        machine::describe(),
        machine::versions(root)?.join(", "),
        language.picture,
        goals(targets, language),
        tables(figures, language),
    ))
}

fn goals(targets: &[Target], language: &Language) -> String {
    let [holds, missed, unknown] = language.verdicts;
    let mut text = language.targets.to_owned();
    for target in targets {
        let verdict = match target.holds() {
            Some(true) => holds,
            Some(false) => missed,
            None => unknown,
        };
        let found = target.found.map_or("–".to_owned(), number);
        let most = number(target.most);
        text.extend([
            "| ",
            &target.what,
            " | ",
            &found,
            " | ",
            &most,
            " | ",
            verdict,
            " |\n",
        ]);
    }
    text
}

fn tables(figures: &Figures, language: &Language) -> String {
    let mut text = String::new();
    for table in &figures.0 {
        let title = language
            .series
            .iter()
            .find(|(series, _)| *series == table.series);
        let title = title.map_or(table.series.name, |(_, title)| *title);
        text.extend([
            "### ",
            title,
            ": ",
            table.work.name(),
            "\n\n",
            language.columns,
            "\n",
        ]);
        text.push_str("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
        for line in lines(table) {
            text.push_str(&line);
        }
        text.push('\n');
    }
    text
}

/// Cheapest first.
fn lines(table: &Table) -> Vec<String> {
    let mut rows: Vec<&Row> = table.rows.iter().collect();
    let cpu = |row: &Row| row.cpu().map_or(f64::INFINITY, |cpu| cpu.median);
    rows.sort_by(|a, b| cpu(a).total_cmp(&cpu(b)));
    let ours = |row: &&&Row| (row.who, row.series) == (Who::Plumego, table.series);
    let ours = rows.iter().find(ours).copied();
    rows.iter().map(|row| line(row, ours)).collect()
}

fn line(row: &Row, ours: Option<&Row>) -> String {
    let name = row.who.label(row.series);
    let name = match row.who {
        Who::Plumego => format!("**{name}**"),
        _ => name,
    };
    let times = ours.and_then(|ours| row.times(ours));
    let median = |of: Option<Spread>, digits: usize| {
        of.map_or("–".to_owned(), |it| format!("{:.digits$}", it.median))
    };
    format!(
        "| {name} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
        row.cpu().map_or("–".to_owned(), spread),
        times.map_or("–".to_owned(), |times| format!("{times:.2}")),
        row.instructions
            .map_or("–".to_owned(), |count| count.to_string()),
        row.syscalls
            .map_or("–".to_owned(), |calls| format!("{calls:.2}")),
        median(row.spread(|run| run.requests_per_second), 0),
        median(row.spread(|run| run.p50_ms), 2),
        median(row.spread(|run| run.p99_ms), 1),
        median(row.spread(|run| run.resident_mib), 0),
    )
}

fn spread(spread: Spread) -> String {
    let Spread {
        median,
        least,
        most,
    } = spread;
    format!("{median:.1} ({least:.1}–{most:.1})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_goes_between_the_marks() {
        let text = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let expected = format!("before\n{BEGIN}\n\nnew\n\n{END}\nafter\n");
        assert_eq!(put(&text, "new\n").unwrap(), expected);
        assert_eq!(put("no marks", "new"), None);
    }

    #[test]
    fn both_pages_have_the_marks() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for language in [&ENGLISH, &CHINESE] {
            let text = read(&root.join(language.page)).unwrap();
            assert!(put(&text, "").is_some(), "{}", language.page);
        }
    }
}
