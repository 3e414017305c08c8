mod api;
mod codes;
mod log;
mod render;
