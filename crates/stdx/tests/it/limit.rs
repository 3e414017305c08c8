use plumego_stdx::Limit;

#[test]
fn the_limit_itself_is_allowed_one_more_is_not() {
    assert!(Limit::At(10).allows(10) && !Limit::At(10).allows(11));
    assert!(Limit::At(0).allows(0) && !Limit::At(0).allows(1));
    assert!(Limit::Unlimited.allows(u64::MAX));
    assert_eq!(
        (Limit::At(3).get(), Limit::Unlimited.get()),
        (Some(3), None)
    );
}

fn check(json: &str, expected: Option<Limit>) {
    assert_eq!(serde_json::from_str::<Limit>(json).ok(), expected, "{json}");
}

#[test]
fn reads_a_number_or_unlimited_and_zero_as_unlimited() {
    check("5", Some(Limit::At(5)));
    check("\"5\"", Some(Limit::At(5)));
    check("0", Some(Limit::Unlimited));
    check("\"0\"", Some(Limit::Unlimited));
    check("\"unlimited\"", Some(Limit::Unlimited));
    check("\"Unlimited\"", Some(Limit::Unlimited));
    for bad in [
        "-1", "1.5", "\"-1\"", "\"5 MB\"", "\"\"", "null", "true", "[5]",
    ] {
        check(bad, None);
    }
    let error = serde_json::from_str::<Limit>("-1").unwrap_err().to_string();
    assert!(
        error.contains("`-1`") && error.contains("or `unlimited`"),
        "{error}"
    );
}

#[test]
fn what_is_written_reads_back() {
    for limit in [Limit::At(1), Limit::At(u64::MAX), Limit::Unlimited] {
        let json = serde_json::to_string(&limit).unwrap();
        assert_eq!(serde_json::from_str::<Limit>(&json).unwrap(), limit);
        assert_eq!(limit.to_string().parse(), Ok(limit));
    }
    assert_eq!(
        format!("{:>10}|{:>3}", Limit::Unlimited, Limit::At(7)),
        " unlimited|  7"
    );
}
