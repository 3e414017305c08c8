//! The reference, written from the tables of keys: pure functions, the same text every time.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::entry::Entry;
use crate::{Key, Kind, Loaded, bytes, duration};

/// Language of a generated table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    En,
    /// Chinese.
    Zh,
}

/// A commented `.env` file with every variable at its default, by section.
///
/// ```
/// use plumego_config::{Key, Kind, render};
///
/// const KEYS: &[Key] = &[Key::new("server.debug", Kind::Bool)
///     .env("APP_DEBUG")
///     .default("false")
///     .doc("Turns on developer tools.", "启用开发工具。")];
/// assert!(render::env_example(KEYS).contains("# Turns on developer tools.\n# APP_DEBUG=false\n"));
/// ```
pub fn env_example(keys: &[Key]) -> String {
    let mut out = String::from(
        "# Every variable with its default. Copy this file to `.env`, uncomment what you change.\n\
         # Flags win over the environment, the environment over this file, this file over TOML.\n",
    );
    for (section, keys) in sections(keys, |key| key.section_name()) {
        let keys: Vec<&Key> = keys.into_iter().filter(|key| key.env.is_some()).collect();
        if keys.is_empty() {
            continue;
        }
        let _ = write!(out, "\n# == {section} ==\n");
        for key in keys {
            let variable = key.env.unwrap_or_default();
            let default = match key.default {
                Some(text) if !key.secret => quoted(&env_default(variable, key.kind, text)),
                _ => String::new(),
            };
            let reload = if key.reloadable { " Reloadable." } else { "" };
            let _ = write!(out, "\n# {}{reload}\n# {variable}={default}\n", key.doc_en);
        }
    }
    out
}

/// The text of `--help`, by section, with the flags every program has.
pub fn help(keys: &[Key], program: &str) -> String {
    let entries: Vec<Entry> = keys.iter().map(Entry::from).collect();
    help_entries(&entries, program)
}

/// Every key with its value and where it came from; secrets are `[secret]`.
pub fn print_config(loaded: &Loaded) -> String {
    let mut out = String::new();
    for (name, value, origin) in loaded.values() {
        let _ = writeln!(out, "{name} = {value}  # {origin}");
    }
    out
}

/// The reference as a Markdown table: key, variable, flag, type and bounds, default, whether a new
/// value takes effect while the program runs, meaning.
pub fn markdown_table(keys: &[Key], language: Language) -> String {
    let heading = match language {
        Language::En => "| Key | Variable | Flag | Value | Default | Reload | Meaning |",
        Language::Zh => "| 键 | 环境变量 | 命令行参数 | 取值 | 默认值 | 重新加载 | 说明 |",
    };
    let mut out = format!("{heading}\n| --- | --- | --- | --- | --- | --- | --- |\n");
    let code = |text: Option<&str>| match text {
        Some(text) if !text.is_empty() => format!("`{}`", text.replace('|', "\\|")),
        _ => "–".to_owned(),
    };
    for key in keys {
        let doc = match language {
            Language::En => key.doc_en,
            Language::Zh => key.doc_zh,
        };
        let default = if key.secret { None } else { key.default };
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} | {} | {} | {} |",
            key.name,
            code(key.env),
            code(key.flag),
            values(key, language).replace('|', "\\|"),
            code(default),
            reload(key, language),
            doc.replace('|', "\\|"),
        );
    }
    out
}

pub(crate) fn help_entries(entries: &[Entry], program: &str) -> String {
    let mut out = format!(
        "Usage: {program} [FLAGS] [-- ARGUMENTS]\n\n  {:WIDTH$}Prints this text\n  {:WIDTH$}\
         Prints every setting with where it came from\n",
        "-h, --help", "--print-config",
    );
    for (section, entries) in sections(entries, |entry| entry.section.as_str()) {
        let lines: String = entries.into_iter().filter_map(help_line).collect();
        if !lines.is_empty() {
            let _ = write!(out, "\n{section}:\n{lines}");
        }
    }
    out
}

/// Width of the column of flags in the help.
const WIDTH: usize = 40;

