//! A profile as a picture: each box is a function, as wide as the time that was spent in it.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::hash::{DefaultHasher, Hash, Hasher};

use plumego_security::input::escape_html;

use super::sample::Profile;

const WIDTH: f64 = 1200.0;
const ROW: u32 = 18;
const TOP: u32 = 32;
/// Narrower boxes are left out.
const MIN_WIDTH: f64 = 0.3;
/// The deepest row that is drawn.
const MAX_ROWS: u32 = 200;
/// The width of a letter, about.
const LETTER: f64 = 7.0;

const STYLE: &str = "text{font:12px ui-monospace,monospace;pointer-events:none}\
                     rect{stroke:#fff;stroke-width:.5}rect:hover{stroke:#000}";

/// A function in its place, with what it called.
#[derive(Default)]
struct Node<'a> {
    count: u64,
    called: BTreeMap<&'a str, Node<'a>>,
}

impl<'a> Node<'a> {
    fn add(&mut self, frames: impl Iterator<Item = &'a str>, count: u64) {
        self.count += count;
        let mut node = self;
        for name in frames.take(MAX_ROWS as usize) {
            node = node.called.entry(name).or_default();
            node.count += count;
        }
    }

    fn rows(&self) -> u32 {
        let below = self.called.values().map(Self::rows);
        1 + below.max().unwrap_or(0)
    }
}

/// The picture as SVG, without a script.
pub(super) fn picture(profile: &Profile) -> String {
    let mut root = Node::default();
    for stack in &profile.stacks {
        let thread = Some(stack.thread.as_str()).filter(|name| !name.is_empty());
        let outer = std::iter::once(thread.unwrap_or("(thread)"));
        let frames = stack.frames.iter().rev().map(|frame| frame.name.as_str());
        root.add(outer.chain(frames), stack.count);
    }
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut out, &root, profile);
    out
}

fn write(out: &mut String, root: &Node<'_>, profile: &Profile) -> fmt::Result {
    let height = TOP + root.rows() * ROW;
    write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\"><style>{STYLE}</style>\
         <text x=\"4\" y=\"20\">{} samples, {} a second, {:.1} s</text>",
        root.count,
        profile.frequency,
        profile.duration.as_secs_f64(),
    )?;
    let scale = if root.count == 0 {
        0.0
    } else {
        WIDTH / precise(root.count)
    };
    draw(out, ("all", root), (0.0, 0), (scale, root.count))?;
    out.push_str("</svg>\n");
    Ok(())
}

fn draw(
    out: &mut String,
    (name, node): (&str, &Node<'_>),
    (x, row): (f64, u32),
    (scale, all): (f64, u64),
) -> fmt::Result {
    let width = precise(node.count) * scale;
    if width < MIN_WIDTH {
        return Ok(());
    }
    let y = TOP + row * ROW;
    let percent = precise(node.count) / precise(all.max(1)) * 100.0;
    let (red, green) = colour(name);
    write!(
        out,
        "<g><title>{} ({} samples, {percent:.1} %)</title><rect x=\"{x:.1}\" y=\"{y}\" \
         width=\"{width:.1}\" height=\"{ROW}\" fill=\"rgb({red},{green},60)\"/>",
        escaped(name),
        node.count,
    )?;
    let letters = (width / LETTER).floor();
    if letters >= 3.0 {
        let shown = escaped(head(name, letters));
        write!(
            out,
            "<text x=\"{:.1}\" y=\"{}\">{shown}</text>",
            x + 3.0,
            y + 13
        )?;
    }
    out.push_str("</g>");
    let mut x = x;
    for (name, called) in &node.called {
        draw(out, (name, called), (x, row + 1), (scale, all))?;
        x += precise(called.count) * scale;
    }
    Ok(())
}

/// As much of the end of a path as there is room for: that is where its name is.
fn head(name: &str, letters: f64) -> &str {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few hundred letters"
    )]
    let room = letters as usize;
    let skipped = name.chars().count().saturating_sub(room);
    let start = name.char_indices().nth(skipped).map_or(0, |(at, _)| at);
    name.get(start..).unwrap_or_default()
}

/// The same colour for the same name.
fn colour(name: &str) -> (u64, u64) {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    let hash = hasher.finish();
    (205 + hash % 50, 90 + hash / 50 % 130)
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn precise(count: u64) -> f64 {
    count as f64
}

/// Text that cannot leave the place where it stands. Controls cannot stand in XML at all.
fn escaped(text: &str) -> String {
    escape_html(&text.replace(char::is_control, "\u{fffd}")).into_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use plumego_stdx::Timestamp;

    use super::super::sample::{Frame, Stack};
    use super::*;

    fn profile(stacks: &[(&[&str], u64)]) -> Profile {
        let stacks = stacks.iter().map(|(names, count)| Stack {
            frames: names
                .iter()
                .map(|name| Frame {
                    name: (*name).to_owned(),
                    symbol: String::new(),
                    file: String::new(),
                    line: 0,
                })
                .collect(),
            thread: "worker".to_owned(),
            count: *count,
        });
        Profile {
            stacks: stacks.collect(),
            frequency: 99,
            start: Timestamp::from_unix_nanos(0),
            duration: Duration::from_secs(1),
            period: Duration::from_millis(10),
        }
    }

    #[test]
    fn a_box_is_as_wide_as_its_share_and_everything_is_escaped() {
        let evil = "</title><script>alert('x')</script>\u{0}";
        let svg = picture(&profile(&[(&["inner", "main"], 3), (&[evil, "main"], 1)]));
        assert!(
            svg.contains("<title>main (4 samples, 100.0 %)</title>"),
            "{svg}"
        );
        assert!(svg.contains("<title>inner (3 samples, 75.0 %)</title>"));
        assert!(svg.contains("width=\"900.0\""));
        assert!(!svg.contains("<script>") && !svg.contains('\u{0}'), "{svg}");
        assert!(svg.contains("&lt;script&gt;alert(&#39;x&#39;)"));
        assert_eq!(svg.matches("<g>").count(), svg.matches("</g>").count());
    }

    #[test]
    fn nothing_and_too_much_are_pictures_too() {
        assert!(picture(&profile(&[])).ends_with("</svg>\n"));
        let deep: Vec<&str> = vec!["again"; 5000];
        let svg = picture(&profile(&[(&deep, 1)]));
        assert_eq!(svg.matches("<rect").count(), MAX_ROWS as usize + 1);
    }
}
