#!/bin/sh
# envoy:lds 1.40.0
# nothing_of_a_rejected_config_leaks, rejected_changes_nothing/bad_address (MUST): fail
# required: a file that is refused at a fresh start changes no marker, on fresh and on kept connections
# expected: every answer is wholly of g7 or older
# observed: 47 of 47 requests after, some of them long after, the bad file (g8): status 200, stamp g8, origin o0, upstream stamp g8, credential Bearer key-g8
# 
# Usage: sh repro-rejected_changes_nothing-bad_address.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "envoy")}
listen=127.189.101.107:8080
at_first=127.189.101.107:8080
at_second=127.189.101.107:18846
at_third=127.189.101.107:18847
at_wildcard=127.0.0.1:18846
places='first/ first/r1/ first/r2/ second/'
origin_addresses='127.232.108.136:33191 127.232.108.136:42643 127.232.108.136:33809 127.232.108.136:36735'
apart=o4 origin_apart=127.232.108.136:40033
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
    socket_address: { address: "127.189.101.107", port_value: 9901 }

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
                    socket_address: { address: "127.232.108.136", port_value: 33191 }
    - name: "o1"
      type: STATIC
      load_assignment:
        cluster_name: "o1"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.232.108.136", port_value: 42643 }
    - name: "o2"
      type: STATIC
      load_assignment:
        cluster_name: "o2"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.232.108.136", port_value: 33809 }
    - name: "o3"
      type: STATIC
      load_assignment:
        cluster_name: "o3"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.232.108.136", port_value: 36735 }
    - name: "o4"
      type: STATIC
      load_assignment:
        cluster_name: "o4"
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: { address: "127.232.108.136", port_value: 40033 }
FILE
}
command_line() {
    cd "$work" || exit 2
    setsid $as env -i PATH="$PATH" HOME="$work" TMPDIR="$work" LANG=C  \
        "$proxy" "-c" "$work/bootstrap.yaml" "--disable-hot-restart" "--concurrency" "2" >"$work/stdout" 2>"$work/stderr" &
}
hears() { :; }
pull() { :; }
config_good_r1_apart() {
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
                      - match: { prefix: /r1/ }
                        route: { cluster: "o4" }
                      - match: { prefix: / }
                        route: { cluster: "@ORIGIN@" }
              http_filters:
                - name: envoy.filters.http.router
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
    address:
      socket_address: { address: "127.189.101.107", port_value: 8080 }
FILE
}
config_good_second_r1_current_r2_apart() {
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
                      - match: { prefix: /r1/ }
                        route: { cluster: "@ORIGIN@" }
                      - match: { prefix: /r2/ }
                        route: { cluster: "o4" }
                      - match: { prefix: / }
                        route: { cluster: "@ORIGIN@" }
              http_filters:
                - name: envoy.filters.http.router
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
    address:
      socket_address: { address: "127.189.101.107", port_value: 18846 }
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
                      - match: { prefix: /r1/ }
                        route: { cluster: "@ORIGIN@" }
                      - match: { prefix: /r2/ }
                        route: { cluster: "o4" }
                      - match: { prefix: / }
                        route: { cluster: "@ORIGIN@" }
              http_filters:
                - name: envoy.filters.http.router
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
    address:
      socket_address: { address: "127.189.101.107", port_value: 8080 }
FILE
}
config_syntax_second_r1_current_r2_apart() {
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
                      - match: { prefix: /r1/ }
                        route: { cluster: "@ORIGIN@" }
                      - match: { prefix: /r2/ }
                        route: { cluster: "o4" }
                      - match: { prefix: / }
                        route: { cluster: "@ORIGIN@" }
              http_filters:
                - name: envoy.filters.http.router
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
    address:
      socket_address: { address: "127.189.101.107", port_value: 18846 }
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
                      - match: { prefix: /r1/ }
                        route: { cluster: "@ORIGIN@" }
                      - match: { prefix: /r2/ }
                        route: { cluster: "o4" }
                      - match: { prefix: / }
                        route: { cluster: "@ORIGIN@" }
              http_filters:
                - name: envoy.filters.http.router
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
    address:
      socket_address: { address: "127.189.101.107", port_value: 8080 }
    listener_filters: [
FILE
}
config_wrong_type_second_r1_current_r2_apart() {
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
                      - match: { prefix: /r1/ }
                        route: { cluster: "@ORIGIN@" }
                      - match: { prefix: /r2/ }
                        route: { cluster: "o4" }
                      - match: { prefix: / }
                        route: { cluster: "@ORIGIN@" }
              http_filters:
                - name: envoy.filters.http.router
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
    address:
      socket_address: { address: "127.189.101.107", port_value: 18846 }
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
                      - match: { prefix: /r1/ }
                        route: { cluster: "@ORIGIN@" }
                      - match: { prefix: /r2/ }
                        route: { cluster: "o4" }
                      - match: { prefix: / }
                        route: { cluster: "@ORIGIN@" }
              http_filters:
                - name: envoy.filters.http.router
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
    address:
      socket_address: { address: "127.189.101.107", port_value: 8080 }
    per_connection_buffer_limit_bytes: many
FILE
}
config_dangling_reference_second_r1_current_r2_apart() {
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
                      - match: { prefix: /r1/ }
                        route: { cluster: "@ORIGIN@" }
                      - match: { prefix: /r2/ }
                        route: { cluster: "o4" }
                      - match: { prefix: / }
                        route: { cluster: "@ORIGIN@" }
              http_filters:
                - name: envoy.filters.http.router
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
    address:
      socket_address: { address: "127.189.101.107", port_value: 18846 }
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
                      - match: { prefix: /r1/ }
                        route: { cluster: "@ORIGIN@" }
                      - match: { prefix: /r2/ }
                        route: { cluster: "o4" }
                      - match: { prefix: / }
                        route: { cluster: "@ORIGIN@" }
              http_filters:
                - name: envoy.filters.http.router
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
    address:
      socket_address: { address: "127.189.101.107", port_value: 8080 }
  - "@type": type.googleapis.com/envoy.config.listener.v3.Listener
    name: dangling
    filter_chains:
      - filters:
          - name: envoy.filters.network.tcp_proxy
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
              stat_prefix: dangling
              cluster: nowhere
    address:
      socket_address: { address: "127.189.101.107", port_value: 9902 }
FILE
}
config_bad_address_second_r1_current_r2_apart() {
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
                      - match: { prefix: /r1/ }
                        route: { cluster: "@ORIGIN@" }
                      - match: { prefix: /r2/ }
                        route: { cluster: "o4" }
                      - match: { prefix: / }
                        route: { cluster: "@ORIGIN@" }
              http_filters:
                - name: envoy.filters.http.router
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
    address:
      socket_address: { address: "127.189.101.107", port_value: 18846 }
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
                      - match: { prefix: /r1/ }
                        route: { cluster: "@ORIGIN@" }
                      - match: { prefix: /r2/ }
                        route: { cluster: "o4" }
                      - match: { prefix: / }
                        route: { cluster: "@ORIGIN@" }
              http_filters:
                - name: envoy.filters.http.router
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
    address:
      socket_address: { address: "127.189.101.107", port_value: 8080 }
  - "@type": type.googleapis.com/envoy.config.listener.v3.Listener
    name: nowhere
    filter_chains:
      - filters:
          - name: envoy.filters.network.tcp_proxy
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
              stat_prefix: nowhere
              cluster: "@ORIGIN@"
    address:
      socket_address: { address: nowhere, port_value: 9902 }
FILE
}
config_duplicate_second_r1_current_r2_apart() {
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
                      - match: { prefix: /r1/ }
                        route: { cluster: "@ORIGIN@" }
                      - match: { prefix: /r2/ }
                        route: { cluster: "o4" }
                      - match: { prefix: / }
                        route: { cluster: "@ORIGIN@" }
                  - name: again
                    domains: ["*"]
                    routes:
                      - match: { prefix: / }
                        route: { cluster: "@ORIGIN@" }
              http_filters:
                - name: envoy.filters.http.router
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
    address:
      socket_address: { address: "127.189.101.107", port_value: 18846 }
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
                      - match: { prefix: /r1/ }
                        route: { cluster: "@ORIGIN@" }
                      - match: { prefix: /r2/ }
                        route: { cluster: "o4" }
                      - match: { prefix: / }
                        route: { cluster: "@ORIGIN@" }
                  - name: again
                    domains: ["*"]
                    routes:
                      - match: { prefix: / }
                        route: { cluster: "@ORIGIN@" }
              http_filters:
                - name: envoy.filters.http.router
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
    address:
      socket_address: { address: "127.189.101.107", port_value: 8080 }
FILE
}
inquire() {
    case $1 in
    status) curl -s -S -f -m 5 "http://127.189.101.107:9901/config_dump?resource=dynamic_listeners" ;;
    metrics) curl -s -S -f -m 5 "http://127.189.101.107:9901/stats/prometheus" ;;
    *) return 1 ;;
    esac
}
admin_at="127.189.101.107:9901" admin_path="/ready" admin_header=""
record=''
subject='bad_address'
# ---------------------------------------------------------------------------------------------------------------------------
. "${0%/*}/../common.sh"

