//! What each check means. One arm a check, so that a new one cannot be forgotten.

mod asked;
mod burst;
mod callers;
mod changed;
mod check_command;
mod complaint;
mod connections;
mod cost;
mod crash;
mod deletion;
mod doomed;
mod drain;
mod effect;
mod fields;
mod flood;
mod group;
mod half_written;
mod kept;
mod latency;
mod leaks;
mod lifecycle;
mod limits;
mod listeners;
mod logging;
mod manager;
mod members;
mod outside;
mod overflow;
mod pid_file;
mod refusal;
mod rejection;
mod resources;
mod restart;
mod routes;
mod safety;
mod sameness;
mod secrets;
mod shortage;
mod streams;
mod timing;
mod tls;
mod triggers;
mod tunnels;
mod unasked;
mod unix_socket;
mod unwatched;
mod versions;

pub(super) use rejection::VALID_HERE;

use super::opinion::Opinion;
use super::view::View;
use crate::vocabulary::Check;

/// What a check thinks of a timeline, on each of its subjects.
pub(super) fn opinions(check: Check, view: &View<'_>) -> Vec<Opinion> {
    match check {
        Check::BecomesReady => unasked::becomes_ready(view),
        Check::StaysAlive => unasked::stays_alive(view),
        Check::NoFatalLine => unasked::no_fatal_line(view),
        Check::NoRefusedConnect => unasked::no_refused_connect(view),
        Check::NothingLeftBehind => unasked::nothing_left_behind(view),
        Check::TakesEffect => effect::takes_effect(view),
        Check::MixingWindowCloses => effect::mixing_window_closes(view),
        Check::NoMixing => effect::no_mixing(view),
        Check::OldOriginGetsNothing => effect::old_origin_gets_nothing(view),
        Check::CredentialTakesEffect => effect::credential_takes_effect(view),
        Check::KeptConnectionsFollow => effect::kept_connections_follow(view),
        Check::KeptFollowAtOnce => kept::follow_at_once(view),
        Check::KeptFollowOnceDrained => kept::follow_once_drained(view),
        Check::RetirementIsAnnounced => kept::retirement_is_announced(view),
        Check::NoLostPost => kept::no_lost_post(view),
        Check::NoConnectLost => flood::no_connect_lost(view),
        Check::MemoryReturns => resources::memory_returns(view),
        Check::PeakIsBounded => resources::peak_is_bounded(view),
        Check::DescriptorsReturn => resources::descriptors_return(view),
        Check::TasksReturn => resources::tasks_return(view),
        Check::LatencyStaysBounded => latency::stays_bounded(view),
        Check::LatencyCurve => latency::curve(view),
        Check::CostInProportion => cost::in_proportion(view),
        Check::CostBySize => cost::by_size(view),
        Check::ShortageIsSurvived => shortage::is_survived(view),
        Check::OverflowIsSurvived => overflow::is_survived(view),
        Check::WantOfWatchesIsReported => unwatched::is_reported(view),
        Check::ChangesAreFoundUnwatched => unwatched::changes_are_found(view),
        Check::CurrentAfterCrash => crash::current_is_served(view),
        Check::RestartIsReported => restart::is_reported(view),
        Check::GracefulStopFinishes => lifecycle::graceful_stop_finishes(view),
        Check::RejectedChangesNothing => rejection::changes_nothing(view),
        Check::NothingLeaks => leaks::nothing_leaks(view),
        Check::RejectionIsObserved => rejection::is_observed(view),
        Check::RejectionNamesCause => refusal::names_cause(view),
        Check::RejectionIsToldOnce => refusal::is_told_once(view),
        Check::FlawIsRefused => rejection::is_refused(view),
        Check::MemberIsSeen => members::is_seen(view),
        Check::OutsideIsAsDeclared => outside::is_as_declared(view),
        Check::OthersAreUntouched => members::others_are_untouched(view),
        Check::RejectionNamesMember => members::rejection_names(view),
        Check::RejectionNamesPlace => complaint::names_place(view),
        Check::RejectionNamesNearest => complaint::names_nearest(view),
        Check::HalfWrittenChangesNothing => half_written::changes_nothing(view),
        Check::Recovers => rejection::recovers(view),
        Check::DeclaredIsThere => asked::is_there(view),
        Check::AgreesWithReload => check_command::agrees(view),
        Check::OnlyLookedAt => check_command::is_not_applied(view),
        Check::LeavesNoTrace => check_command::leaves_no_trace(view),
        Check::FailedTriggerSaysSo => triggers::failed_says_so(view),
        Check::AcknowledgedIsEffective => triggers::acknowledged_is_effective(view),
        Check::ReadyIsTold => manager::ready_is_told(view),
        Check::ReloadIsTold => manager::reload_is_told(view),
        Check::ReloadTellsItsTime => manager::reload_tells_its_time(view),
        Check::PidFileNamesIt => pid_file::names_it(view),
        Check::PidFileGoes => pid_file::goes(view),
        Check::SurvivesEarlySignal => lifecycle::survives_early_signal(view),
        Check::StartupChangeIsApplied => lifecycle::startup_change_is_applied(view),
        Check::WithinTwoSeconds => timing::within_two_seconds(view),
        Check::P95Within250Ms => timing::p95_within_250_ms(view),
        Check::ApplyLatency => timing::apply_latency(view),
        Check::ServesOnWithoutFile => deletion::serves_on(view),
        Check::WarnsAtMostOnce => deletion::warns_at_most_once(view),
        Check::WarnsOfMissingFile => deletion::warns(view),
        Check::NoRecordOfSame => sameness::no_record(view),
        Check::SameCutsNothing => sameness::cuts_nothing(view),
        Check::ErrorIsCleared => sameness::error_is_cleared(view),
        Check::NotStarved => burst::not_starved(view),
        Check::LastWins => burst::last_wins(view),
        Check::NeverBackwards => burst::never_backwards(view),
        Check::NeverTorn => safety::never_torn(view),
        Check::NoFailedRequest => safety::no_failed_request(view),
        Check::NoErrorStatus => safety::no_error_status(view),
        Check::NoKeepaliveRace => safety::no_keepalive_race(view),
        Check::InFlightCompletes => connections::in_flight_completes(view),
        Check::IdleConnectionStays => connections::idle_connection_stays(view),
        Check::NoSwallowedRequest => connections::no_swallowed_request(view),
        Check::AddedListenerServes => listeners::added_serves(view),
        Check::RemovedListenerStops => listeners::removed_stops(view),
        Check::MadeBeforeBroken => listeners::made_before_broken(view),
        Check::SwappedOrRefused => listeners::swapped_or_refused(view),
        Check::SocketServesOn => unix_socket::serves_on(view),
        Check::DrainIsBounded => drain::is_bounded(view),
        Check::DrainIsGranted => drain::is_granted(view),
        Check::DrainingIsTold => drain::is_told(view),
        Check::FailureChangesNothing => doomed::changes_nothing(view),
        Check::FailureIsReported => doomed::is_reported(view),
        Check::BalanceSurvives => limits::balance_survives(view),
        Check::LowerLimitCounts => limits::lower_counts(view),
        Check::HigherLimitCounts => limits::higher_counts(view),
        Check::SessionsNeverExceeded => limits::sessions_never_exceeded(view),
        Check::BreakerStaysOpen => limits::breaker_stays_open(view),
        Check::UnchangedRouteStays => routes::unchanged_stays(view),
        Check::RemovedRouteIsGone => routes::removed_is_gone(view),
        Check::RemovedRouteFinishes => routes::removed_finishes(view),
        Check::OneSuccessRecord => logging::one_success_record(view),
        Check::NoRecordAtStart => logging::no_record_at_start(view),
        Check::RecordIsInformational => logging::is_informational(view),
        Check::RecordMeansEffective => logging::means_effective(view),
        Check::BurstRecordsAddUp => logging::burst_adds_up(view),
        Check::NoFalseRecord => logging::no_false_record(view),
        Check::ChangedIsNamed => changed::is_named(view),
        Check::UnchangedIsNotNamed => changed::others_are_not(view),
        Check::RefusedIsNotNamed => changed::refused_is_not(view),
        Check::RecordHasFields => fields::record_has_fields(view),
        Check::NoSecretShown => secrets::no_secret_shown(view),
        Check::StatusMasksSecrets => secrets::status_masks_secrets(view),
        Check::ReloadIsCounted => asked::reload_is_counted(view),
        Check::CountersAreMonotonic => asked::counters_are_monotonic(view),
        Check::StatusNamesActive => asked::status_names_active(view),
        Check::StatusTellsError => asked::status_tells_error(view),
        Check::StatusMeansEffective => asked::status_means_effective(view),
        Check::RollbackRestores => versions::rollback_restores(view),
        Check::RollbackIsEffective => versions::rollback_is_effective(view),
        Check::UnknownVersionIsRefused => versions::unknown_is_refused(view),
        Check::RollbackIsTold => versions::rollback_is_told(view),
        Check::AdminStays => asked::admin_stays(view),
        Check::CredentialIsNeeded => asked::credential_is_needed(view),
        Check::OrderNeedsAdmin => asked::order_needs_admin(view),
        Check::LeafTakesEffect => tls::takes_effect(view),
        Check::LeafNeverGoesBack => tls::never_goes_back(view),
        Check::HandshakesSucceed => tls::succeed(view),
        Check::LastGoodServes => tls::last_good_serves(view),
        Check::NoForeignLeaf => tls::no_foreign(view),
        Check::UnhealthyGetsNothing => group::unhealthy_gets_nothing(view),
        Check::HealthyStaysAvailable => group::healthy_stays_available(view),
        Check::ChecksContinue => group::checks_continue(view),
        Check::AffinitySurvives => group::affinity_survives(view),
        Check::UpstreamConnectionsStay => group::connections_stay(view),
        Check::FurtherLeafIsShown => callers::further_is_shown(view),
        Check::RemovedLeafIsGone => callers::removed_is_gone(view),
        Check::SessionsResume => callers::sessions_resume(view),
        Check::StreamsComplete => streams::complete(view),
        Check::GoawayIsHonest => streams::goaway_is_honest(view),
        Check::StreamsFollow => streams::follow(view),
        Check::TunnelSurvives => tunnels::survive(view, &tunnels::WEBSOCKET),
        Check::GrpcSurvives => tunnels::survive(view, &tunnels::GRPC),
        Check::RecordNamesFile => logging::names_file(view),
    }
}

/// Milliseconds, for people.
fn ms(nanos: u64) -> String {
    let whole = nanos as f64 / 1e6;
    if whole < 10.0 {
        format!("{whole:.2} ms")
    } else {
        format!("{whole:.0} ms")
    }
}
