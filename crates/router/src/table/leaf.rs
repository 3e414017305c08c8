//! The ends of patterns: which route has a method.

use http::Method;

use super::edges::{NONE, small};

/// What is put at the end of a pattern. The numbers are places in the frozen router.
#[derive(Debug, Clone)]
pub(crate) enum Slot {
    Method(Method, usize),
    Any(usize),
    /// The prefix of a mount: it yields to a written route for any method.
    Mount(usize),
    /// GET and HEAD of what no other route has, for any method.
    Site(usize),
    Fallback(usize),
}

/// The end of one or more patterns of the same shape, while patterns are still put in.
#[derive(Debug, Default)]
pub(super) struct LeafDraft {
    methods: Vec<(Method, u32)>,
    any: Option<u32>,
    mount: Option<u32>,
    site: Option<u32>,
    fallback: Option<u32>,
}

/// The end of one or more patterns of the same shape.
#[derive(Debug)]
pub(super) struct Leaf {
    /// The route for each method that has a name of its own in `http`, and for all others.
    picks: [u32; Known::COUNT + 1],
    fallback: u32,
    site: u32,
    /// Any route here, the one written first if there are several.
    first: u32,
    /// What was written, for `Allow` and for methods without a name of their own.
    methods: Box<[(Method, u32)]>,
}

/// A method, looked at once for a whole search.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    place: usize,
    method: &'a Method,
}

impl<'a> Known<'a> {
    const COUNT: usize = 9;

    pub(super) fn new(method: &'a Method) -> Self {
        let place = match *method {
            Method::GET => 0,
            Method::POST => 1,
            Method::PUT => 2,
            Method::DELETE => 3,
            Method::HEAD => 4,
            Method::OPTIONS => 5,
            Method::CONNECT => 6,
            Method::PATCH => 7,
            Method::TRACE => 8,
            _ => Self::COUNT,
        };
        Self { place, method }
    }

    pub(super) fn is_get(self) -> bool {
        self.place == 0
    }

    pub(super) fn reads(self) -> bool {
        matches!(*self.method, Method::GET | Method::HEAD)
    }
}

impl LeafDraft {
    /// What is there already stays: freezing has reported it.
    pub(super) fn put(&mut self, slot: Slot) {
        match slot {
            Slot::Method(method, route) => {
                if !self.methods.iter().any(|(there, _)| *there == method) {
                    self.methods.push((method, small(route)));
                }
            }
            Slot::Any(route) => self.any = self.any.or(Some(small(route))),
            Slot::Mount(route) => self.mount = self.mount.or(Some(small(route))),
            Slot::Site(route) => self.site = self.site.or(Some(small(route))),
            Slot::Fallback(place) => self.fallback = self.fallback.or(Some(small(place))),
        }
    }

    pub(super) fn build(self) -> Leaf {
        let first = self.methods.iter().map(|(_, route)| *route);
        let first = first.chain(self.any).chain(self.mount).min();
        let rest = self.any.or(self.mount).unwrap_or(NONE);
        let mut picks = [rest; Known::COUNT + 1];
        // GET stands in for HEAD, so the routes for HEAD itself come last.
        for heads in [false, true] {
            for (method, route) in &self.methods {
                if (*method == Method::HEAD) == heads {
                    put(&mut picks, method, *route);
                }
                if *method == Method::GET && !heads {
                    put(&mut picks, &Method::HEAD, *route);
                }
            }
        }
        Leaf {
            picks,
            fallback: self.fallback.unwrap_or(NONE),
            site: self.site.unwrap_or(NONE),
            first: first.unwrap_or(NONE),
            methods: self.methods.into_boxed_slice(),
        }
    }
}

fn put(picks: &mut [u32], method: &Method, route: u32) {
    let place = Known::new(method).place;
    if place < Known::COUNT
        && let Some(pick) = picks.get_mut(place)
    {
        *pick = route;
    }
}

impl Leaf {
    /// The route for a method: its own, GET's for HEAD, then ANY's, then a mount.
    #[inline]
    pub(super) fn pick(&self, method: Known<'_>) -> Option<usize> {
        if method.place == Known::COUNT
            && let Some(route) = self.own(method.method)
        {
            return Some(route as usize);
        }
        there(self.picks.get(method.place).copied().unwrap_or(NONE))
    }

    /// The route for GET, or [`NONE`].
    pub(super) fn get(&self) -> u32 {
        self.picks.first().copied().unwrap_or(NONE)
    }

    /// What answers GET and HEAD where no route has the path.
    pub(super) fn site(&self) -> Option<usize> {
        there(self.site)
    }

    pub(super) fn fallback(&self) -> Option<usize> {
        there(self.fallback)
    }

    pub(super) fn first(&self) -> Option<usize> {
        there(self.first)
    }

    pub(super) fn methods(&self) -> impl Iterator<Item = &Method> {
        self.methods.iter().map(|(method, _)| method)
    }

    #[cold]
    fn own(&self, wanted: &Method) -> Option<u32> {
        let mut methods = self.methods.iter();
        methods
            .find(|(method, _)| method == wanted)
            .map(|(_, route)| *route)
    }
}

fn there(place: u32) -> Option<usize> {
    (place != NONE).then_some(place as usize)
}
