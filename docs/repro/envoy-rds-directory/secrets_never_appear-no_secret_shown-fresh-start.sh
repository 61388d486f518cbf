#!/bin/sh
# envoy:rds-directory 1.40.0
# secrets_never_appear, no_secret_shown/fresh start (MUST): fail
# required: no credential of the configuration appears in what the target says
# expected: no credential in anything that it says
# observed: 1 of 536 texts show one: tream-generation","value":"g6"},"append_action":"OVERWRITE_IF_EXISTS_OR_ADD"},{"append_action":"OVERWRITE_IF_EXISTS_OR_ADD","header":{"value":"Bearer key-g6","key":"authorization"}}],"@type":"type.googleapis.com/envoy.config.route.v3.RouteConfiguration","max_direct_response_body_size_bytes":"many","
# 
# Usage: sh repro-no_secret_shown-fresh-start.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "envoy")}
listen=127.218.189.16:8080
at_first=127.218.189.16:8080
at_second=127.218.189.16:20635
at_third=127.218.189.16:20636
at_wildcard=127.0.0.1:20635
places='first/'
origin_addresses='127.84.40.6:35847 127.84.40.6:43279 127.84.40.6:33127 127.84.40.6:40183'
apart=o4 origin_apart=127.84.40.6:45675
config_name="rds.yaml"
own_member="" bad_member=""
delivery=symlink_swap
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
    socket_address: { address: "127.218.189.16", port_value: 9901 }

static_resources:
  listeners:
    - name: traffic
      address:
        socket_address: { address: "127.218.189.16", port_value: 8080 }
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: traffic
                rds:
                  route_config_name: routes
                  config_source:
                    path_config_source:
                      path: "@DIR@/conf/rds.yaml"
                      watched_directory: { path: "@DIR@/conf" }
                http_filters:
                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
    - name: "o0"
      type: STATIC
      load_assignment:
        cluster_name: "o0"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.84.40.6", port_value: 35847 }
    - name: "o1"
      type: STATIC
      load_assignment:
        cluster_name: "o1"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.84.40.6", port_value: 43279 }
    - name: "o2"
      type: STATIC
      load_assignment:
        cluster_name: "o2"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.84.40.6", port_value: 33127 }
    - name: "o3"
      type: STATIC
      load_assignment:
        cluster_name: "o3"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.84.40.6", port_value: 40183 }
    - name: "o4"
      type: STATIC
      load_assignment:
        cluster_name: "o4"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.84.40.6", port_value: 45675 }
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
# Generation @GENERATION@. The name stands last, so that a file that breaks off is no route configuration.
resources:
  - "@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration
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
    name: routes
FILE
}
config_wrong_type() {
    cat <<'FILE'
# Generation @GENERATION@. The name stands last, so that a file that breaks off is no route configuration.
resources:
  - "@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration
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
    name: routes
    max_direct_response_body_size_bytes: many
FILE
}
inquire() {
    case $1 in
    status) curl -s -S -f -m 5 "http://127.218.189.16:9901/config_dump?resource=dynamic_route_configs" ;;
    metrics) curl -s -S -f -m 5 "http://127.218.189.16:9901/stats/prometheus" ;;
    *) return 1 ;;
    esac
}
admin_at="127.218.189.16:9901" admin_path="/ready" admin_header=""
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
