//! Trunks; what refers to nothing is left out, and callers then reach the operator.
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use super::{Known, Problem, credentials, in_order, secret, targets::Targets, validate};
use crate::{
    Kind, ObjectRef, Objects, TrunkSpec,
    call_target::CallTarget,
    conditions::Reason,
    directory::{Outbound, System, TakenTo, TrunkAccount, TrunkEntry},
    secrets::{NONCE_KEY, key_entry},
    trunk,
};

/// What trunks may refer to.
pub(super) struct Around<'a> {
    pub(super) system: &'a System,
    pub(super) targets: Targets<'a>,
    pub(super) known: &'a Known<'a>,
}

/// Every trunk, in the order in which calls go out.
pub(super) fn compile(
    objects: &Objects,
    around: &Around<'_>,
    problems: &mut Vec<Problem>,
) -> Vec<Arc<TrunkEntry>> {
    let mut taken = HashSet::new();
    let mut trunks = Vec::with_capacity(objects.trunks.len());
    for trunk in in_order(&objects.trunks, Kind::Trunk, problems) {
        let name = trunk.metadata.name.as_deref().unwrap_or_default();
        let object = ObjectRef::new(Kind::Trunk, name);
        validate::trunk(&object, &trunk.spec, problems);
        let mut reader = Reader {
            around,
            object: &object,
            problems,
        };
        if let Some(entry) = reader.trunk(name, &trunk.spec, &mut taken) {
            trunks.push(Arc::new(entry));
        }
    }
    let order = |trunk: &Arc<TrunkEntry>| {
        let preference = trunk.outbound.as_ref().map(|it| it.preference);
        (preference.unwrap_or(u32::MAX), Arc::clone(&trunk.name))
    };
    trunks.sort_by_key(order);
    trunks
}

struct Reader<'a> {
    around: &'a Around<'a>,
    object: &'a ObjectRef,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    /// None when nobody could be called by it: its host can't be, or its password is missing.
    fn trunk(
        &mut self,
        name: &str,
        spec: &TrunkSpec,
        taken: &mut HashSet<String>,
    ) -> Option<TrunkEntry> {
        let numbers = self.numbers(spec, taken);
        let otherwise = spec.inbound.otherwise.as_ref();
        let otherwise = otherwise.and_then(|it| self.taken_to(it, "spec.inbound.otherwise"));
        self.site(spec);
        let account = match &spec.account {
            Some(account) => Some(self.account(name, account)?),
            None => None,
        };
        validate::is_host(&spec.server.host).then_some(())?;
        let networks = spec.addresses.iter().filter_map(|text| text.parse().ok());
        Some(TrunkEntry {
            name: name.into(),
            host: spec.server.host.as_str().into(),
            port: spec.server.port,
            transport: spec.server.transport,
            account,
            networks: networks.collect(),
            token: self.token(name),
            numbers,
            otherwise: otherwise.unwrap_or(TakenTo::Operator),
            outbound: spec.outbound.as_ref().map(outbound),
            max_calls: spec.max_calls,
        })
    }

    /// Of two trunks with one number, the older has it: whichever brings the call, it is answered alike.
    fn numbers(
        &mut self,
        spec: &TrunkSpec,
        taken: &mut HashSet<String>,
    ) -> HashMap<Box<str>, TakenTo> {
        let mut numbers = HashMap::with_capacity(spec.inbound.numbers.len());
        let plan = &self.around.system.numbers;
        for (i, each) in spec.inbound.numbers.iter().enumerate() {
            let field = format!("spec.inbound.numbers[{i}]");
            if !validate::is_e164(&each.number) {
                continue;
            }
            if !taken.insert(plan.national(&each.number)) {
                self.problems.push(
                    Problem::error(
                        self.object.clone(),
                        format!("{field}.number"),
                        Reason::NumberTaken,
                    )
                    .because(format!(
                        "{} is answered by another entry already",
                        each.number
                    ))
                    .remedy("write each number once"),
                );
                continue;
            }
            if let Some(target) = self.taken_to(&each.target, &format!("{field}.target")) {
                numbers.insert(plan.national(&each.number).into(), target);
            }
        }
        numbers
    }

    fn account(&mut self, name: &str, given: &trunk::TrunkAccount) -> Option<TrunkAccount> {
        let compiled = self.around.known.credentials.trunk(name);
        let password = match compiled {
            Some(compiled) => compiled.password.as_str(),
            None => secret(
                self.around.known.secrets,
                &given.password_secret_ref,
                self.object,
                "spec.account.passwordSecretRef",
                self.problems,
            )?,
        };
        Some(TrunkAccount {
            username: given.username.as_str().into(),
            password: password.into(),
            registers_for: given.register.then(|| given.registration_expiry.get()),
        })
    }

    /// The same after a restart, since the far side may still know us by it.
    fn token(&self, name: &str) -> Option<Arc<str>> {
        let entry = key_entry(&self.around.system.name, NONCE_KEY);
        let key = self.around.known.secrets.get(&entry)?;
        Some(credentials::trunk_token(key, name).into())
    }

    fn taken_to(&mut self, target: &CallTarget, field: &str) -> Option<TakenTo> {
        let targets = self.around.targets;
        targets.read(self.object, target, field, self.problems)
    }

    /// Another site's extensions are checked, and not dialled yet (spec TR-2).
    fn site(&mut self, spec: &TrunkSpec) {
        let Some(site) = &spec.site else { return };
        self.problems.push(
            Problem::warning(self.object.clone(), "spec.site", Reason::NotAvailableYet)
                .because("this version does not dial another site's extensions yet")
                .remedy("keep it for a later version"),
        );
        for (i, range) in site.extensions.iter().enumerate() {
            let (first, last) = (range.first.as_str(), range.last.as_str());
            let hidden =
                |number: &&str| number.len() == first.len() && (first..=last).contains(number);
            let here = self
                .around
                .targets
                .extensions
                .keys()
                .map(|number| &**number);
            let Some(number) = here.filter(hidden).min() else {
                continue;
            };
            let field = format!("spec.site.extensions[{i}]");
            self.problems.push(
                Problem::warning(self.object.clone(), field, Reason::Overlap)
                    .because(format!("whoever dials {number} reaches the extension here"))
                    .remedy("write ranges without the extensions of this site"),
            );
        }
    }
}

fn outbound(given: &trunk::Outbound) -> Outbound {
    let caller_id = given.caller_id.as_deref();
    Outbound {
        preference: given.preference,
        prefixes: given.prefixes.iter().map(|it| it.as_str().into()).collect(),
        caller_id: caller_id
            .filter(|number| validate::is_e164(number))
            .map(Into::into),
        number_format: given.number_format,
        next_after: given.next_after.get().max(SHORTEST_SILENCE),
    }
}

/// Less is no silence, but the way there.
const SHORTEST_SILENCE: Duration = Duration::from_secs(1);