# --- what is looked for ---
look() {
    [ $1 != doomed ] || [ -z "$strayed" ] || shown "a good file was delivered beside one that is refused at a fresh start, and the answer became: $strayed"
    [ $1 != flawed ] || [ "$kind" != "$subject" ] || [ -z "$strayed" ] || shown "a file that is refused at a fresh start was delivered over g$good, and the answer became: $strayed"
}

# --- what is done ---
lay_out r1_apart
start 1
rest 2.2
lay_out second_r1_current_r2_apart
flawed 2 syntax
rest 0.3
lay_out r1_apart
change 3
rest 2.1
lay_out second_r1_current_r2_apart
flawed 4 wrong_type
rest 0.3
lay_out r1_apart
change 5
lay_out second_r1_current_r2_apart
flawed 6 dangling_reference
rest 0.3
lay_out r1_apart
change 7
lay_out second_r1_current_r2_apart
flawed 8 bad_address
rest 0.3
lay_out r1_apart
change 9
rest 2.1
lay_out second_r1_current_r2_apart
flawed 10 duplicate
rest 0.3
lay_out r1_apart
change 11
rest 2.1
lay_out second_r1_current_r2_apart
flawed 12 empty
rest 0.3
lay_out r1_apart
change 13
rest 2.1
lay_out second_r1_current_r2_apart
flawed 14 truncated
rest 0.3
lay_out r1_apart
change 15
look end
say 'not shown'
exit 1
