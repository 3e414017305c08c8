//! Requirements of OWASP ASVS 5.0, and the tests that show them.

mod requirements;

use std::path::Path;

use self::requirements::{REQUIREMENTS, Requirement};
use crate::{Language, Page, table};

const ENGLISH: &str = "\
Which requirements of the OWASP Application Security Verification Standard 5.0 the toolkit itself
meets, and the tests that show it. The wording is ours and short; the standard has the whole. A
requirement that is not here is for the application: what is logged, who may read which record, how
accounts are recovered. The page is not written when a test that it names is gone.";

const CHINESE: &str = "\
工具包自身满足的 OWASP 应用安全验证标准 5.0 的要求，以及证明它们的测试。此处措辞为概述，
完整内容见标准。未列出的要求属于应用：记录哪些日志、谁可读取哪条记录、如何找回账户。
所列测试若不存在，本页不会生成。";

/// The page, when every test is where it is said to be.
pub(crate) fn page(root: &Path, language: Language) -> Result<Page, String> {
    check(root)?;
    let intro = language.choose(ENGLISH, CHINESE);
    let head = match language {
        Language::English => ["Requirement", "What holds", "Tests"],
        Language::Chinese => ["要求", "内容", "测试"],
    };
    let rows: Vec<Vec<String>> = REQUIREMENTS.iter().map(|it| cells(it, language)).collect();
    let body = format!("{intro}\n\n{}", table(&head, &rows));
    let title = language.choose("ASVS 5.0", "ASVS 5.0");
    Ok(Page::reference(language, "asvs.md", title, &body))
}

fn cells(requirement: &Requirement, language: Language) -> Vec<String> {
    let tests = requirement.tests.iter().map(|(file, name)| {
        let room = file.split('/').next().unwrap_or_default();
        format!("`{room}`: `{name}`")
    });
    vec![
        requirement.id.to_owned(),
        language
            .choose(requirement.english, requirement.chinese)
            .to_owned(),
        tests.collect::<Vec<_>>().join("<br>"),
    ]
}

/// Every test that is named is a function in its file.
fn check(root: &Path) -> Result<(), String> {
    let mut missing = Vec::new();
    for requirement in REQUIREMENTS {
        for (file, name) in requirement.tests {
            let path = root.join("crates").join(file);
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            if !has_test(&text, name) {
                missing.push(format!(
                    "xtask/pages/src/asvs/requirements.rs: {}: crates/{file} has no test \
                     `{name}`: name the one that shows the requirement",
                    requirement.id
                ));
            }
        }
    }
    if missing.is_empty() {
        Ok(())
    } else {
        Err(missing.join("\n"))
    }
}

/// Whether the text has a function of that name behind an attribute of a test.
fn has_test(text: &str, name: &str) -> bool {
    let function = format!("fn {name}(");
    let Some(at) = text.find(&function) else {
        return false;
    };
    let before = text.get(..at).unwrap_or_default();
    // The lines right above: attributes and comments of this function alone.
    let start = before.rfind("\n}").unwrap_or(0);
    let above = before.get(start..).unwrap_or_default();
    above.contains("#[test]") || above.contains("#[tokio::test")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_a_function_with_its_attribute() {
        let text =
            "#[test]\nfn one() {\n}\n\nfn two() {\n}\n\n#[tokio::test]\nasync fn three() {\n}\n";
        assert!(has_test(text, "one") && has_test(text, "three"));
        assert!(!has_test(text, "two") && !has_test(text, "thre") && !has_test(text, "four"));
    }

    #[test]
    fn a_page_that_names_a_test_that_is_gone_is_not_written() {
        let dir = tempfile::tempdir().unwrap();
        let error = page(dir.path(), Language::English).unwrap_err();
        assert!(
            error.contains("crates/router/tests/it/auth.rs has no test `a_requirement_is_held")
        );
    }
}
