#!/bin/sh
# envoy:lds 1.40.0
# secrets_never_appear, no_secret_shown/fresh start (MUST): fail
# required: no credential of the configuration appears in what the target says
# expected: no credential in anything that it says
# observed: 1 of 535 texts show one: ue":"g6"},"append_action":"OVERWRITE_IF_EXISTS_OR_ADD"},{"append_action":"OVERWRITE_IF_EXISTS_OR_ADD","header":{"key":"authorization","value":"Bearer key-g6"}}],"response_headers_to_add":[{"header":{"key":"x-generation","value":"g6"},"append_action":"OVERWRITE_IF_EXISTS_OR_ADD"}]}},"name":"envoy.fil
# 
# Usage: sh repro-no_secret_shown-fresh-start.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "envoy")}
listen=127.101.187.87:8080
origin_addresses='127.159.87.233:44601 127.159.87.233:38401 127.159.87.233:39709 127.159.87.233:35327'
config_name="lds.yaml"
delivery=rename_over
ready_ms=10000 apply_ms=2000
settle_ms=0 signal=
fixed_files() {
    log_files=
    mkdir -p "$(dirname "$work/bootstrap.yaml")"
    sed "s|@DIR@|$work|g" >"$work/bootstrap.yaml" <<'FILE'
node:
  id: reloadspec
  cluster: reloadspec

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
                    socket_address: { address: "127.159.87.233", port_value: 44601 }
    - name: "o1"
      type: STATIC
      load_assignment:
        cluster_name: "o1"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.159.87.233", port_value: 38401 }
    - name: "o2"
      type: STATIC
      load_assignment:
        cluster_name: "o2"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.159.87.233", port_value: 39709 }
    - name: "o3"
      type: STATIC
      load_assignment:
        cluster_name: "o3"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.159.87.233", port_value: 35327 }
    - name: "o4"
      type: STATIC
      load_assignment:
        cluster_name: "o4"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.159.87.233", port_value: 44283 }
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
      socket_address: { address: "127.101.187.87", port_value: 8080 }
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
      socket_address: { address: "127.101.187.87", port_value: 8080 }
    per_connection_buffer_limit_bytes: many
FILE
}
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
