//! Where somebody is taken who calls from outside: as the trunk says for the number that he called.

use crds::Directory;
use crds::directory::{Caller, Meaning, TakenTo, Target};

use super::announce;
use super::inbound::Inbound;
use super::outside::Outward;
use crate::metrics::CallResult;

impl Inbound {
    /// Takes somebody who calls from outside to what answers the number that he called.
    pub(super) async fn take_to(&mut self, target: TakenTo) -> CallResult {
        if let Some(meaning) = meaning(&target, &self.directory, &self.caller) {
            return self.to(meaning).await;
        }
        if let TakenTo::Outside(number) = target {
            // The administrator has said so: nobody's permission is asked for.
            return Box::pin(self.call_out(Outward::Number(number))).await;
        }
        announce::busy(self).await
    }
}

/// What it means to be taken there; nothing for who is called outside or refused.
pub(super) fn meaning(target: &TakenTo, directory: &Directory, caller: &Caller) -> Option<Meaning> {
    Some(match target {
        TakenTo::Operator => directory.interpret(&directory.system().dial_plan.operator, caller),
        TakenTo::Extension(number) => directory.interpret(number, caller),
        TakenTo::Voicemail(user) => Meaning::LeaveMessage(user.clone()),
        TakenTo::AutoAttendant(name) => Meaning::Extension(Target::AutoAttendant(name.clone())),
        TakenTo::Queue(name) => Meaning::Extension(Target::Queue(name.clone())),
        TakenTo::Conference(name) => Meaning::Extension(Target::Conference(name.clone())),
        TakenTo::ConferenceCenter => Meaning::ConferenceCenter,
        TakenTo::MessageCenter => Meaning::MessageCenter,
        TakenTo::Outside(_) | TakenTo::Busy => return None,
    })
}
