//! The data plane: what accepts connections and answers requests.
//!
//! In: a [`Snapshot`], swapped under [`Current`], and listening sockets handed to [`Worker`]s. Out: answers.
//!
//! Each worker is one thread with a current-thread runtime. It accepts on duplicates of the listening sockets, and keeps its own
//! connections to upstreams. A request looks at the snapshot once, at its start, and takes along only the route that it needs: neither a
//! long body nor a tunnel keeps an old configuration alive.
//!
//! Architecture invariant: this module never imports `config`, reads no file and decides nothing about what is valid.

mod accept;
mod admission;
mod affinity;
mod alarm;
mod answers;
mod apart;
mod attempts;
mod body;
mod choice;
mod connection;
mod counters;
mod current;
mod current_upstream;
mod endpoint;
mod fields;
mod forward;
mod grpc;
mod handle;
mod http1;
mod issuance;
mod kept;
mod life;
mod multiplexed;
mod names;
mod pool;
mod refusal;
mod removals;
mod screen;
mod seats;
mod secured;
mod serve;
mod shards;
mod shared;
mod snapshot;
mod state;
mod stream;
mod survey;
mod table;
mod tunnel;
pub(crate) mod unix_socket;
mod upstream;
mod wire;
mod worker;

pub use admission::{BreakerFigures, Changed, Entry, Figures, Gates, RateFigures, SessionFigures};
pub use attempts::AttemptFigures;
pub use current::Current;
pub use current_upstream::CurrentUpstream;
pub use endpoint::{Condition, EndpointState};
pub use issuance::{Issuance, Standing};
pub use life::{ConnectionFigures, End};
pub use names::{Learned, Lookups, NameFigures, NameState};
pub use secured::Secured;
pub use shared::Shared;
pub use snapshot::{Generation, Handshake, Open, Route, Snapshot, Task};
pub use stream::{Handle, Listening};
pub(crate) use stream::{Listener, Stream};
pub use survey::{Doing, Roll, Silent};
pub use table::Table;
pub use upstream::{Member, Upstream};
pub use worker::{Worker, WorkerGone};
