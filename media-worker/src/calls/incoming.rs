//! Where somebody is taken who calls from outside: as the trunk says for the number that he called.

use crds::directory::{Meaning, TakenTo, Target};
use sip::syntax::StatusCode;

use super::inbound::Inbound;
use super::outside::Outward;
use crate::metrics::CallResult;

impl Inbound {
    /// Takes somebody who calls from outside to what answers the number that he called.
    pub(super) async fn take_to(&mut self, target: TakenTo) -> CallResult {
        let meaning = match target {
            TakenTo::Operator => {
                let operator = self.directory.system().dial_plan.operator.clone();
                self.directory.interpret(&operator, &self.caller)
            }
            TakenTo::Extension(number) => self.directory.interpret(&number, &self.caller),
            TakenTo::Voicemail(user) => Meaning::LeaveMessage(user),
            TakenTo::AutoAttendant(name) => Meaning::Extension(Target::AutoAttendant(name)),
            TakenTo::Queue(name) => Meaning::Extension(Target::Queue(name)),
            TakenTo::Conference(name) => Meaning::Extension(Target::Conference(name)),
            TakenTo::ConferenceCenter => Meaning::ConferenceCenter,
            TakenTo::MessageCenter => Meaning::MessageCenter,
            // The administrator has said so: nobody's permission is asked for.
            TakenTo::Outside(number) => {
                return Box::pin(self.call_out(Outward::Number(number))).await;
            }
            TakenTo::Busy => return self.refuse(StatusCode::BUSY_HERE, CallResult::Busy),
        };
        self.to(meaning).await
    }
}
