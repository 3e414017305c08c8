//! The error codes, from the table in `contract`.

use plumego_contract::{CODES, Code};

use super::{Language, Page, table};

/// `errors.md`.
pub(super) fn page(language: Language) -> Page {
    let intro = language.choose(
        "Every error that Plumego itself sends has one of these codes. The code is stable; title \
         and text may be worded anew.",
        "Plumego 自身发送的每个错误都带有以下代码之一。代码保持稳定；标题与文字可能调整。",
    );
    let row = |code: &Code| {
        vec![
            format!("`{}`", code.code),
            code.status.as_u16().to_string(),
            format!("`{}`", code.category.as_str()),
            code.title.to_owned(),
            language.choose(code.doc_en, code.doc_zh).to_owned(),
        ]
    };
    let rows: Vec<Vec<String>> = CODES.iter().map(row).collect();
    let head = match language {
        Language::English => ["Code", "Status", "Category", "Title", "Cause and cure"],
        Language::Chinese => ["代码", "状态码", "类别", "标题", "原因与处理"],
    };
    let title = language.choose("Error codes", "错误代码");
    Page::reference(
        language,
        "errors.md",
        title,
        &format!("{intro}\n\n{}", table(&head, &rows)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_one_row_in_both_languages() {
        for language in Language::ALL {
            let page = page(language);
            for code in CODES {
                let start = format!("| `{}` | {} |", code.code, code.status.as_u16());
                let rows = page
                    .text
                    .lines()
                    .filter(|line| line.starts_with(&start))
                    .count();
                assert_eq!(rows, 1, "{} in {}", code.code, page.path);
            }
        }
    }
}
