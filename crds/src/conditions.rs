//! The conditions of every status and their documented reasons.
use std::fmt;

/// The types of condition this project sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConditionType {
    /// The object is valid, alone and beside the others.
    Accepted,
    /// Every live worker has loaded this generation. Where `Accepted` is False its reason is that one's: nothing is in force (False), or a part (True).
    Ready,
    /// As many workers run as `spec.workers.replicas` asks for (`PhoneSystem`).
    Scaled,
    /// Every worker knows the address it is to announce for media (`PhoneSystem`).
    MediaAddressKnown,
    /// Callers' audio arrives: Unknown before the first call, False when the last five heard none (`PhoneSystem`).
    MediaReachable,
    /// The object storage can be written (`PhoneSystem`).
    StorageReady,
    /// The spool's volume is as large as asked for (`PhoneSystem`).
    SpoolSized,
    /// PINs are checked with the key that they were set under (`PhoneSystem`).
    KeysKept,
    /// The mail server takes e-mails; there once one was to be sent (`PhoneSystem`).
    MailReady,
    /// The TLS certificate can be used; there where `spec.network.sip.tlsSecretRef` is set (`PhoneSystem`).
    CertificateReady,
    /// A worker is to be replaced by one that is built otherwise (`PhoneSystem`).
    Updating,
    /// The far side knows where we are (`Trunk`).
    Registered,
    /// Callers can hear every recording that it names (`AutoAttendant`).
    RecordingsReady,
}

impl ConditionType {
    /// Every type, for the reference documentation.
    pub const ALL: [Self; 13] = [
        Self::Accepted,
        Self::Ready,
        Self::Scaled,
        Self::MediaAddressKnown,
        Self::MediaReachable,
        Self::StorageReady,
        Self::SpoolSized,
        Self::KeysKept,
        Self::MailReady,
        Self::CertificateReady,
        Self::Updating,
        Self::Registered,
        Self::RecordingsReady,
    ];

    /// The name as it stands in a status.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "Accepted",
            Self::Ready => "Ready",
            Self::Scaled => "Scaled",
            Self::MediaAddressKnown => "MediaAddressKnown",
            Self::MediaReachable => "MediaReachable",
            Self::StorageReady => "StorageReady",
            Self::SpoolSized => "SpoolSized",
            Self::KeysKept => "KeysKept",
            Self::MailReady => "MailReady",
            Self::CertificateReady => "CertificateReady",
            Self::Updating => "Updating",
            Self::Registered => "Registered",
            Self::RecordingsReady => "RecordingsReady",
        }
    }

    /// Whether it tells, by being False, of something that people should look at: that becomes an Event. Of the others
    /// `Accepted` has Events of its own, and the rest are False in the course of things.
    pub const fn warns(self) -> bool {
        match self {
            Self::MediaReachable
            | Self::StorageReady
            | Self::SpoolSized
            | Self::KeysKept
            | Self::MailReady
            | Self::CertificateReady
            | Self::Registered
            | Self::RecordingsReady => true,
            Self::Accepted
            | Self::Ready
            | Self::Scaled
            | Self::MediaAddressKnown
            | Self::Updating => false,
        }
    }
}

impl fmt::Display for ConditionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// Why a condition has its status.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $($(#[doc = $doc])+ $name,)+ }

        impl Reason {
            /// Every reason, for the reference documentation.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The name as it stands in a condition.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }

            /// What it means, one sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+)),+ }
            }
        }
    };
}

