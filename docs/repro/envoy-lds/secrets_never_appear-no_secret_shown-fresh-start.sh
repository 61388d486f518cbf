#!/bin/sh
# envoy:lds 1.40.0
# secrets_never_appear, no_secret_shown/fresh start (MUST): fail
# required: no credential of the configuration appears in what the target says
# expected: no credential in anything that it says
# observed: 1 of 539 texts show one: {"header":{"value":"g6","key":"x-upstream-generation"},"append_action":"OVERWRITE_IF_EXISTS_OR_ADD"},{"header":{"key":"authorization","value":"Bearer key-g6"},"append_action":"OVERWRITE_IF_EXISTS_OR_ADD"}],"virtual_hosts":[{"name":"all","routes":[{"match":{"prefix":"/"},"route":{"cluster":"o2"}}],"d
# 
# Usage: sh repro-no_secret_shown-fresh-start.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "envoy")}
listen=127.254.96.121:8080
at_first=127.254.96.121:8080
at_second=127.254.96.121:13001
at_third=127.254.96.121:13002
at_wildcard=127.0.0.1:13001
places='first/'
origin_addresses='127.74.11.25:33049 127.74.11.25:39695 127.74.11.25:40607 127.74.11.25:33797'
apart=o4 origin_apart=127.74.11.25:35503
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
    socket_address: { address: "127.254.96.121", port_value: 9901 }

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
                    socket_address: { address: "127.74.11.25", port_value: 33049 }
    - name: "o1"
      type: STATIC
      load_assignment:
        cluster_name: "o1"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.74.11.25", port_value: 39695 }
    - name: "o2"
      type: STATIC
      load_assignment:
        cluster_name: "o2"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.74.11.25", port_value: 40607 }
    - name: "o3"
      type: STATIC
      load_assignment:
        cluster_name: "o3"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.74.11.25", port_value: 33797 }
    - name: "o4"
      type: STATIC
      load_assignment:
        cluster_name: "o4"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.74.11.25", port_value: 35503 }
FILE
}
command_line() {
    cd "$work" || exit 2
    setsid $as env -i PATH="$PATH" HOME="$work" TMPDIR="$work" LANG=C  \
        "$proxy" "-c" "$work/bootstrap.yaml" "--disable-hot-restart" "--concurrency" "2" >"$work/stdout" 2>"$work/stderr" &
}
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
      socket_address: { address: "127.254.96.121", port_value: 8080 }
FILE
}
config_wrong_type() {
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
      socket_address: { address: "127.254.96.121", port_value: 8080 }
    per_connection_buffer_limit_bytes: many
FILE
}
inquire() {
    case $1 in
    status) curl -s -S -f -m 5 "http://127.254.96.121:9901/config_dump?resource=dynamic_listeners" ;;
    metrics) curl -s -S -f -m 5 "http://127.254.96.121:9901/stats/prometheus" ;;
    *) return 1 ;;
    esac
}
admin_at="127.254.96.121:9901" admin_path="/ready" admin_header=""
record=''
subject='fresh start'
# ---------------------------------------------------------------------------------------------------------------------------
. "${0%/*}/../common.sh"

# --- what is looked for ---
look() {
    ! logged | grep -q 'key-g[0-9]' || shown "the log has a credential: $(logged | grep -m1 -oE '.{0,60}key-g[0-9]+')"
}

# --- what is done ---
start 4
change 5
rest 2.1
flawed 6 wrong_type
look end
say 'not shown'
exit 1
