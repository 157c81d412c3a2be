//! Trunks, with a second worker, sipp, or one played message by message as the provider.

mod connection;
mod incoming;
mod outgoing;
mod routes;

use std::fmt::Write as _;
use std::time::Duration;

use switchboard_tests::office::{JOHN, MARY, Office, PASSWORD, Person, manifests_of};
use switchboard_tests::phone::Phone;
use switchboard_tests::raw::RawPhone;
use switchboard_tests::wait_for;
use switchboard_tests::wire;
use switchboard_tests::worker::Worker;

/// The company's account at the provider, under the company's number.
const ACME: Person = Person {
    name: "acme",
    extension: "5855550100",
    display_name: "Acme",
};
/// Somebody outside.
pub(crate) const OLGA: Person = Person {
    name: "olga",
    extension: "5855551234",
    display_name: "Olga Outside",
};

/// A company in area 585 whose class `staff` may call outside.
pub(crate) fn company() -> Office {
    let office = Office::of(&[JOHN]);
    office.write("phonesystem.yaml", SYSTEM);
    let mary = manifests_of(MARY.name, MARY.extension, MARY.display_name, "class: staff");
    office.write("mary.yaml", &mary);
    office
}

const SYSTEM: &str = "apiVersion: switchboard.dev/v1alpha1\nkind: PhoneSystem\nmetadata: {name: office}\nspec:\n  \
    domain: office.example.com\n  timeZone: America/New_York\n  limits: {callsPerUser: 1}\n  \
    dialPlan: {operator: \"0\", numbers: {countryCode: \"1\", areaCode: \"585\"}}\n  \
    classes: [{name: staff, permissions: [OutsideLine], barredPrefixes: [\"+1900\"]}]\n";

/// A trunk to a server on this machine; `spec` is the rest, in flow style.
pub(crate) fn trunk(office: &Office, name: &str, port: u16, spec: &str) {
    trunk_over(office, name, (port, "Udp"), spec);
}

fn trunk_over(office: &Office, name: &str, (port, transport): (u16, &str), spec: &str) {
    let mut text = format!(
        "apiVersion: switchboard.dev/v1alpha1\nkind: Trunk\nmetadata: {{name: {name}}}\nspec:\n  \
         server: {{host: {}, port: {port}, transport: {transport}}}\n",
        wire::phones_address()
    );
    for line in spec.lines() {
        let _ = writeln!(text, "  {line}");
    }
    text.push_str(
        "---\napiVersion: v1\nkind: Secret\nmetadata: {name: provider, labels: {switchboard.dev/use: trunk}}\n",
    );
    let _ = writeln!(text, "stringData: {{password: \"{PASSWORD}\"}}");
    office.write(&format!("trunk-{name}.yaml"), &text);
}

/// What registers at a provider that is a worker itself, and answers by its numbers.
const REGISTERING: &str = "\
account: {username: acme-desk, passwordSecretRef: {name: provider, key: password}}
inbound:
  numbers:
  - {number: \"+15855550100\", target: {extension: {number: \"101\"}}}
  - {number: \"+15855550102\", target: {messageCenter: {}}}
outbound: {callerId: \"+15855550100\", numberFormat: National}";

/// The provider: a worker whose subscribers are the company and olga. Its second number leads to the company too.
pub(crate) fn provider() -> Office {
    let office = Office::of(&[ACME, OLGA]);
    office.write(
        "second.yaml",
        "apiVersion: switchboard.dev/v1alpha1\nkind: Extension\nmetadata: {name: \"5855550102\"}\nspec: {target: {user: {name: acme}}}\n",
    );
    office
}

pub(crate) fn registered(worker: &Worker) {
    wait_for("the registration", Duration::from_mins(1), || {
        (worker.metric("switchboard_trunks{registration=\"registered\"}") > 0.0).then_some(())
    });
}

/// The workers of the provider and of the company, which has registered there.
fn connected(far: &Office, near: &Office) -> (Worker, Worker) {
    let carrier = Worker::start(far);
    let worker = Worker::start(near);
    trunk(near, "provider", carrier.sip.port(), REGISTERING);
    registered(&worker);
    (carrier, worker)
}

/// Providers that know the company by its address, played by hand: one for each spec of a trunk.
fn by_address<const N: usize>(near: &Office, worker: &Worker, specs: [&str; N]) -> [RawPhone; N] {
    let providers = specs.map(|spec| {
        let provider = RawPhone::new(worker.sip);
        let port = provider.address().port();
        trunk(near, &format!("provider-{port}"), port, spec);
        provider
    });
    has_trunks(worker, N);
    providers
}

/// Returns once the worker has so many trunks that need no registration.
fn has_trunks(worker: &Worker, count: usize) {
    wait_for("the trunks", Duration::from_mins(1), || {
        let standing = worker.metric("switchboard_trunks{registration=\"not_needed\"}");
        (standing >= count as f64).then_some(())
    });
}

/// The provider refuses a call to this number, and its caller is told so.
fn refuses(provider: &mut RawPhone, number: &str, status: u16, caller: &mut Phone) {
    let invite = provider.expect_call_to(number);
    provider.answer(&invite, status);
    fails_with(caller, status);
}

/// The call of this phone ends with this status.
fn fails_with(caller: &mut Phone, status: u16) {
    let ended = caller.expect_call("DISCONNECTED");
    assert_eq!(ended["code"], status, "{ended}");
}
