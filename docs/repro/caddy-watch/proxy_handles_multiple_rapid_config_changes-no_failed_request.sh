#!/bin/sh
# caddy:watch 2.11.7
# proxy_handles_multiple_rapid_config_changes, no_failed_request (MUST): fail
# required: no request on a fresh connection, and none whose answer had begun, fails
# expected: an answer to every request
# observed: 2 of 14596 requests; the first: the connection ended (head)
# 
# Usage: sh repro-no_failed_request.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "caddy")}
listen=127.28.116.195:8080
origin_addresses='127.29.82.156:39565 127.29.82.156:36467 127.29.82.156:34453 127.29.82.156:38143'
config_name="Caddyfile"
delivery=rename_over
ready_ms=10000 apply_ms=2000
settle_ms=0 signal=
fixed_files() {
    log_files=
}
command_line() {
    cd "$work" || exit 2
    setsid $as env -i PATH="$PATH" HOME="$work" TMPDIR="$work" LANG=C  \
        "$proxy" "run" "--config" "$work/conf/Caddyfile" "--adapter" "caddyfile" "--watch" >"$work/stdout" 2>"$work/stderr" &
}
pull() { :; }
config_good() {
    cat <<'FILE'
# Generation @GENERATION@.
{
	admin 127.28.116.195:9901 {
		origins 127.28.116.195:9901
	}
}

http://:8080 {
	bind 127.28.116.195
	header x-generation "g@GENERATION@"
	reverse_proxy 127.29.82.156:@PORT@ {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}
FILE
}
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
control failed
g=1 begun_all=$(now)
while [ $(($(now) - begun_all)) -lt 60000 ]; do
    load_on 4 4
    burst $((g + 1)) $((g + 1 + 49))
    g=$((g + 1 + 49))
    load_off
done
look end
say 'not shown'
exit 1
