#!/bin/sh
# envoy:rds 1.40.0
# reload_logs_successful_configuration_change_at_info_level, one_success_record (MUST): fail
# required: an isolated change leaves exactly one record of its success, shown by default
# expected: exactly one record
# observed: none: the target writes no success record by default
# 
# Usage: sh repro-one_success_record.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "envoy")}
listen=127.239.9.61:8080
at_first=127.239.9.61:8080
at_second=127.239.9.61:28272
at_third=127.239.9.61:28273
at_wildcard=127.0.0.1:28272
places='first/'
origin_addresses='127.209.223.16:44885 127.209.223.16:44199 127.209.223.16:41149 127.209.223.16:41223'
apart=o4 origin_apart=127.209.223.16:42207
config_name="rds.yaml"
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
    socket_address: { address: "127.239.9.61", port_value: 9901 }

static_resources:
  listeners:
    - name: traffic
      address:
        socket_address: { address: "127.239.9.61", port_value: 8080 }
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
                    socket_address: { address: "127.209.223.16", port_value: 44885 }
    - name: "o1"
      type: STATIC
      load_assignment:
        cluster_name: "o1"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.209.223.16", port_value: 44199 }
    - name: "o2"
      type: STATIC
      load_assignment:
        cluster_name: "o2"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.209.223.16", port_value: 41149 }
    - name: "o3"
      type: STATIC
      load_assignment:
        cluster_name: "o3"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.209.223.16", port_value: 41223 }
    - name: "o4"
      type: STATIC
      load_assignment:
        cluster_name: "o4"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.209.223.16", port_value: 42207 }
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
inquire() {
    case $1 in
    status) curl -s -S -f -m 5 "http://127.239.9.61:9901/config_dump?resource=dynamic_route_configs" ;;
    metrics) curl -s -S -f -m 5 "http://127.239.9.61:9901/stats/prometheus" ;;
    *) return 1 ;;
    esac
}
admin_at="127.239.9.61:9901" admin_path="/ready" admin_header=""
record=''
subject=''
# ---------------------------------------------------------------------------------------------------------------------------
. "${0%/*}/../common.sh"

# --- what is looked for ---
look() {
    [ $1 = change ] && [ -n "$took" ] || return 0
    sleep 1
    say "all that was logged since:"; logged | tail -n "$(new_records)" | cut -c 1-160 | sed 's/^/    /'
    shown "g$good took effect, and none of these lines says that it did"
}

# --- what is done ---
start 1
change 2
rest 0.7
change 3
rest 0.7
burst 4 13
rest 0.3
look end
say 'not shown'
exit 1
