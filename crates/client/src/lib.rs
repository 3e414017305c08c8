//! Requests to other servers: the only way out of the house, with the address check in the
//! connector.
