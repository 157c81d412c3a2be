//! Spoken language: catalogues, recordings, and the grammar of numbers, dates and plurals.
