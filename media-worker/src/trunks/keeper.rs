//! What keeps a trunk: looks up its far side, connects, registers and refreshes, and begins anew when any of it fails.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crds::trunk::{Registration as Shown, Transport};
use data_encoding::HEXLOWER;
use sip::registration::{Order, Registration, Standing};
use sip::syntax::{Method, Request};
use sip::transport::Flow;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, interval_at, sleep, sleep_until};
use tracing::{info, warn};

use super::line::Line;
use super::{End, TrunkContext, dns};
use crate::calls::Life;
use crate::signalling::Connection;

/// Keeps the line until it is told to stop, or the worker stops; then the far side forgets us.
pub(super) async fn keep(line: Rc<Line>, context: Rc<TrunkContext>, ends: watch::Receiver<End>) {
    let registration = registration(&line, &context);
    let mut keeper = Keeper {
        line,
        context,
        registration,
        answers_questions: false,
        told: None,
    };
    let end = {
        let life = keeper.context.life.clone();
        ended(ends, life)
    };
    tokio::select! {
        end = end => match end {
            End::Leaves => keeper.leave(),
            End::Replaced | End::NotYet => {}
        },
        never = keeper.live() => match never {},
    }
}

/// Done when the line is to go.
async fn ended(mut ends: watch::Receiver<End>, mut life: watch::Receiver<Life>) -> End {
    tokio::select! {
        // Whoever holds it drops it only with the worker.
        end = ends.wait_for(|end| *end != End::NotYet) => end.map_or(End::Leaves, |end| *end),
        _ = life.wait_for(|life| *life == Life::Stopping) => End::Leaves,
    }
}

fn registration(line: &Line, context: &TrunkContext) -> Option<Registration> {
    let account = line.account()?;
    let expiry = line.entry().account.as_ref()?.registers_for?;
    let order = Order {
        registrar: sip::syntax::Uri::sip(None, line.host(), line.entry().port),
        address: sip::syntax::Uri::sip(Some(&account.username), line.host(), None),
        account,
        expiry,
    };
    let random = || HEXLOWER.encode(&context.random.bytes::<12>());
    Some(Registration::new(order, random(), random(), Instant::now()))
}

struct Keeper {
    line: Rc<Line>,
    context: Rc<TrunkContext>,
    registration: Option<Registration>,
    /// Whether a far side that we don't register at has ever answered when it was asked whether it is there.
    answers_questions: bool,
    /// What was logged last, so that a line a day says that nothing has changed, and not one a minute.
    told: Option<Shown>,
}

/// Why another place is to be tried.
enum Lost {
    /// The connection has gone, or nobody answers there.
    Unreachable,
    /// Its name leads elsewhere now.
    Moved,
}

impl Keeper {
    async fn live(&mut self) -> std::convert::Infallible {
        let mut failures = 0;
        loop {
            let places = match dns::places(self.line.entry()).await {
                Ok(places) => places,
                Err(error) => {
                    self.unreachable(&error.to_string());
                    failures += 1;
                    sleep(delay(failures)).await;
                    continue;
                }
            };
            let addresses = places.iter().map(|place| place.ip().to_canonical());
            self.line.leads_to(addresses.collect());
            let is_only = places.len() == 1;
            for place in places {
                let began = Instant::now();
                match self.serve_at(place, is_only).await {
                    Lost::Moved => {
                        failures = 0;
                        break;
                    }
                    Lost::Unreachable => {
                        if began.elapsed() >= LASTING {
                            failures = 0;
                        }
                        failures += 1;
                        sleep(delay(failures)).await;
                    }
                }
            }
        }
    }

    /// Serves at one place until it is lost.
    async fn serve_at(&mut self, place: SocketAddr, is_only: bool) -> Lost {
        let signalling = Rc::clone(&self.context.signalling);
        let secured = match self.line.entry().transport {
            Transport::Udp => {
                let lost = self
                    .serve(signalling.udp_flow(place), &mut None, is_only)
                    .await;
                self.line.set_flow(None);
                return lost;
            }
            Transport::Tcp => None,
            Transport::Tls => Some(&*self.line.entry().host),
        };
        let connection = match signalling.connect(place, secured).await {
            Ok(connection) => connection,
            Err(error) => {
                self.unreachable(&format!("{place}: {error}"));
                return Lost::Unreachable;
            }
        };
        let flow = connection.flow;
        let mut connection = Some(connection);
        let lost = self.serve(flow, &mut connection, is_only).await;
        self.line.set_flow(None);
        if let (Lost::Unreachable, Some(connection)) = (&lost, connection) {
            connection.close();
        }
        lost
    }

    async fn serve(
        &mut self,
        flow: Flow,
        connection: &mut Option<Connection>,
        is_only: bool,
    ) -> Lost {
        self.line.set_flow(Some(flow));
        let moved = moved(Rc::clone(&self.line), flow.remote);
        let gone = async {
            match connection {
                Some(connection) => connection.gone().await,
                None => std::future::pending().await,
            }
        };
        let kept = async {
            if let Some(registration) = &mut self.registration {
                registration.flow_changed(Instant::now());
                self.register().await;
            } else {
                self.question(is_only).await;
            }
        };
        tokio::select! {
            () = moved => Lost::Moved,
            () = kept => Lost::Unreachable,
            () = gone => {
                self.unreachable("the connection was closed");
                Lost::Unreachable
            }
        }
    }

