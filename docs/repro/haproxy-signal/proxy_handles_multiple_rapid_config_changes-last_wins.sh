#!/bin/sh
# haproxy:signal 2.6.12-1+deb12u4
# proxy_handles_multiple_rapid_config_changes, last_wins (MUST): fail
# required: after a burst of changes the last one is served, within the apply bound
# expected: an answer of g53 within 2000 ms of its trigger
# observed: change 52 of 52, the last of a burst, (g53) was never served; at last g51 answered, with status 200
# 
# Usage: sh repro-last_wins.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "haproxy")}
listen=127.76.86.92:8080
at_first=127.76.86.92:8080
at_second=127.76.86.92:29619
at_third=127.76.86.92:29620
at_wildcard=127.0.0.1:29619
places='first/'
origin_addresses='127.107.246.21:38595 127.107.246.21:37201 127.107.246.21:44587 127.107.246.21:38443'
apart=o4 origin_apart=127.107.246.21:39833
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
config_good() {
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
    bind 127.76.86.92:8080
    http-after-response set-header x-generation "g@GENERATION@"
    http-request set-header x-upstream-generation "g@GENERATION@"
    http-request set-header authorization "Bearer key-g@GENERATION@"
    default_backend origin

frontend metrics
    bind 127.76.86.92:9901
    http-request use-service prometheus-exporter if { path /metrics }

backend origin
    server origin 127.107.246.21:@PORT@
FILE
}
inquire() {
    case $1 in
    metrics) curl -s -S -f -m 5 "http://127.76.86.92:9901/metrics" ;;
    *) return 1 ;;
    esac
}
record=''
subject=''
# ---------------------------------------------------------------------------------------------------------------------------
. "${0%/*}/../common.sh"

# --- what is looked for ---
look() {
    case $1 in change | burst)
        [ -n "$took" ] || shown "g$good was delivered, and $apply_ms ms later the answer is g$(ask)" ;;
    esac
}

# --- what is done ---
start 1
g=1 begun_all=$(now)
while [ $(($(now) - begun_all)) -lt 60000 ]; do
    burst $((g + 1)) $((g + 1 + 49))
    g=$((g + 1 + 49))
done
look end
say 'not shown'
exit 1
