//! Who asks: key rings, token pairs, sessions, password hashing and API keys. What has state or
//! input and output lives here; the pure decisions are in `plumego-security`.
