//! Messages, greetings and call details on a blob store, and the spool before it.
//!
//! A recording goes to the [`spool`] first: once [`Spool::deliver`] has returned, the caller may be told that his message is sent. [`Mailboxes`]
//! carries it to the [`store`] and puts it into every recipient's [`Mailbox`]; until then the mailbox shows and plays it from the spool.

#![forbid(unsafe_code)]

pub mod copy;
mod deliver;
pub mod details;
pub mod disk;
mod files;
mod ids;
mod index;
pub mod inspect;
mod layout;
mod mailbox;
mod mailboxes;
mod message;
pub mod outbox;
pub mod owner;
mod owners;
pub mod played;
pub mod purge;
mod rebuild;
mod record;
mod sound;
pub mod spool;
mod storage;
pub mod store;
mod sweep;
mod unreadable;
mod uploader;

pub use files::SharedFiles;
pub use ids::{AudioId, BadName, GreetingSlot, MailboxId, MessageId, NameSource};
pub use mailbox::{Mailbox, MailboxError, Room};
pub use mailboxes::{Mailboxes, MailboxesOptions, Uploads};
pub use message::{
    Counts, Delivered, Delivery, Folder, Forwarded, Introduction, Limits, Message, MessageState,
    Sender,
};
pub use outbox::{Arrived, Errand, ErrandName, MailWanted, Outbox, Progress};
pub use owner::Owner;
pub use owners::Owners;
pub use spool::{
    Appender, Draft, DraftKind, LockError, Place, Promise, RecordingId, Spool, SpoolError,
    SpoolLock, SpoolOptions,
};
pub use storage::{Storage, Trouble};
pub use store::{
    BlobStore, FolderStore, MemoryStore, OwnedStore, S3Credentials, S3Keys, S3Options, S3Store,
    StoreError,
};
pub use sweep::{Sweeper, Swept};
