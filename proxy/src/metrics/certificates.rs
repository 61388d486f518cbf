//! Until when certificates are good, and orders for more.

use std::sync::atomic::AtomicU64;
use std::time::UNIX_EPOCH;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Labels;
use crate::model::Model;
use crate::runtime::Issuance;

pub(super) fn register(registry: &mut Registry, model: &Model, issuance: &Issuance) {
    let ends: Family<Vec<(&'static str, String)>, Gauge<f64, AtomicU64>> = Family::default();
    let standings = issuance.standings();
    for (name, listener) in &model.listeners {
        let Some(tls) = &listener.tls else { continue };
        let put = |names: String, seconds| {
            let labels = vec![("listener", name.to_string()), ("names", names)];
            ends.get_or_create(&labels).set(seconds);
        };
        for certificate in &tls.certificates {
            put(certificate.names.join(" "), certificate.validity.1.as_secs_f64());
        }
        for host in &tls.acme_hosts {
            let standing = standings.iter().find(|(other, _)| other == host);
            if let Some(end) = standing.and_then(|(_, standing)| standing.not_after) {
                let seconds = end.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
                put(host.to_string(), seconds);
            }
        }
    }
    registry.register(
        "tls_certificate_not_after_timestamp_seconds",
        "Until when a certificate of a listener is good",
        ends,
    );
    let orders: Family<Labels<1>, Counter> = Family::default();
    let (issued, failed) = issuance.orders();
    for (result, count) in [("issued", issued), ("failed", failed)] {
        orders.get_or_create(&[("result", result)]).inc_by(count);
    }
    registry.register("acme_orders", "Orders of certificates, by how they ended", orders);
}
