//! `CallQueue`: callers who wait for agents (spec AC-1).
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Period,
    call_target::{CallTarget, Recording},
    reference::NameRef,
    status::status,
};

/// Callers who wait until one of its agents is free.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "switchboard.dev",
    version = "v1alpha1",
    kind = "CallQueue",
    namespaced,
    status = "CallQueueStatus",
    derive = "PartialEq",
    derive = "Default",
    shortname = "cq",
    category = "switchboard",
    doc = "Callers who wait until one of its agents is free.",
    printcolumn(
        json_path = ".spec.displayName",
        name = "Display name",
        type_ = "string"
    ),
    printcolumn(json_path = ".spec.strategy", name = "Strategy", type_ = "string"),
    printcolumn(json_path = ".status.waiting", name = "Waiting", type_ = "integer"),
    printcolumn(
        json_path = ".status.agentsLoggedIn",
        name = "Agents",
        type_ = "integer"
    ),
    printcolumn(
        json_path = ".status.answered",
        name = "Answered",
        type_ = "integer",
        priority = 1
    ),
    printcolumn(
        json_path = ".status.abandoned",
        name = "Abandoned",
        type_ = "integer",
        priority = 1
    ),
    printcolumn(
        json_path = ".status.longestWait",
        name = "Longest wait",
        type_ = "string",
        priority = 1
    )
)]
#[serde(rename_all = "camelCase")]
pub struct CallQueueSpec {
    /// The name that agents' phones show beside the caller. Default: the object's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub display_name: Option<String>,
    /// The Users who may log in as agents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    #[schemars(length(max = 1000))]
    pub agents: Vec<NameRef>,
    /// Which free agent rings. Default: LongestIdle.
    #[serde(default)]
    pub strategy: Strategy,
    /// For how many rings of 6 seconds each an agent rings before the next one does. Default: 4.
    #[serde(default = "CallQueueSpec::rings")]
    #[schemars(range(min = 1, max = 15))]
    pub rings: u8,
    /// How long an agent is left alone after a call. Default: 30s.
    #[serde(default = "CallQueueSpec::wrap_up")]
    pub wrap_up: Period,
    /// What callers hear while they wait.
    #[serde(default)]
    pub announcements: Announcements,
    /// When callers wait no longer, and where they are taken.
    #[serde(default)]
    pub overflow: Overflow,
}

/// Which free agent rings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Strategy {
    /// All at once.
    All,
    /// Whoever has been without a call for longest.
    #[default]
    LongestIdle,
    /// One after the other, in the order of the list.
    RoundRobin,
}

/// What callers hear while they wait in a queue.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Announcements {
    /// What they hear first. Absent: a standard greeting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub greeting: Option<Recording>,
    /// The music between announcements. Absent: the system's music on hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub music: Option<Recording>,
    /// Whether they are told how many are before them. Default: true.
    #[serde(default = "Announcements::position")]
    pub position: bool,
    /// How often they are told. Default: 1m.
    #[serde(default = "Announcements::every")]
    pub every: Period,
}

/// When callers wait no longer, and where they are taken.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Overflow {
    /// How long a caller waits at most. Default: 10m.
    #[serde(default = "Overflow::after")]
    pub after: Period,
    /// How many wait at most; whoever comes then is taken on at once. Default: 50.
    #[serde(default = "Overflow::max_waiting")]
    #[schemars(range(min = 0, max = 10_000))]
    pub max_waiting: u32,
    /// Whether callers are taken on at once while no agent is logged in. Default: true.
    #[serde(default = "Overflow::without_agents")]
    pub without_agents: bool,
    /// Where they are taken. Absent: the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<CallTarget>,
}

status! {
    /// What is known of a queue at run time. Figures count from `since`.
    pub struct CallQueueStatus {
        /// How many callers wait.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub waiting: Option<u32>,
        /// How many agents are logged in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub agents_logged_in: Option<u32>,
        /// How many callers were answered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub answered: Option<u64>,
        /// How many callers hung up while they waited.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub abandoned: Option<u64>,
        /// How long callers waited on average.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub average_wait: Option<Period>,
        /// How long a caller waited at most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub longest_wait: Option<Period>,
        /// When the figures were last set back to zero.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub since: Option<Time>,
        /// The agents who are logged in.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
        pub agents: Vec<Agent>,
    }
}

/// An agent who is logged in.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Agent {
    /// The User's name.
    pub name: String,
    /// What he does.
    pub state: AgentState,
    /// How many callers he answered.
    #[serde(default)]
    pub answered: u64,
}

/// What an agent does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum AgentState {
    /// He waits for a call.
    Idle,
    /// His phone rings.
    Ringing,
    /// He speaks with a caller.
    Talking,
    /// He is left alone after a call.
    WrappingUp,
}

impl CallQueueSpec {
    const fn rings() -> u8 {
        4
    }
    const fn wrap_up() -> Period {
        Period::seconds(30)
    }
}

impl Default for CallQueueSpec {
    fn default() -> Self {
        Self {
            display_name: None,
            agents: Vec::new(),
            strategy: Strategy::default(),
            rings: Self::rings(),
            wrap_up: Self::wrap_up(),
            announcements: Announcements::default(),
            overflow: Overflow::default(),
        }
    }
}

impl Announcements {
    const fn position() -> bool {
        true
    }
    const fn every() -> Period {
        Period::minutes(1)
    }
}

impl Default for Announcements {
    fn default() -> Self {
        Self {
            greeting: None,
            music: None,
            position: Self::position(),
            every: Self::every(),
        }
    }
}

impl Overflow {
    const fn after() -> Period {
        Period::minutes(10)
    }
    const fn max_waiting() -> u32 {
        50
    }
    const fn without_agents() -> bool {
        true
    }
}

impl Default for Overflow {
    fn default() -> Self {
        Self {
            after: Self::after(),
            max_waiting: Self::max_waiting(),
            without_agents: Self::without_agents(),
            target: None,
        }
    }
}
