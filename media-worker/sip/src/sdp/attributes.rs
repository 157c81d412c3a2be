//! Attributes of a medium that mean something to us, read from `sdp-types` and written to it.

use sdp_types::Attribute as Line;

use super::format::Payload;
use super::session::{Attribute, Direction, Media};

/// Takes one attribute into the medium: into its field when we know it, else into the list.
pub(super) fn read(media: &mut Media, line: &Line) {
    let value = line.value.as_deref().map(str::trim);
    let known = match (line.attribute.as_str(), value) {
        ("rtpmap", Some(value)) => rtpmap(value, &mut media.payloads),
        ("fmtp", Some(value)) => fmtp(value, &mut media.payloads),
        ("ptime", Some(value)) => milliseconds(value).map(|ptime| media.ptime = Some(ptime)),
        ("maxptime", Some(value)) => milliseconds(value).map(|ptime| media.maxptime = Some(ptime)),
        ("rtcp-mux", None) => {
            media.rtcp_mux = true;
            Some(())
        }
        ("rtcp", Some(value)) => rtcp(value).map(|port| media.rtcp_port = Some(port)),
        ("ssrc", Some(value)) => ssrc(value, &mut media.ssrcs),
        (name, None) => {
            Direction::from_name(name).map(|direction| media.direction = Some(direction))
        }
        (_, Some(_)) => None,
    };
    if known.is_none() {
        media.attributes.push(kept(line));
    }
}

/// An attribute kept as it is.
pub(super) fn kept(line: &Line) -> Attribute {
    Attribute {
        name: line.attribute.clone(),
        value: line.value.clone(),
    }
}

/// All attributes of a medium, in the usual order.
pub(super) fn write(media: &Media) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut line = |name: &str, value: Option<String>| {
        lines.push(Line {
            attribute: name.into(),
            value,
        });
    };
    for Payload {
        number,
        name,
        clock,
        channels,
        fmtp,
    } in &media.payloads
    {
        let channels = if *channels == 1 {
            String::new()
        } else {
            format!("/{channels}")
        };
        line("rtpmap", Some(format!("{number} {name}/{clock}{channels}")));
        if let Some(fmtp) = fmtp {
            line("fmtp", Some(format!("{number} {fmtp}")));
        }
    }
    for (name, value) in [
        ("ptime", media.ptime),
        ("maxptime", media.maxptime),
        ("rtcp", media.rtcp_port),
    ] {
        if let Some(value) = value {
            line(name, Some(value.to_string()));
        }
    }
    if media.rtcp_mux {
        line("rtcp-mux", None);
    }
    if let Some(direction) = media.direction {
        line(direction.as_str(), None);
    }
    for Attribute { name, value } in &media.attributes {
        line(name, value.clone());
    }
    let announced = |ssrc: &&u32| {
        !media
            .attributes
            .iter()
            .any(|attribute| is_of_ssrc(attribute, **ssrc))
    };
    for ssrc in media.ssrcs.iter().filter(announced) {
        line("ssrc", Some(ssrc.to_string()));
    }
    lines
}

fn is_of_ssrc(attribute: &Attribute, ssrc: u32) -> bool {
    let source = attribute
        .value
        .as_deref()
        .and_then(|value| value.split(' ').next());
    attribute.name == "ssrc" && source.and_then(|source| source.parse().ok()) == Some(ssrc)
}

/// `96 opus/48000/2`: replaces what the number means.
fn rtpmap(value: &str, payloads: &mut [Payload]) -> Option<()> {
    let (number, encoding) = value.split_once(' ')?;
    let mut parts = encoding.trim().split('/');
    let (name, clock) = (parts.next()?, parts.next()?.parse().ok()?);
    let channels = parts
        .next()
        .map_or(Some(1), |channels| channels.parse().ok())?;
    let payload = find(number, payloads)?;
    payload.name = name.into();
    payload.clock = clock;
    payload.channels = channels;
    Some(())
}

fn fmtp(value: &str, payloads: &mut [Payload]) -> Option<()> {
    let (number, parameters) = value.split_once(' ')?;
    find(number, payloads)?.fmtp = Some(parameters.trim().into());
    Some(())
}

fn find<'a>(number: &str, payloads: &'a mut [Payload]) -> Option<&'a mut Payload> {
    let number: u8 = number.parse().ok()?;
    payloads.iter_mut().find(|payload| payload.number == number)
}

/// Some write fractions.
fn milliseconds(value: &str) -> Option<u16> {
    value
        .split('.')
        .next()?
        .parse()
        .ok()
        .filter(|value| *value > 0)
}

/// The port; an address behind it is given up, as media go to the address of RTP anyway.
fn rtcp(value: &str) -> Option<u16> {
    value.split(' ').next()?.parse().ok()
}

/// Notes the source and lets the line be kept, since it says more than the number.
fn ssrc(value: &str, ssrcs: &mut Vec<u32>) -> Option<()> {
    let (source, more) = value.split_once(' ').unwrap_or((value, ""));
    let source = source.parse().ok()?;
    if !ssrcs.contains(&source) && ssrcs.len() < MOST_SSRCS {
        ssrcs.push(source);
    }
    more.is_empty().then_some(())
}

const MOST_SSRCS: usize = 16;
