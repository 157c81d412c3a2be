//! What went wrong, and what to try.

use std::net::SocketAddr;

use sip::syntax::{Response, StatusCode};

use super::expectation::Expectation;

/// A refused call.
pub(super) fn refused(response: &Response, callee: &str, handset: Option<&str>) -> String {
    let status = response.status;
    let code = status.code();
    let reason = &response.reason;
    match (code, handset) {
        (401 | 407, None) => format!(
            "the callee asks who calls ({code}). Call as a handset: --as HANDSET --password PASSWORD"
        ),
        (401 | 407, Some(handset)) => format!(
            "the password of {handset} was refused ({code}). Check --as and --password against the handset's secret"
        ),
        (403, _) => format!(
            "the call is forbidden ({code} {reason}). Check who calls, and from which address"
        ),
        (404 | 604, _) => format!(
            "nobody is known as {callee} ({code}). Check the number, and that the manifests have it"
        ),
        (480, _) => format!(
            "{callee} cannot be reached now ({code}). Check that a handset is registered or voicemail answers"
        ),
        (486 | 600, _) => format!("{callee} is busy ({code}). Try again later"),
        (488 | 606, _) => {
            format!("no codec is common ({code}). The probe speaks PCMU, PCMA and G.722")
        }
        (503, _) => format!("the callee takes no calls now ({code} {reason}). Look at its log"),
        _ => format!("the call was refused ({code} {reason}). Look at the log of the callee"),
    }
}

/// Whether a final response is only the endpoint's word for silence.
pub(super) fn is_silence(response: &Response) -> bool {
    response.status == StatusCode::REQUEST_TIMEOUT && response.headers.is_empty()
}

/// Nothing at all came back.
pub(super) fn no_answer(address: SocketAddr) -> String {
    format!(
        "no answer from {address} (UDP). Check the address and port, that the worker runs, and that no firewall drops the packets"
    )
}

/// The host is there, but nobody listens.
pub(super) fn nobody_listens(address: SocketAddr) -> String {
    format!(
        "nobody listens at {address} (UDP). Start the worker, or check the port: it is the one of --sip"
    )
}

/// It rang all the time.
pub(super) fn not_taken(callee: &str, seconds: u64) -> String {
    format!(
        "{callee} did not answer within {seconds} s. Wait longer with --seconds, or check where its calls go when nobody answers"
    )
}

/// Answered, and silent.
pub(super) fn no_audio(rtp: SocketAddr) -> String {
    format!(
        "answered, but no audio came to {rtp}. Check that the worker's media ports are open and that --advertise is an address that can be reached"
    )
}

/// Something else was heard.
pub(super) fn not_heard(expectation: &Expectation) -> String {
    format!(
        "answered, but {expectation} was not heard. Listen with --record to what was, or wait longer with --seconds"
    )
}

/// The message could not be left.
pub(super) fn no_beep(seconds: u64) -> String {
    format!(
        "answered, but no beep was heard within {seconds} s of the INVITE. Listen with --record, or wait longer with --seconds"
    )
}

/// The message was longer than the time for it.
pub(super) fn cut_short(seconds: u64) -> String {
    format!("the message was cut short after {seconds} s. Give it more time with --seconds")
}

/// The answer has no audio that we can speak.
pub(super) fn no_codec() -> String {
    "answered, but without audio in PCMU, PCMA or G.722. Check the codecs of the callee".to_owned()
}

/// Keys cannot be sent.
pub(super) fn no_keys() -> String {
    "answered, but the callee takes no keys (no telephone-event in its SDP). Call something that does, or leave out --keys".to_owned()
}

/// Over before the beep.
pub(super) fn before_beep(why: &str) -> String {
    format!("{why} before a beep was heard. Check with --record what was said")
}

/// Over within the message.
pub(super) fn before_end(why: &str) -> String {
    format!(
        "{why} before the message was spoken to its end. Check the longest message that is taken"
    )
}

/// Over for another reason than a goodbye.
pub(super) fn ended(why: &str) -> String {
    format!("{why}. Look at the log of the callee")
}
