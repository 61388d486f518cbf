//! The catalogue: every case, one file each, in the order in which it is read.
//!
//! A case is typed data. It holds no closure and touches nothing: what it means is up to the driver and the judge.

mod acknowledged;
mod active_connections;
mod active_connections_failed;
mod added_listener;
mod admin_stays;
mod affinity;
mod applies_changes;
mod atomic;
mod bad_certificate;
mod breaker_survives;
mod certificate_apart;
mod certificate_rotation;
mod changed_limit;
mod check_command_agrees;
mod check_command_no_side_effects;
mod checks_continue;
mod churn;
mod credential;
mod detects_immediately;
mod draining;
mod duplicate_keys;
mod early_sighup;
mod editors;
mod equal_meaning;
mod error_places;
mod event_streams;
mod failed_trigger;
mod fd_exhaustion;
mod full_log;
mod further_certificate;
mod glob_member;
mod graceful_stop;
mod grpc_streams;
mod handshakes;
mod healthy_known;
mod held_pins_nothing;
mod hostile_input;
mod http2_streams;
mod idle_stay;
mod in_place;
mod include_paths;
mod included_file;
mod kept_follow;
mod latency;
mod linked_certificates;
mod logs_diff;
mod logs_failure;
mod logs_success;
mod long_connections;
mod lost_posts;
mod metrics;
mod monotonic;
mod moved_listener;
mod no_false_records;
mod no_refused_connect;
mod no_regular_file;
mod nothing_leaks;
mod one_bad_member;
mod overflow;
mod overlapping;
mod parent_swap;
mod parseable_prefix;
mod partial_change;
mod permission_lost;
mod persistent_fault;
mod pid_file;
mod rapid_changes;
mod rate_limit_survives;
mod recreate;
mod reload_cost;
mod removed_route;
mod rename_away;
mod rename_over;
mod restart_required;
mod retains_previous;
mod retirement;
mod returns_to_baseline;
mod revert;
mod rollback;
mod runtime_failure;
mod same_size_same_mtime;
mod secrets;
mod session_limit;
mod sessions;
mod sighup;
mod startup_change;
mod status;
mod structured_logs;
mod survives_deletion;
mod symlink_swap;
mod systemd;
mod ten_bad;
mod truncated_write;
mod twice_across_files;
mod unchanged_content;
mod unhealthy_stays;
mod unix_socket;
mod unknown_keys;
mod unreachable_upstream;
mod unresolvable_upstream;
mod unwatched;
mod upstream_connections;
mod websocket;
mod wildcard_swap;
mod worker_crash;

use crate::vocabulary::Case;

/// All cases.
pub fn all() -> Vec<Case> {
    vec![
        applies_changes::case(),
        retains_previous::case(),
        detects_immediately::case(),
        survives_deletion::case(),
        rapid_changes::case(),
        atomic::case(),
        active_connections::case(),
        logs_success::case(),
        ten_bad::case(),
        active_connections_failed::case(),
        long_connections::case(),
        logs_failure::case(),
        no_false_records::case(),
        persistent_fault::case(),
        same_size_same_mtime::case(),
        rename_over::case(),
        in_place::case(),
        symlink_swap::case(),
        recreate::case(),
        truncated_write::case(),
        parseable_prefix::case(),
        kept_follow::case(),
        idle_stay::case(),
        retirement::case(),
        lost_posts::case(),
        event_streams::case(),
        websocket::case(),
        http2_streams::case(),
        grpc_streams::case(),
        no_refused_connect::case(),
        check_command_agrees::case(),
        check_command_no_side_effects::case(),
        unchanged_content::case(),
        churn::case(),
        revert::case(),
        parent_swap::case(),
        rename_away::case(),
        editors::case(),
        permission_lost::case(),
        no_regular_file::case(),
        failed_trigger::case(),
        acknowledged::case(),
        sighup::case(),
        early_sighup::case(),
        startup_change::case(),
        overflow::case(),
        unwatched::case(),
        overlapping::case(),
        graceful_stop::case(),
        systemd::case(),
        pid_file::case(),
        rollback::case(),
        returns_to_baseline::case(),
        held_pins_nothing::case(),
        secrets::case(),
        structured_logs::case(),
        logs_diff::case(),
        duplicate_keys::case(),
        unknown_keys::case(),
        error_places::case(),
        hostile_input::case(),
        added_listener::case(),
        moved_listener::case(),
        wildcard_swap::case(),
        unix_socket::case(),
        draining::case(),
        runtime_failure::case(),
        equal_meaning::case(),
        partial_change::case(),
        removed_route::case(),
        unreachable_upstream::case(),
        unresolvable_upstream::case(),
        nothing_leaks::case(),
        certificate_rotation::case(),
        certificate_apart::case(),
        bad_certificate::case(),
        handshakes::case(),
        rate_limit_survives::case(),
        changed_limit::case(),
        session_limit::case(),
        breaker_survives::case(),
        unhealthy_stays::case(),
        healthy_known::case(),
        checks_continue::case(),
        affinity::case(),
        upstream_connections::case(),
        linked_certificates::case(),
        further_certificate::case(),
        sessions::case(),
        included_file::case(),
        glob_member::case(),
        one_bad_member::case(),
        twice_across_files::case(),
        latency::case(),
        reload_cost::case(),
        fd_exhaustion::case(),
        full_log::case(),
        worker_crash::case(),
        restart_required::case(),
        metrics::case(),
        monotonic::case(),
        status::case(),
        admin_stays::case(),
        credential::case(),
        include_paths::case(),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::all;
    use crate::vocabulary::{Check, Level};

    #[test]
    fn ids_are_unique() {
        let ids: BTreeSet<_> = all().iter().map(|case| case.id).collect();
        assert_eq!(ids.len(), all().len());
    }

    #[test]
    fn every_case_names_a_fault_for_a_check_that_it_makes() {
        for case in all() {
            assert!(!case.faults.is_empty(), "{} names no fault", case.id);
            for fault in &case.faults {
                let made = Check::UNASKED.contains(&fault.check)
                    || case
                        .checks
                        .iter()
                        .any(|spec| spec.id == fault.check && spec.level != Level::Observe);
                assert!(
                    made,
                    "{} names {} for {}, which it does not make",
                    case.id, fault.check, fault.name
                );
            }
        }
    }

    #[test]
    fn a_case_is_as_binding_as_its_most_binding_check() {
        for case in all() {
            let highest = case.checks.iter().map(|spec| spec.level).min();
            assert_eq!(highest, Some(case.level), "{}", case.id);
        }
    }
}