reasons! {
    /// The object is valid (Accepted=True).
    Valid,
    /// A field's value is none it may have.
    InvalidValue,
    /// The manifest has a field that the Kind does not have.
    UnknownField,
    /// A required field is absent.
    MissingField,
    /// The manifest is of another version or Kind than this project serves.
    UnknownKind,
    /// This version cannot read the object and leaves it out.
    Unreadable,
    /// Two objects of one Kind have the same name.
    Duplicate,
    /// There is no PhoneSystem in the namespace.
    NoPhoneSystem,
    /// An older PhoneSystem of the namespace is the one in force.
    NotOldest,
    /// A reference names an object that does not exist.
    NotFound,
    /// A Secret that is referred to does not exist or lacks the key.
    SecretMissing,
    /// A Secret that is referred to lacks the label `switchboard.dev/use`.
    SecretNotLabelled,
    /// Another object has this number already.
    NumberTaken,
    /// Another handset has this username already.
    UsernameTaken,
    /// Another user has this mailbox already.
    MailboxTaken,
    /// A number shadows another meaning of the same digits.
    Overlap,
    /// The route leads back to its own user.
    RoutingLoop,
    /// The PIN is too short, too easily guessed, or has what no telephone enters.
    WeakPin,
    /// What the field asks for is not provided by this version.
    NotSupported,
    /// Every live worker has loaded this generation (Ready=True).
    Loaded,
    /// Some live worker has not loaded this generation yet (Ready=False).
    Loading,
    /// No worker is running yet (Ready=False), or there is none (Scaled=False).
    NoWorker,
    /// The API server refuses something that is made for the object (Ready=False).
    ApplyFailed,
    /// The Kind is accepted, but this version gives it no behaviour yet (Ready=False).
    NotAvailableYet,
    /// As many workers run as are asked for (Scaled=True).
    AsAsked,
    /// Workers cannot share calls yet, so one serves (Scaled=False).
    SharingNotYetAvailable,
    /// There is no worker that is to be replaced (Updating=False).
    UpToDate,
    /// No new worker is started as long as a Secret that it would mount lacks its label (Updating=False).
    HeldBack,
    /// The worker is replaced in a moment without calls; it is told to go after the drain time-out (Updating=True).
    WaitingForCalls,
    /// The old worker is going and the new one comes (Updating=True).
    Replacing,
    /// The addresses are known (MediaAddressKnown=True).
    AddressKnown,
    /// The load balancer has given no address yet (MediaAddressKnown=False).
    WaitingForAddress,
    /// No call has been answered yet (MediaReachable=Unknown).
    NoCallYet,
    /// Callers' audio arrives (MediaReachable=True).
    Heard,
    /// The last five answered calls heard nothing (MediaReachable=False).
    NothingHeard,
    /// Object storage takes what is written (StorageReady=True).
    Writable,
    /// Object storage does not answer (StorageReady=False).
    StorageAway,
    /// Object storage refuses the credentials (StorageReady=False).
    CredentialsRefused,
    /// The bucket does not exist (StorageReady=False).
    BucketMissing,
    /// The bucket, or without one the worker's disk, has no room left (StorageReady=False).
    StorageFull,
    /// The prefix of the bucket belongs to another PhoneSystem (StorageReady=False).
    PrefixTaken,
    /// The spool's volume is as large as asked for (SpoolSized=True).
    SizeAsAsked,
    /// The spool's volume is being enlarged (SpoolSized=False).
    Growing,
    /// The spool's volume cannot be changed as asked for (SpoolSized=False).
    SizeFixed,
    /// PINs are checked with the key that they were set under (KeysKept=True).
    KeysKnown,
    /// The key that PINs were set under is gone (KeysKept=False).
    KeysLost,
    /// There is another key than PINs were set under (KeysKept=False).
    KeysReplaced,
    /// The far side of a trunk has taken the registration (Registered=True).
    TakenByServer,
    /// The far side of a trunk knows us by our address (Registered=True).
    NotNeeded,
    /// The far side of a trunk refuses username or password (Registered=False).
    RefusedByServer,
    /// The far side of a trunk does not answer (Registered=False).
    NoAnswer,
    /// Every recording is there and can be played (RecordingsReady=True).
    Playable,
    /// A recording is not among the shared files (RecordingsReady=False).
    FileMissing,
    /// A recording is there and can't be played (RecordingsReady=False).
    NotPlayable,
    /// The mail server takes e-mails (MailReady=True).
    MailTaken,
    /// The mail server cannot be reached or used (MailReady=False).
    MailServerAway,
    /// The mail server refuses the login, or its Secret is missing (MailReady=False).
    MailLoginRefused,
    /// The mail server takes no mail from `spec.mail.smtp.from` or from the workers, perhaps to some recipients only (MailReady=False).
    MailSenderRefused,
    /// Phones can connect over TLS (CertificateReady=True).
    CertificateUsable,
    /// The TLS certificate or its key is missing or cannot be used (CertificateReady=False).
    CertificateUnusable,
    /// The mail server will never take an e-mail about a message (Event of a User).
    MailRefused,
    /// An e-mail about a message was not taken for five days (Event of a User).
    MailGivenUp,
    /// Mailboxes could not be deleted in time and stay in storage (Event of a deletion).
    DeletionGivenUp,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_a_camel_case_word_with_a_meaning() {
        for reason in Reason::ALL {
            assert!(reason.as_str().chars().all(char::is_alphabetic));
            assert!(reason.meaning().trim().ends_with('.'), "{reason}");
        }
    }
}
