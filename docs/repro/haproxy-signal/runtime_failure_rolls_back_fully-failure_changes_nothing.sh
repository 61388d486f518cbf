#!/bin/sh
# haproxy:signal 2.6.12-1+deb12u4
# runtime_failure_rolls_back_fully, failure_changes_nothing (MUST): fail
# required: a change that cannot be applied leaves every answer as it was, at every listener that there was
# expected: every answer is of g2, as g3 cannot be applied
# observed: 2449 of 6447 requests after that, 2449 of which failed; at the first address: the connect was refused
# 
# Usage: sh repro-failure_changes_nothing.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "haproxy")}
listen=127.147.17.62:8080
at_first=127.147.17.62:8080
at_second=127.147.17.62:25433
at_third=127.147.17.62:25434
at_wildcard=127.0.0.1:25433
places='first/ second/'
origin_addresses='127.140.74.40:46137 127.140.74.40:41405 127.140.74.40:39557 127.140.74.40:42273'
apart=o4 origin_apart=127.140.74.40:42009
config_name="haproxy.cfg"
own_member="" bad_member=""
delivery=rename_over
ready_ms=10000 apply_ms=2000
settle_ms=100 signal=12
stop_signal=15 stop_ms=10000
fixed_files() {
    log_files=
}
command_line() {
    cd "$work" || exit 2
    setsid $as env -i PATH="$PATH" HOME="$work" TMPDIR="$work" LANG=C  \
        "$proxy" "-W" "-f" "$work/conf/haproxy.cfg" >"$work/stdout" 2>"$work/stderr" &
}
hears() { :; }
pull() { kill -USR2 "$pid"; }
config_good_second() {
    cat <<'FILE'
# Generation @GENERATION@.
global
    nbthread 2

defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s

frontend traffic
    bind 127.147.17.62:8080
    bind 127.147.17.62:25433
    http-after-response set-header x-generation "g@GENERATION@"
    http-request set-header x-upstream-generation "g@GENERATION@"
    http-request set-header authorization "Bearer key-g@GENERATION@"
    default_backend origin

frontend metrics
    bind 127.147.17.62:9901
    http-request use-service prometheus-exporter if { path /metrics }

backend origin
    server origin 127.140.74.40:@PORT@
FILE
}
config_good_third() {
    cat <<'FILE'
# Generation @GENERATION@.
global
    nbthread 2

defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s

frontend traffic
    bind 127.147.17.62:8080
    bind 127.147.17.62:25434
    http-after-response set-header x-generation "g@GENERATION@"
    http-request set-header x-upstream-generation "g@GENERATION@"
    http-request set-header authorization "Bearer key-g@GENERATION@"
    default_backend origin

frontend metrics
    bind 127.147.17.62:9901
    http-request use-service prometheus-exporter if { path /metrics }

backend origin
    server origin 127.140.74.40:@PORT@
FILE
}
inquire() {
    case $1 in
    metrics) curl -s -S -f -m 5 "http://127.147.17.62:9901/metrics" ;;
    *) return 1 ;;
    esac
}
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
rest 3.1
vacate
lay_out second
change 4
look end
say 'not shown'
exit 1
