#!/bin/sh
# envoy:lds 1.40.0
# state_change_survives_watch_overflow, overflow_is_survived (MUST): fail
# required: a change whose event was lost in an overflow of the queue of events is served within the apply bound
# expected: an answer of g3 within 2000 ms of the moment in which the target went on
# observed: it was never served; at last g2 answered, with status 200
# 
# Usage: sh repro-overflow_is_survived.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "envoy")}
listen=127.159.251.198:8080
at_first=127.159.251.198:8080
at_second=127.159.251.198:28436
at_third=127.159.251.198:28437
at_wildcard=127.0.0.1:28436
places='first/'
origin_addresses='127.99.211.197:35467 127.99.211.197:39105 127.99.211.197:37495 127.99.211.197:42821'
apart=o4 origin_apart=127.99.211.197:34461
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
    socket_address: { address: "127.159.251.198", port_value: 9901 }

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
                    socket_address: { address: "127.99.211.197", port_value: 35467 }
    - name: "o1"
      type: STATIC
      load_assignment:
        cluster_name: "o1"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.99.211.197", port_value: 39105 }
    - name: "o2"
      type: STATIC
      load_assignment:
        cluster_name: "o2"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.99.211.197", port_value: 37495 }
    - name: "o3"
      type: STATIC
      load_assignment:
        cluster_name: "o3"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.99.211.197", port_value: 42821 }
    - name: "o4"
      type: STATIC
      load_assignment:
        cluster_name: "o4"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.99.211.197", port_value: 34461 }
FILE
}
command_line() {
    cd "$work" || exit 2
    setsid $as env -i PATH="$PATH" HOME="$work" TMPDIR="$work" LANG=C  \
        "$proxy" "-c" "$work/bootstrap.yaml" "--disable-hot-restart" "--concurrency" "2" >"$work/stdout" 2>"$work/stderr" &
}
hears() { :; }
pull() { :; }
config_good() {
    cat <<'FILE'
# Generation @GENERATION@. Addresses stand last, so that a file that breaks off is no listener.
resources:
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
      socket_address: { address: "127.159.251.198", port_value: 8080 }
FILE
}
inquire() {
    case $1 in
    status) curl -s -S -f -m 5 "http://127.159.251.198:9901/config_dump?resource=dynamic_listeners" ;;
    metrics) curl -s -S -f -m 5 "http://127.159.251.198:9901/stats/prometheus" ;;
    *) return 1 ;;
    esac
}
admin_at="127.159.251.198:9901" admin_path="/ready" admin_header=""
record=''
subject=''
# ---------------------------------------------------------------------------------------------------------------------------
. "${0%/*}/../common.sh"

# --- what is looked for ---
look() {
    [ $1 != overflow ] || [ -n "$took" ] || shown "g$good came last in an overflow of the queue of events, and $apply_ms ms later the answer is g$(ask)"
}

# --- what is done ---
start 1
change 2
overflow 3
rest 2.0
look end
say 'not shown'
exit 1
