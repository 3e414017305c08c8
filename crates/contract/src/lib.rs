//! The vocabulary of Plumego: request, response, error, extractors.
