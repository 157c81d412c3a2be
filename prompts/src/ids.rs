//! Every prompt and every noun that code may name. A test holds them equal to the catalogue.

use std::fmt;

/// The name of a prompt: one entry of every catalogue. Only the constants here exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PromptId(&'static str);

/// The name of something counted: one entry under `counts` of every catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Noun(&'static str);

impl PromptId {
    /// The name as the catalogue has it.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl Noun {
    /// The name as the catalogue has it.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for PromptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Display for Noun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Declares the constants of a name type and its list `ALL`.
macro_rules! names {
    ($kind:ident, $word:literal: $($constant:ident = $name:literal,)*) => {
        impl $kind {
            $(#[doc = concat!("The ", $word, " `", $name, "`.")]
            pub const $constant: Self = Self($name);)*

            /// All of them, in the order of the menus.
            pub const ALL: &[Self] = &[$(Self::$constant,)*];
        }
    };
}

names! { PromptId, "prompt":
    // login
    LOGIN_WELCOME = "login-welcome",
    LOGIN_EXTENSION = "login-extension",
    LOGIN_PIN = "login-pin",
    LOGIN_OTHER_EXTENSION = "login-other-extension",
    LOGIN_LANGUAGE = "login-language",
    LOGIN_WRONG = "login-wrong",
    LOGIN_LOCKED = "login-locked",
    LOGIN_ENDED = "login-ended",
    LOGIN_UNAVAILABLE = "login-unavailable",

    // status: what the owner hears after login
    STATUS_MESSAGES = "status-messages",
    STATUS_NONE = "status-none",
    STATUS_EMAIL = "status-email",
    STATUS_EMAIL_UNAVAILABLE = "status-email-unavailable",
    STATUS_FULL = "status-full",

    // presence, said
    PRESENCE_IS_IN_OFFICE = "presence-is-in-office",
    PRESENCE_IS_AT_A_MEETING = "presence-is-at-a-meeting",
    PRESENCE_IS_ON_VACATION = "presence-is-on-vacation",
    PRESENCE_IS_ON_BUSINESS_TRIP = "presence-is-on-business-trip",
    PRESENCE_IS_AT_HOME = "presence-is-at-home",
    PRESENCE_IS_AWAY = "presence-is-away",
    PRESENCE_IS_BUSY = "presence-is-busy",

    // every menu
    MENU_REPEAT = "menu-repeat",
    MENU_PREVIOUS = "menu-previous",
    MENU_INVALID = "menu-invalid",
    MENU_GOODBYE = "menu-goodbye",

    // main menu
    MAIN_NEW = "main-new",
    MAIN_SAVED = "main-saved",
    MAIN_SEND = "main-send",
    MAIN_SETTINGS = "main-settings",
    MAIN_OUTSIDE = "main-outside",
    MAIN_CALL = "main-call",
    MAIN_EXIT = "main-exit",

    // listening
    LISTEN_NONE_NEW = "listen-none-new",
    LISTEN_NONE_SAVED = "listen-none-saved",
    LISTEN_END = "listen-end",
    LISTEN_REPLY = "listen-reply",
    LISTEN_FORWARD = "listen-forward",
    LISTEN_DELETE = "listen-delete",
    LISTEN_REPLAY = "listen-replay",
    LISTEN_NEXT = "listen-next",
    LISTEN_CALL = "listen-call",
    LISTEN_DELETED = "listen-deleted",
    LISTEN_GONE = "listen-gone",
    LISTEN_UNAVAILABLE = "listen-unavailable",
    LISTEN_LOST = "listen-lost",
    LISTEN_NOT_CHANGED = "listen-not-changed",
    LISTEN_CALLING = "listen-calling",

    // envelope: who and when
    ENVELOPE_FROM = "envelope-from",
    ENVELOPE_FROM_EXTENSION = "envelope-from-extension",
    ENVELOPE_FROM_NUMBER = "envelope-from-number",
    ENVELOPE_FROM_CALLER = "envelope-from-caller",
    ENVELOPE_FROM_UNKNOWN = "envelope-from-unknown",
    ENVELOPE_RECEIVED = "envelope-received",
    ENVELOPE_LENGTH = "envelope-length",
    ENVELOPE_PARTIAL = "envelope-partial",
    ENVELOPE_FORWARDED = "envelope-forwarded",

    // leaving a message
    LEAVE_GREETING = "leave-greeting",
    LEAVE_GREETING_EXTENSION = "leave-greeting-extension",
    LEAVE_GREETING_ALIAS = "leave-greeting-alias",
    LEAVE_GREETING_IN_OFFICE = "leave-greeting-in-office",
    LEAVE_GREETING_AT_A_MEETING = "leave-greeting-at-a-meeting",
    LEAVE_GREETING_ON_VACATION = "leave-greeting-on-vacation",
    LEAVE_GREETING_ON_BUSINESS_TRIP = "leave-greeting-on-business-trip",
    LEAVE_GREETING_AT_HOME = "leave-greeting-at-home",
    LEAVE_GREETING_AWAY = "leave-greeting-away",
    LEAVE_GREETING_BUSY = "leave-greeting-busy",
    LEAVE_HOW = "leave-how",
    LEAVE_FULL = "leave-full",
    LEAVE_UNAVAILABLE = "leave-unavailable",
    LEAVE_TOO_SHORT = "leave-too-short",
    LEAVE_LIMIT = "leave-limit",
    LEAVE_SENT = "leave-sent",
    LEAVE_NOT_SENT = "leave-not-sent",
    LEAVE_UNKNOWN_EXTENSION = "leave-unknown-extension",
    LEAVE_CONNECTING = "leave-connecting",

    // recording
    RECORD_MESSAGE = "record-message",
    RECORD_INTRODUCTION = "record-introduction",
    RECORD_REPLY = "record-reply",

    // review of a recording
    REVIEW_SEND = "review-send",
    REVIEW_HEAR = "review-hear",
    REVIEW_AGAIN = "review-again",
    REVIEW_CANCEL = "review-cancel",
    REVIEW_CANCELLED = "review-cancelled",

    // addressing
    ADDRESS_FIRST = "address-first",
    ADDRESS_NEXT = "address-next",
    ADDRESS_EVERYONE = "address-everyone",
    ADDRESS_EVERYONE_CHOSEN = "address-everyone-chosen",
    ADDRESS_UNKNOWN = "address-unknown",
    ADDRESS_TWICE = "address-twice",
    ADDRESS_EXTENSION = "address-extension",
    ADDRESS_NONE = "address-none",

    // sending: whom a message does not reach
    SEND_FULL = "send-full",
    SEND_TOO_LONG = "send-too-long",
    SEND_UNAVAILABLE = "send-unavailable",

    // settings
    SETTINGS_PRESENCE = "settings-presence",
    SETTINGS_NAME = "settings-name",
    SETTINGS_GREETINGS = "settings-greetings",
    SETTINGS_PIN = "settings-pin",
    SETTINGS_SAVED = "settings-saved",
    SETTINGS_NOT_SAVED = "settings-not-saved",
    SETTINGS_UNAVAILABLE = "settings-unavailable",

    // settings: presence
    PRESENCE_IN_OFFICE = "presence-in-office",
    PRESENCE_AT_A_MEETING = "presence-at-a-meeting",
    PRESENCE_ON_VACATION = "presence-on-vacation",
    PRESENCE_ON_BUSINESS_TRIP = "presence-on-business-trip",
    PRESENCE_AT_HOME = "presence-at-home",
    PRESENCE_AWAY = "presence-away",
    PRESENCE_BUSY = "presence-busy",
    PRESENCE_MANAGED = "presence-managed",

    // settings: recording of the name
    NAME_NONE = "name-none",
    NAME_IS = "name-is",
    NAME_RECORD = "name-record",
    NAME_SAVE = "name-save",
    NAME_CHANGE = "name-change",
    NAME_REVIEW = "name-review",
    NAME_CANCEL = "name-cancel",
    NAME_NOT_SAVED = "name-not-saved",

    // settings: greetings
    GREETINGS_DEFAULT = "greetings-default",
    GREETINGS_IN_OFFICE = "greetings-in-office",
    GREETINGS_AT_A_MEETING = "greetings-at-a-meeting",
    GREETINGS_ON_VACATION = "greetings-on-vacation",
    GREETINGS_ON_BUSINESS_TRIP = "greetings-on-business-trip",
    GREETINGS_AT_HOME = "greetings-at-home",
    GREETINGS_AWAY = "greetings-away",
    GREETINGS_BUSY = "greetings-busy",
    GREETING_NONE = "greeting-none",
    GREETING_RECORD = "greeting-record",
    GREETING_HEAR = "greeting-hear",
    GREETING_DELETE = "greeting-delete",
    GREETING_ANNOUNCE_ONLY_ON = "greeting-announce-only-on",
    GREETING_ANNOUNCE_ONLY_OFF = "greeting-announce-only-off",
    GREETING_ANNOUNCES_ONLY = "greeting-announces-only",
    GREETING_TAKES_MESSAGES = "greeting-takes-messages",
    GREETING_SPEAK = "greeting-speak",
    GREETING_SAVE = "greeting-save",
    GREETING_REVIEW = "greeting-review",
    GREETING_CHANGE = "greeting-change",
    GREETING_QUIT = "greeting-quit",
    GREETING_DELETED = "greeting-deleted",
    GREETING_NOT_SAVED = "greeting-not-saved",

    // settings: PIN
    PIN_NEW = "pin-new",
    PIN_CONFIRM = "pin-confirm",
    PIN_DIFFERS = "pin-differs",
    PIN_SHORT = "pin-short",
    PIN_EASY = "pin-easy",
    PIN_CHANGED = "pin-changed",
    PIN_LONG = "pin-long",
    PIN_SAME = "pin-same",
    PIN_FIRST = "pin-first",
    PIN_NONE = "pin-none",

    // outside line
    OUTSIDE_REFUSED = "outside-refused",
    OUTSIDE_LIMIT = "outside-limit",
    OUTSIDE_NOT_PERMITTED = "outside-not-permitted",

    // auto attendant
    ATTENDANT_WELCOME = "attendant-welcome",
    ATTENDANT_EXTENSION = "attendant-extension",
    ATTENDANT_OPTION = "attendant-option",
    ATTENDANT_OPTION_EXTENSION = "attendant-option-extension",
    ATTENDANT_BY_NAME = "attendant-by-name",
    ATTENDANT_MESSAGES = "attendant-messages",
    ATTENDANT_MORE = "attendant-more",
    ATTENDANT_OPERATOR = "attendant-operator",

    // auto attendant: dial by name
    FIND_QUESTION = "find-question",
    FIND_NONE = "find-none",
    FIND_CALL = "find-call",
    FIND_NEXT = "find-next",
    FIND_AGAIN = "find-again",

    // announcements
    ANNOUNCE_UNKNOWN_NUMBER = "announce-unknown-number",
    ANNOUNCE_BUSY = "announce-busy",
    ANNOUNCE_NO_ANSWER = "announce-no-answer",
    ANNOUNCE_NOT_PERMITTED = "announce-not-permitted",
    ANNOUNCE_UNAVAILABLE = "announce-unavailable",
    ANNOUNCE_NO_MAILBOX = "announce-no-mailbox",
    ANNOUNCE_OVERLOADED = "announce-overloaded",
    ANNOUNCE_TRANSFER_FAILED = "announce-transfer-failed",
    ANNOUNCE_CLOSING = "announce-closing",
}

names! { Noun, "noun":
    NEW_MESSAGE = "new-message",
    SAVED_MESSAGE = "saved-message",
    NEW_EMAIL = "new-email",
    SAVED_EMAIL = "saved-email",
    DIGIT = "digit",
    RECIPIENT = "recipient",
}
