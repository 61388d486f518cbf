#!/bin/sh
# haproxy:master_cli 2.6.12-1+deb12u4
# config_path_becomes_directory_fifo_or_device, takes_effect/rename_over (MUST): fail
# required: a file in the place of the folder, and one in that of the pipe, is served within the apply bound
# expected: an answer of g3 within 2000 ms of its trigger
# observed: change 2 of 2 (g3) was never served; at last g2 answered, with status 200; the trigger could not be sent: failed to connect to /tmp/reloadspec-51Uwd6/master.sock: Connection refused (os error 111)
# 
# Usage: sh repro-takes_effect-rename_over.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "haproxy")}
listen=127.139.199.102:8080
at_first=127.139.199.102:8080
at_second=127.139.199.102:30468
at_third=127.139.199.102:30469
at_wildcard=127.0.0.1:30468
places='first/'
origin_addresses='127.105.64.66:37905 127.105.64.66:44101 127.105.64.66:41069 127.105.64.66:33983'
apart=o4 origin_apart=127.105.64.66:36537
config_name="haproxy.cfg"
own_member="" bad_member=""
delivery=rename_over
ready_ms=10000 apply_ms=2000
settle_ms=100 signal=
stop_signal=15 stop_ms=10000
fixed_files() {
    log_files=
}
command_line() {
    cd "$work" || exit 2
    setsid $as env -i PATH="$PATH" HOME="$work" TMPDIR="$work" LANG=C  \
        "$proxy" "-W" "-S" "unix@$work/master.sock" "-f" "$work/conf/haproxy.cfg" >"$work/stdout" 2>"$work/stderr" &
}
at_socket() { "$python" -ES "$work/line.py" "$work/master.sock" "$@"; }
hears() { at_socket "show version" 1 2>/dev/null | grep -q .; }
pull() { told=yes; tell "reload"  || { told=no; say "    refused: $(tail -n 1 "$work/told")"; }; }
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
    bind 127.139.199.102:8080
    http-after-response set-header x-generation "g@GENERATION@"
    http-request set-header x-upstream-generation "g@GENERATION@"
    http-request set-header authorization "Bearer key-g@GENERATION@"
    default_backend origin

frontend metrics
    bind 127.139.199.102:9901
    http-request use-service prometheus-exporter if { path /metrics }

backend origin
    server origin 127.105.64.66:@PORT@
FILE
}
inquire() {
    case $1 in
    metrics) curl -s -S -f -m 5 "http://127.139.199.102:9901/metrics" ;;
    *) return 1 ;;
    esac
}
record=''
subject='rename_over'
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
meddle folder
rest 1.3
change 2
meddle pipe
rest 3.3
change 3
look end
say 'not shown'
exit 1