    /// Asks a far side that we don't register at, now and then, whether it is there (RFC 3261 section 11). Some never answer: only of one that
    /// has answered before, silence says something. Done when another place is to be tried.
    async fn question(&mut self, is_only: bool) {
        if self.told != Some(Shown::NoAnswer) || !self.answers_questions {
            self.stands(Shown::NotNeeded, "");
        }
        let mut questions = interval(PING);
        questions.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            questions.tick().await;
            let Some(flow) = self.line.flow() else { return };
            let request = Request::new(Method::Options, self.line.far_side());
            let signalling = &self.context.signalling;
            let tx = signalling.with(|endpoint, now| endpoint.request(request, flow, now));
            // Whatever it answers, it is there.
            if let Ok(Ok(_)) = signalling.answer_to(tx).await {
                self.answers_questions = true;
                self.line.was_heard();
                self.stands(Shown::NotNeeded, "");
            } else if self.answers_questions {
                self.unreachable("it no longer answers when it is asked whether it is there");
                if !is_only {
                    return;
                }
            }
        }
    }

    /// Registers and refreshes for as long as somebody answers.
    async fn register(&mut self) {
        let mut pings = interval_at(tokio::time::Instant::now() + PING, PING);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let Some(due) = self.registration.as_ref().and_then(Registration::due) else {
                return;
            };
            let refresh = sleep_until(due.into());
            tokio::pin!(refresh);
            loop {
                tokio::select! {
                    () = &mut refresh => break,
                    // A flow that a NAT or a Service has opened for us stays open (RFC 5626 section 3.5).
                    _ = pings.tick() => {
                        if let Some(flow) = self.line.flow() {
                            self.context.signalling.ping(flow);
                        }
                    }
                }
            }
            if !self.register_once().await {
                return;
            }
        }
    }

    /// One REGISTER and its answer; false when nobody answers here.
    async fn register_once(&mut self) -> bool {
        let (Some(registration), Some(flow)) = (&mut self.registration, self.line.flow()) else {
            return false;
        };
        let contact = self.line.contact(&flow);
        let request = registration.request(&contact);
        let signalling = &self.context.signalling;
        let tx = signalling.with(|endpoint, now| endpoint.request(request, flow, now));
        let Ok(answer) = signalling.answer_to(tx).await else {
            return false;
        };
        let random = self.context.random.u32();
        registration.answered(&answer, &contact, Instant::now(), random);
        let (shown, why) = match registration.standing() {
            // It has asked for a signature: nothing is known yet.
            Standing::Trying => return true,
            Standing::Registered => (Shown::Registered, String::new()),
            Standing::Refused(status) => (Shown::Refused, format!("it answers {status}")),
            Standing::NoAnswer => (Shown::NoAnswer, "it does not answer".to_owned()),
        };
        self.stands(shown, &why);
        shown != Shown::NoAnswer
    }

    fn unreachable(&mut self, why: &str) {
        self.stands(Shown::NoAnswer, why);
    }

    /// Tells how the line stands; people when it is news.
    fn stands(&mut self, shown: Shown, why: &str) {
        self.line.set_standing(shown, why);
        if self.told.replace(shown) == Some(shown) {
            return;
        }
        let trunk = &*self.line.entry().name;
        match shown {
            Shown::Registered => info!(trunk, "registered at the trunk's far side"),
            Shown::NotNeeded => info!(trunk, "the trunk can be used"),
            Shown::Refused => {
                warn!(
                    trunk,
                    why,
                    "the far side of a trunk refuses us: see that username and password are right"
                );
            }
            Shown::NoAnswer => {
                warn!(
                    trunk,
                    why, "the far side of a trunk can't be reached: it is tried again"
                );
            }
        }
    }

    /// The far side forgets us. Whether it does, nobody waits for.
    fn leave(&mut self) {
        let (Some(registration), Some(flow)) = (&mut self.registration, self.line.flow()) else {
            return;
        };
        if registration.standing() == Standing::Registered {
            let request = registration.removal(&self.line.contact(&flow));
            let signalling = &self.context.signalling;
            signalling.with(|endpoint, now| endpoint.request(request, flow, now));
        }
    }
}

/// Done when the far side's name no longer leads to this place. While the name can't be looked up, it is taken for granted.
async fn moved(line: Rc<Line>, place: SocketAddr) {
    loop {
        sleep(AGE).await;
        let Ok(places) = dns::places(line.entry()).await else {
            continue;
        };
        if !places.contains(&place) {
            return;
        }
        let addresses = places.iter().map(|place| place.ip().to_canonical());
        line.leads_to(addresses.collect());
    }
}

/// From two seconds up to a minute.
fn delay(failures: u32) -> Duration {
    Duration::from_secs(1 << failures.clamp(1, 6)).min(Duration::from_mins(1))
}

/// What lasted so long was no failure from the start.
const LASTING: Duration = Duration::from_mins(1);
/// How long what a name led to is taken for granted.
const AGE: Duration = Duration::from_mins(10);
/// Shorter than NATs and connection tracking forget a flow.
const PING: Duration = Duration::from_secs(25);
