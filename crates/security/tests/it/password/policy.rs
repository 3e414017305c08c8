//! Rules for new passwords: length and what is tried first, nothing of what they are made of.

use plumego_security::password::{PasswordPolicy, Weakness};

fn check(password: &str, expected: Result<(), Weakness>) {
    let mut policy = PasswordPolicy::with_second_factor();
    policy.context = vec!["Plumego".into(), "shop.example.com".into()];
    let context = ["ada.lovelace@engines.example", "Ada Lovelace"];
    assert_eq!(policy.check(password, &context), expected, "{password:?}");
}

// acceptance 21.1 (40), ASVS 5.0 6.2.1, 6.2.5, 6.2.9
#[test]
fn length_counts_and_what_it_is_made_of_does_not() {
    for good in [
        "violetum",
        "gr\u{fc}ne wiese",
        "\u{6b63}\u{786e}\u{7684}\u{9a6c}\u{7535}\u{6c60}\u{8ba2}\u{4e66}",
        "nur kleine buchstaben",
        "    eight spaces inside    ",
        "Tr0ub4dor&3x",
    ] {
        check(good, Ok(()));
    }
    check(&"correct horse ".repeat(5), Ok(()));
    check("seven77", Err(Weakness::TooShort(8)));
    check(
        "\u{1f600}\u{1f600}\u{1f600}\u{1f600}",
        Err(Weakness::TooShort(8)),
    );
    check(&"ab cd ef ".repeat(120), Err(Weakness::TooLong(1024)));

    let alone = PasswordPolicy::default();
    assert_eq!(
        alone.check("fourteen chars", &[]),
        Err(Weakness::TooShort(15))
    );
    assert_eq!(alone.check("fifteen chars !", &[]), Ok(()));
}

// ASVS 5.0 6.2.4
#[test]
fn what_is_tried_first_is_refused() {
    for common in [
        "password",
        "PASSWORD",
        "iloveyou",
        "football",
        "trustno1",
        "q1w2e3r4",
        "password1",
        "Password123",
        "!!baseball!!",
        "passwordpassword",
        "sunshine2026",
    ] {
        check(common, Err(Weakness::Common));
    }
}

// ASVS 5.0 6.1.2, 6.2.11
#[test]
fn names_of_user_and_service_are_refused() {
    for named in [
        "plumego1",
        "PlumeGo!",
        "plumegoplumego",
        "2026plumego",
        "lovelace",
        "Lovelace1815",
        "ada.lovelace",
        "adalovelace",
        "engines.example",
        "ada.lovelace@engines.example",
    ] {
        check(named, Err(Weakness::Context));
    }
    // The whole counts, not a part: NIST wants no search for words inside.
    check("lovelace wrote programs", Ok(()));
}

#[test]
fn rows_of_keys_and_repetitions_are_refused() {
    for pattern in [
        "aaaaaaaaaa",
        "abababababab",
        "xyz!xyz!xyz!",
        "abcdefghijkl",
        "987654321098765",
        "qwertyuiopasdfghjkl",
        "lkjhgfdsapoiuytrewq",
    ] {
        let mut policy = PasswordPolicy::with_second_factor();
        policy.context.clear();
        let found = policy.check(pattern, &[]).unwrap_err();
        assert!(
            matches!(found, Weakness::Pattern | Weakness::Common),
            "{pattern}: {found:?}"
        );
    }
    check("zzzzzzzzzzzzz", Err(Weakness::Pattern));
}

#[test]
fn a_weakness_is_a_field_error_without_the_password() {
    let field = Weakness::Common.at("new_password");
    assert_eq!(field.pointer, "/new_password");
    assert_eq!(field.code, "common_password");
    assert_eq!(
        Weakness::TooShort(15).to_string(),
        "Use at least 15 characters."
    );
}
