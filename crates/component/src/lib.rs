//! Components, tasks, health and readiness of Plumego.
