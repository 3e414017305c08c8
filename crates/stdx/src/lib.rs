//! What Plumego misses in std: clock, random ids, secrets, limits.
