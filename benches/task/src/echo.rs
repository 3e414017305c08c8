//! The body of `POST /echo`: read into owned values, written again. The same file for everybody.

use serde::{Deserialize, Serialize};

/// What goes in and comes back.
#[derive(Debug, Deserialize, Serialize)]
pub struct Order {
    id: u64,
    customer: String,
    email: String,
    currency: String,
    paid: bool,
    total: f64,
    tags: Vec<String>,
    address: Address,
    lines: Vec<Line>,
}

/// Where an order goes.
#[derive(Debug, Deserialize, Serialize)]
pub struct Address {
    street: String,
    city: String,
    country: String,
}

/// A line of an order.
#[derive(Debug, Deserialize, Serialize)]
pub struct Line {
    article: String,
    count: u32,
    price: f64,
}
