//! The feature matrix of the facade.

use std::path::Path;

use toml::Value;

use crate::cargo;
use crate::manifest::Manifest;

/// Checks the facade without features, with each feature alone, with the defaults and with all.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let manifest = Manifest::read(root, "crates/plumego/Cargo.toml")?;
    for selection in selections(&names(&manifest)) {
        println!("features: {}", selection.join(" "));
        let mut args = vec!["check", "--quiet", "--package", "plumego", "--lib"];
        args.extend(selection.iter().map(String::as_str));
        cargo::run(root, &args)?;
    }
    Ok(())
}

/// The names of a package's features.
fn names(manifest: &Manifest) -> Vec<String> {
    let features = manifest.table.get("features").and_then(Value::as_table);
    features.map_or_else(Vec::new, |features| features.keys().cloned().collect())
}

/// The arguments that select each cell of the matrix.
fn selections(features: &[String]) -> Vec<Vec<String>> {
    let none = vec!["--no-default-features".to_owned()];
    let one = |name: &String| {
        let chosen = [
            "--no-default-features".to_owned(),
            "--features".to_owned(),
            name.clone(),
        ];
        chosen.to_vec()
    };
    std::iter::once(none)
        .chain(features.iter().map(one))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_is_none_and_each_feature_alone() {
        let text = "[package]\nname = \"x\"\n[features]\ndefault = [\"a\"]\na = []\nfull = []\n";
        let manifest = Manifest::parse("Cargo.toml", text).unwrap();
        let lines: Vec<String> = selections(&names(&manifest))
            .iter()
            .map(|words| words.join(" "))
            .collect();
        let expected = [
            "--no-default-features",
            "--no-default-features --features a",
            "--no-default-features --features default",
            "--no-default-features --features full",
        ];
        assert_eq!(lines, expected);
    }
}
