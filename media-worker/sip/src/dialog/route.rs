//! Route sets: loose and strict routing (RFC 3261 12.2.1.1, 16.12).

use crate::syntax::{Headers, NameAddr, Uri};

/// The Record-Route values, in order of the message.
pub(super) fn recorded(headers: &Headers) -> impl Iterator<Item = Box<str>> {
    let routes = headers.record_routes().unwrap_or_default();
    routes
        .into_iter()
        .take(LONGEST)
        .map(|route| route.to_string().into_boxed_str())
}

/// Request-URI and Route values of a request to this target by this route set.
pub(super) fn request_target(target: &Uri, route_set: &[Box<str>]) -> (Uri, Vec<String>) {
    let mut routes: Vec<String> = route_set
        .iter()
        .map(std::string::ToString::to_string)
        .collect();
    let first = routes.first().and_then(|first| NameAddr::parse(first).ok());
    match first {
        // A strict router takes the Request-URI for itself, and finds the target last in Route.
        Some(first) if !first.uri.params.has("lr") => {
            routes.remove(0);
            routes.push(format!("<{target}>"));
            (first.uri, routes)
        }
        Some(_) | None => (target.clone(), routes),
    }
}

/// Hops recorded at most; more than Max-Forwards allows cannot be honest.
const LONGEST: usize = 70;
