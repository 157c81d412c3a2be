//! Messages, greetings and call details on a blob store, and the spool before it.
