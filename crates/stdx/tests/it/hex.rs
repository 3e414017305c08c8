use plumego_stdx::{Hex, hex};

#[test]
fn every_byte_goes_there_and_back() {
    for byte in 0..=u8::MAX {
        let text = Hex::new([byte]);
        assert_eq!(text.as_str(), format!("{byte:02x}"));
        assert_eq!(hex::decode(text.as_str()), Some([byte]));
    }
    let mut out = b"id=".to_vec();
    hex::push(&[0, 0xab], &mut out);
    assert_eq!(out, b"id=00ab");
    assert_eq!(
        format!("{:>6}|{:?}", Hex::new([1, 2]), Hex::new([3])),
        "  0102|03"
    );
}

#[test]
fn only_the_exact_length_in_lower_case_is_read() {
    for bad in [
        "", "0", "00", "000", "00000", "0000 ", "00 0", "0A00", "g000", "+000", "é00",
    ] {
        assert_eq!(hex::decode::<2>(bad), None, "{bad:?}");
    }
    assert_eq!(hex::decode::<0>(""), Some([]));
}
