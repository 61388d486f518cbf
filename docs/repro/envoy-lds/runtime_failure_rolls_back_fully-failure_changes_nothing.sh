#!/bin/sh
# envoy:lds 1.40.0
# runtime_failure_rolls_back_fully, failure_changes_nothing (MUST): fail
# required: a change that cannot be applied leaves every answer as it was, at every listener that there was
# expected: every answer is of g2, as g3 cannot be applied
# observed: 1455 of 3012 requests after that, 0 of which failed; at the first address: status 200, stamp g3, origin o3, upstream stamp g3, credential Bearer key-g3
# 
# Usage: sh repro-failure_changes_nothing.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "envoy")}
listen=127.33.234.127:8080
at_first=127.33.234.127:8080
at_second=127.33.234.127:29496
at_third=127.33.234.127:29497
at_wildcard=127.0.0.1:29496
places='first/ second/'
origin_addresses='127.180.235.166:42559 127.180.235.166:41461 127.180.235.166:44063 127.180.235.166:37619'
apart=o4 origin_apart=127.180.235.166:39325
config_name="lds.yaml"
own_member="" bad_member=""
delivery=rename_over
ready_ms=10000 apply_ms=2000
settle_ms=0 signal=
stop_signal=15 stop_ms=10000
fixed_files() {
    log_files=
    mkdir -p "$(dirname "$work/bootstrap.yaml")"
    sed "s|@DIR@|$work|g" >"$work/bootstrap.yaml" <<'FILE'
node:
  id: reloadspec
  cluster: reloadspec

admin:
  address:
    socket_address: { address: "127.33.234.127", port_value: 9901 }

dynamic_resources:
  lds_config:
    path_config_source:
      path: "@DIR@/conf/lds.yaml"

static_resources:
  clusters:
    - name: "o0"
      type: STATIC
      load_assignment:
        cluster_name: "o0"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.180.235.166", port_value: 42559 }
    - name: "o1"
      type: STATIC
      load_assignment:
        cluster_name: "o1"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.180.235.166", port_value: 41461 }
    - name: "o2"
      type: STATIC
      load_assignment:
        cluster_name: "o2"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.180.235.166", port_value: 44063 }
    - name: "o3"
      type: STATIC
      load_assignment:
        cluster_name: "o3"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.180.235.166", port_value: 37619 }
    - name: "o4"
      type: STATIC
      load_assignment:
        cluster_name: "o4"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.180.235.166", port_value: 39325 }
FILE
}
command_line() {
    cd "$work" || exit 2
    setsid $as env -i PATH="$PATH" HOME="$work" TMPDIR="$work" LANG=C  \
        "$proxy" "-c" "$work/bootstrap.yaml" "--disable-hot-restart" "--concurrency" "2" >"$work/stdout" 2>"$work/stderr" &
}
hears() { :; }
pull() { :; }
config_good_second() {
    cat <<'FILE'
# Generation @GENERATION@. Addresses stand last, so that a file that breaks off is no listener.
resources:
  - "@type": type.googleapis.com/envoy.config.listener.v3.Listener
    name: second
    filter_chains:
      - filters:
          - name: envoy.filters.network.http_connection_manager
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
              stat_prefix: second
              route_config:
                name: routes
                response_headers_to_add:
                  - header: { key: x-generation, value: "g@GENERATION@" }
                    append_action: OVERWRITE_IF_EXISTS_OR_ADD
                request_headers_to_add:
                  - header: { key: x-upstream-generation, value: "g@GENERATION@" }
                    append_action: OVERWRITE_IF_EXISTS_OR_ADD
                  - header: { key: authorization, value: "Bearer key-g@GENERATION@" }
                    append_action: OVERWRITE_IF_EXISTS_OR_ADD
                virtual_hosts:
                  - name: all
                    domains: ["*"]
                    routes:
                      - match: { prefix: / }
                        route: { cluster: "@ORIGIN@" }
              http_filters:
                - name: envoy.filters.http.router
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
    address:
      socket_address: { address: "127.33.234.127", port_value: 29496 }
  - "@type": type.googleapis.com/envoy.config.listener.v3.Listener
    name: traffic
    filter_chains:
      - filters:
          - name: envoy.filters.network.http_connection_manager
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
              stat_prefix: traffic
              route_config:
                name: routes
                response_headers_to_add:
                  - header: { key: x-generation, value: "g@GENERATION@" }
                    append_action: OVERWRITE_IF_EXISTS_OR_ADD
                request_headers_to_add:
                  - header: { key: x-upstream-generation, value: "g@GENERATION@" }
                    append_action: OVERWRITE_IF_EXISTS_OR_ADD
                  - header: { key: authorization, value: "Bearer key-g@GENERATION@" }
                    append_action: OVERWRITE_IF_EXISTS_OR_ADD
                virtual_hosts:
                  - name: all
                    domains: ["*"]
                    routes:
                      - match: { prefix: / }
                        route: { cluster: "@ORIGIN@" }
              http_filters:
                - name: envoy.filters.http.router
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
    address:
      socket_address: { address: "127.33.234.127", port_value: 8080 }
FILE
}
config_good_third() {
    cat <<'FILE'
# Generation @GENERATION@. Addresses stand last, so that a file that breaks off is no listener.
resources:
  - "@type": type.googleapis.com/envoy.config.listener.v3.Listener
    name: second
    filter_chains:
      - filters:
          - name: envoy.filters.network.http_connection_manager
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
              stat_prefix: second
              route_config:
                name: routes
                response_headers_to_add:
                  - header: { key: x-generation, value: "g@GENERATION@" }
                    append_action: OVERWRITE_IF_EXISTS_OR_ADD
                request_headers_to_add:
                  - header: { key: x-upstream-generation, value: "g@GENERATION@" }
                    append_action: OVERWRITE_IF_EXISTS_OR_ADD
                  - header: { key: authorization, value: "Bearer key-g@GENERATION@" }
                    append_action: OVERWRITE_IF_EXISTS_OR_ADD
                virtual_hosts:
                  - name: all
                    domains: ["*"]
                    routes:
                      - match: { prefix: / }
                        route: { cluster: "@ORIGIN@" }
              http_filters:
                - name: envoy.filters.http.router
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
    address:
      socket_address: { address: "127.33.234.127", port_value: 29497 }
  - "@type": type.googleapis.com/envoy.config.listener.v3.Listener
    name: traffic
    filter_chains:
      - filters:
          - name: envoy.filters.network.http_connection_manager
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
              stat_prefix: traffic
              route_config:
                name: routes
                response_headers_to_add:
                  - header: { key: x-generation, value: "g@GENERATION@" }
                    append_action: OVERWRITE_IF_EXISTS_OR_ADD
                request_headers_to_add:
                  - header: { key: x-upstream-generation, value: "g@GENERATION@" }
                    append_action: OVERWRITE_IF_EXISTS_OR_ADD
                  - header: { key: authorization, value: "Bearer key-g@GENERATION@" }
                    append_action: OVERWRITE_IF_EXISTS_OR_ADD
                virtual_hosts:
                  - name: all
                    domains: ["*"]
                    routes:
                      - match: { prefix: / }
                        route: { cluster: "@ORIGIN@" }
              http_filters:
                - name: envoy.filters.http.router
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
    address:
      socket_address: { address: "127.33.234.127", port_value: 8080 }
FILE
}
inquire() {
    case $1 in
    status) curl -s -S -f -m 5 "http://127.33.234.127:9901/config_dump?resource=dynamic_listeners" ;;
    metrics) curl -s -S -f -m 5 "http://127.33.234.127:9901/stats/prometheus" ;;
    *) return 1 ;;
    esac
}
admin_at="127.33.234.127:9901" admin_path="/ready" admin_header=""
record=''
subject=''
# ---------------------------------------------------------------------------------------------------------------------------
. "${0%/*}/../common.sh"

# --- what is looked for ---
look() {
    [ $1 != doomed ] || [ -z "$strayed$leaked$lost" ] || shown "a file that cannot be applied was delivered over g$good, and the answer became: ${strayed:-${leaked:-$lost}}"
}

# --- what is done ---
lay_out second
start 1
change 2
lay_out third
occupy "$at_third"
doomed 3
rest 3.0
vacate
lay_out second
change 4
look end
say 'not shown'
exit 1
