//! Bodies, streams, and the end of connections.
