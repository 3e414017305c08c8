//! Static sites and single-page applications, from a directory or embedded in the binary.
