//! Companies with auto attendants, and people who call them.

use apps::sim::{Company, Person, Story};
use apps::{Silence, attendant};
use crds::auto_attendant::{AutoAttendantSpec, MenuOption};
use crds::call_route::ExtensionNumber;
use crds::call_target::{CallTarget, Recording};
use crds::extension::{Center, ExtensionTarget};
use crds::{Extension, ExtensionSpec, NameRef};

/// The greeting that the attendants of the tests have.
pub(crate) const OPEN: &str = "[attendant/open.wav]";

/// An attendant `main` with the greeting [`OPEN`], in a company whose operator is john.
pub(crate) fn company(spec: AutoAttendantSpec) -> Company {
    without_operator(spec).with_operator("john")
}

/// The same without an operator.
pub(crate) fn without_operator(spec: AutoAttendantSpec) -> Company {
    let spec = AutoAttendantSpec {
        greeting: Some(recording("attendant/open.wav")),
        ..spec
    };
    Company::new()
        .with_file("attendant/open.wav")
        .with_attendant("main", spec)
}

/// Somebody calls the attendant `main`.
pub(crate) fn call_main(company: &Company, person: Person) -> Story {
    company.run(person, async |call, office| {
        attendant(call, office, "main", &mut Silence::default()).await
    })
}

/// An attendant with these options.
pub(crate) fn with_options(options: Vec<MenuOption>) -> AutoAttendantSpec {
    AutoAttendantSpec {
        options,
        ..AutoAttendantSpec::default()
    }
}

/// A key that leads somewhere.
pub(crate) fn option(key: &str, target: CallTarget) -> MenuOption {
    MenuOption {
        key: key.into(),
        target: Some(target),
        dial_by_name: None,
    }
}

/// A key that asks for a name.
pub(crate) fn by_name(key: &str) -> MenuOption {
    MenuOption {
        key: key.into(),
        target: None,
        dial_by_name: Some(Center {}),
    }
}

/// A number of the company.
pub(crate) fn to_extension(number: &str) -> CallTarget {
    let number = number.into();
    CallTarget {
        extension: Some(ExtensionNumber { number }),
        ..CallTarget::default()
    }
}

/// An attendant.
pub(crate) fn to_attendant(name: &str) -> CallTarget {
    CallTarget {
        auto_attendant: Some(NameRef::new(name)),
        ..CallTarget::default()
    }
}

/// The message center.
pub(crate) fn to_messages() -> CallTarget {
    CallTarget {
        message_center: Some(Center {}),
        ..CallTarget::default()
    }
}

/// A recording among the shared files.
pub(crate) fn recording(file: &str) -> Recording {
    Recording { file: file.into() }
}

/// A number that leads to an attendant.
pub(crate) fn number_of(number: &str, attendant: &str) -> Extension {
    let target = ExtensionTarget {
        auto_attendant: Some(NameRef::new(attendant)),
        ..ExtensionTarget::default()
    };
    Extension::new(number, ExtensionSpec { target })
}
