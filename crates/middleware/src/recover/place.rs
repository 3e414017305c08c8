//! Where a panic happened, for developers.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, PanicHookInfo};
use std::sync::Once;

use super::panic_text;

/// A panic of this thread.
struct Seen {
    text: String,
    place: String,
}

thread_local! {
    static LAST: RefCell<Option<Seen>> = const { RefCell::new(None) };
}

/// From now on it is noted where panics happen, in the whole process. What was done with a panic
/// before is done still.
pub(crate) fn note_places() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            note(info);
            before(info);
        }));
    });
}

fn note(info: &PanicHookInfo<'_>) {
    let text = info.payload_as_str().unwrap_or_else(|| panic_text(&()));
    let seen = info.location().map(|location| Seen {
        text: text.to_owned(),
        place: location.to_string(),
    });
    // It is never borrowed while other code runs; while the thread ends, there is none.
    let _ = LAST.try_with(|last| last.try_borrow_mut().map(|mut last| *last = seen));
}

/// Where this panic happened, if it was the last one of this thread.
pub(super) fn place_of(panic: &(dyn Any + Send)) -> Option<String> {
    let seen = LAST.try_with(|last| last.try_borrow_mut().ok()?.take());
    let seen = seen.ok().flatten()?;
    (seen.text == panic_text(panic)).then_some(seen.place)
}
