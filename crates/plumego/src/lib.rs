//! A web toolkit: the whole product of a small team as one binary.
