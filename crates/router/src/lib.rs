//! The router of Plumego: patterns, groups, handlers, names, freeze.