fn help_line(entry: &Entry) -> Option<String> {
    let flag = entry.flag.as_deref();
    if flag.is_none() && entry.env.is_empty() {
        return None;
    }
    let mut left = flag.unwrap_or_default().to_owned();
    if flag.is_some() && entry.kind != Kind::Bool {
        let _ = write!(left, " <{}>", word(entry.kind));
    }
    let mut line = format!("  {left:WIDTH$}");
    if left.len() >= WIDTH {
        let _ = write!(line, "\n  {:WIDTH$}", "");
    }
    let mut notes = vec![entry.doc.to_owned()];
    notes.extend(entry.env.first().map(|name| format!("[env {name}]")));
    let default = entry
        .default
        .filter(|text| !text.is_empty() && !entry.secret);
    notes.extend(default.map(|text| format!("[default {text}]")));
    notes.extend((entry.reloadable && !entry.user).then(|| "[reloadable]".to_owned()));
    notes.retain(|note| !note.is_empty());
    let _ = writeln!(line, "{}", notes.join(" "));
    Some(line)
}

/// Items by section, sections in the order of their first item.
fn sections<'a, T>(
    items: &'a [T],
    section: impl Fn(&'a T) -> &'a str,
) -> Vec<(&'a str, Vec<&'a T>)> {
    let mut grouped: Vec<(&str, Vec<&T>)> = Vec::new();
    for item in items {
        let name = section(item);
        match grouped.iter_mut().find(|(known, _)| *known == name) {
            Some((_, items)) => items.push(item),
            None => grouped.push((name, vec![item])),
        }
    }
    grouped
}

pub(crate) fn word(kind: Kind) -> Cow<'static, str> {
    Cow::Borrowed(match kind {
        Kind::Choice(words) => return Cow::Owned(words.join("|")),
        Kind::Text => "text",
        Kind::Bool => "true|false",
        Kind::Integer { .. } => "number",
        Kind::Duration { .. } => "duration",
        Kind::Bytes { .. } => "size",
        Kind::List => "a,b,c",
        Kind::Path => "path",
        Kind::Any => "value",
    })
}

/// When a new value takes effect.
fn reload(key: &Key, language: Language) -> &'static str {
    match (key.reloadable, language) {
        (true, Language::En) => "at once",
        (false, Language::En) => "restart",
        (true, Language::Zh) => "立即生效",
        (false, Language::Zh) => "需重启",
    }
}

/// What a key accepts, in a few words.
fn values(key: &Key, language: Language) -> String {
    let pick = |en: &str, zh: &str| match language {
        Language::En => en.to_owned(),
        Language::Zh => zh.to_owned(),
    };
    let (number, time, size) = (
        pick("number", "数字"),
        pick("duration", "时长"),
        pick("size", "大小"),
    );
    let mut text = match key.kind {
        Kind::Text | Kind::Any => pick("text", "文本"),
        Kind::Bool => pick("boolean: true, false", "布尔：true, false"),
        Kind::Integer { min, max: i64::MAX } => format!("{number}, ≥ {min}"),
        Kind::Integer { min, max } => format!("{number}, {min} – {max}"),
        Kind::Duration {
            min,
            max: std::time::Duration::MAX,
        } => {
            format!("{time}, ≥ {}", duration::format(min))
        }
        Kind::Duration { min, max } => {
            let (min, max) = (duration::format(min), duration::format(max));
            format!("{time}, {min} – {max}")
        }
        Kind::Bytes { min, max: u64::MAX } => format!("{size}, ≥ {}", bytes::format(min)),
        Kind::Bytes { min, max } => {
            format!("{size}, {} – {}", bytes::format(min), bytes::format(max))
        }
        Kind::List => pick("list", "列表"),
        Kind::Path => pick("path", "路径"),
        Kind::Choice(words) => format!("{}{}", pick("one of ", "取其一："), words.join(", ")),
    };
    if key.zero_is_unlimited {
        text.push_str(&pick("; 0 = unlimited", "；0 = 不限"));
    }
    if key.secret {
        text.push_str(&pick("; secret", "；机密"));
    }
    text
}

/// A duration in a variable that ends in `_MS` is written in milliseconds.
fn env_default(variable: &str, kind: Kind, text: &str) -> String {
    match (kind, duration::parse(text)) {
        (Kind::Duration { .. }, Ok(value)) if variable.ends_with("_MS") => {
            value.as_millis().to_string()
        }
        _ => text.to_owned(),
    }
}

/// A value that a `.env` file gives back as it is.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.:/,@+".contains(c);
    if text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{text}'")
    }
}
