use plumego_stdx::{Secret, ct_eq};

#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Settings {
    token: Secret<String>,
}

#[test]
fn a_secret_is_read_but_never_written() {
    let settings: Settings = serde_json::from_str(r#"{"token":"hunter2"}"#).unwrap();
    assert_eq!(settings.token.expose(), "hunter2");
    let shown = format!(
        "{settings:?} {settings:#?} {} {}",
        settings.token,
        serde_json::to_string(&settings).unwrap()
    );
    assert!(!shown.contains("hunter2"), "{shown}");
    assert_eq!(shown.matches("[secret]").count(), 4, "{shown}");
    assert_eq!(settings.token.into_exposed(), "hunter2");
}

#[test]
fn only_the_whole_secret_matches() {
    let token = Secret::from(String::from("hunter2"));
    assert!(token.matches("hunter2"));
    for wrong in ["", "hunter", "hunter22", "Hunter2", "hunter3"] {
        assert!(!token.matches(wrong), "{wrong}");
    }
    assert!(ct_eq(b"", b"") && !ct_eq(b"a", b"") && ct_eq(&[0, 255], &[0, 255]));
}
