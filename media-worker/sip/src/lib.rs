//! SIP without IO: syntax, transactions, dialogs, digest, registrar, subscriptions.
