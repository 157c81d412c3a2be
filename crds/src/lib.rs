//! The custom resources of a PhoneSystem, and the directory compiled from them.
