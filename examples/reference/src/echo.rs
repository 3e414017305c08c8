//! A validated JSON body.

use garde::Validate;
use plumego::prelude::*;
use serde::{Deserialize, Serialize};

/// What `POST /api/echo` takes and gives back.
#[derive(Debug, Deserialize, Serialize, Validate)]
pub(crate) struct Profile {
    #[garde(length(min = 1, max = 100))]
    name: String,
    #[garde(email)]
    email: String,
    #[garde(range(min = 0, max = 150))]
    age: u8,
    #[serde(default)]
    #[garde(length(max = 280))]
    bio: String,
    #[serde(default)]
    #[garde(length(max = 10), inner(length(min = 1, max = 30)))]
    tags: Vec<String>,
    #[serde(default)]
    #[garde(range(min = 0.0, max = 5.0))]
    rating: f64,
    #[serde(default)]
    #[garde(skip)]
    newsletter: bool,
    #[serde(default)]
    #[garde(inner(length(max = 40)))]
    phone: Option<String>,
    #[serde(default)]
    #[garde(dive)]
    address: Option<Address>,
    #[serde(default)]
    #[garde(range(max = 1_000_000))]
    points: u32,
}

/// A part of a [`Profile`] with rules of its own.
#[derive(Debug, Deserialize, Serialize, Validate)]
pub(crate) struct Address {
    #[garde(length(min = 1, max = 100))]
    city: String,
    #[garde(length(min = 2, max = 2))]
    country: String,
}

/// `POST /api/echo`: 422 lists every field that does not fit.
pub(crate) async fn echo(Valid(Json(profile)): Valid<Json<Profile>>) -> impl IntoResponse {
    reply(profile)
}
