mod redirect;
mod reply;
mod simple;
mod tuples;
