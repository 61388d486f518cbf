#!/bin/sh
# envoy:rds-directory 1.40.0
# duplicate_keys_are_rejected, flaw_is_refused/duplicate_key (MUST): fail
# required: a file with this flaw is refused: no answer bears its generation, and no fresh start serves it
# expected: the file is refused, by a reload and by a fresh start
# observed: it was taken: status 200, stamp g3, origin o3, upstream stamp g3, credential Bearer key-g3
# 
# Usage: sh repro-flaw_is_refused-duplicate_key.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "envoy")}
listen=127.141.220.182:8080
at_first=127.141.220.182:8080
at_second=127.141.220.182:23072
at_third=127.141.220.182:23073
at_wildcard=127.0.0.1:23072
places='first/'
origin_addresses='127.173.18.79:34953 127.173.18.79:43223 127.173.18.79:43671 127.173.18.79:41883'
apart=o4 origin_apart=127.173.18.79:43043
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
    socket_address: { address: "127.141.220.182", port_value: 9901 }

static_resources:
  listeners:
    - name: traffic
      address:
        socket_address: { address: "127.141.220.182", port_value: 8080 }
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
                    socket_address: { address: "127.173.18.79", port_value: 34953 }
    - name: "o1"
      type: STATIC
      load_assignment:
        cluster_name: "o1"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.173.18.79", port_value: 43223 }
    - name: "o2"
      type: STATIC
      load_assignment:
        cluster_name: "o2"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.173.18.79", port_value: 43671 }
    - name: "o3"
      type: STATIC
      load_assignment:
        cluster_name: "o3"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.173.18.79", port_value: 41883 }
    - name: "o4"
      type: STATIC
      load_assignment:
        cluster_name: "o4"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.173.18.79", port_value: 43043 }
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
config_duplicate_key() {
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
    max_direct_response_body_size_bytes: 4096
    max_direct_response_body_size_bytes: 4096
FILE
}
inquire() {
    case $1 in
    status) curl -s -S -f -m 5 "http://127.141.220.182:9901/config_dump?resource=dynamic_route_configs" ;;
    metrics) curl -s -S -f -m 5 "http://127.141.220.182:9901/stats/prometheus" ;;
    *) return 1 ;;
    esac
}
admin_at="127.141.220.182:9901" admin_path="/ready" admin_header=""
record='Filesystem config update (rejected|failure): '
subject='duplicate_key'
# ---------------------------------------------------------------------------------------------------------------------------
. "${0%/*}/../common.sh"

# --- what is looked for ---
look() {
    [ $1 = flawed ] && [ "$kind" = "$subject" ] || return 0
    case $strayed in "g$bad "*) shown "a file with a $kind was delivered over g$good, and it serves: $strayed" ;; esac
    [ -n "$bad_member" ] && [ "$(new_records)" = 0 ] && [ "${told-}" != no ] || return 0
    start_anew
    [ -z "$served" ] || [ -n "$(records)" ] || shown "nothing was said of a bad file ($kind) beside a good one, and started anew on both it serves g$served"
}

# --- what is done ---
start 1
change 2
flawed 3 duplicate_key
change 4
look end
say 'not shown'
exit 1
