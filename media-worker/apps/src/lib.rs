//! The telephone applications: what one hears, as one reads it.
