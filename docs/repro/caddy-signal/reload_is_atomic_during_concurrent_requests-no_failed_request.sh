#!/bin/sh
# caddy:signal 2.11.7
# reload_is_atomic_during_concurrent_requests, no_failed_request (MUST): fail
# required: no request on a fresh connection, and none whose answer had begun, fails
# expected: an answer to every request
# observed: 42 of 1627 requests; the first: the connection was reset (head)
# 
# Usage: sh repro-no_failed_request.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "caddy")}
listen=127.235.118.80:8080
at_first=127.235.118.80:8080
at_second=127.235.118.80:25007
at_third=127.235.118.80:25008
at_wildcard=127.0.0.1:25007
places='first/'
origin_addresses='127.128.105.179:33733 127.128.105.179:33207 127.128.105.179:34299 127.128.105.179:41189'
apart=o4 origin_apart=127.128.105.179:35869
config_name="Caddyfile"
own_member="" bad_member=""
delivery=rename_over
ready_ms=10000 apply_ms=2000
settle_ms=0 signal=10
stop_signal=15 stop_ms=10000
fixed_files() {
    log_files=
}
command_line() {
    cd "$work" || exit 2
    setsid $as env -i PATH="$PATH" HOME="$work" TMPDIR="$work" LANG=C  \
        "$proxy" "run" "--config" "$work/conf/Caddyfile" "--adapter" "caddyfile" >"$work/stdout" 2>"$work/stderr" &
}
hears() { :; }
pull() { kill -USR1 "$pid"; }
config_good() {
    cat <<'FILE'
# Generation @GENERATION@.
{
	admin 127.235.118.80:9901 {
		origins 127.235.118.80:9901
	}
}

http://:8080 {
	bind 127.235.118.80
	header x-generation "g@GENERATION@"
	reverse_proxy 127.128.105.179:@PORT@ {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}
FILE
}
inquire() {
    case $1 in
    status) curl -s -S -f -m 5 "http://127.235.118.80:9901/config/" ;;
    metrics) curl -s -S -f -m 5 "http://127.235.118.80:9901/metrics" ;;
    *) return 1 ;;
    esac
}
admin_at="127.235.118.80:9901" admin_path="/config/" admin_header=""
record=''
subject=''
# ---------------------------------------------------------------------------------------------------------------------------
. "${0%/*}/../common.sh"

# --- what is looked for ---
look() {
    [ $1 != load ] || [ "$(loaded failed)" = 0 ] || shown "$(loaded failed) of $(loaded requests) requests: $(sed -n 's/^failed [0-9]* //p' "$work/load")"
}

# --- what is done ---
start 1
control failed '4 4'
g=1 begun_all=$(now)
while [ $(($(now) - begun_all)) -lt 60000 ]; do
    load_on 4 4
    for _ in $(seq 20); do g=$((g + 1)); change $g >/dev/null; done
    say "more changes, to g$g"
    load_off
done
look end
say 'not shown'
exit 1
