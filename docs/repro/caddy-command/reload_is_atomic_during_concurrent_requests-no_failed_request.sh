#!/bin/sh
# caddy:command 2.11.7
# reload_is_atomic_during_concurrent_requests, no_failed_request (MUST): fail
# required: no request on a fresh connection, and none whose answer had begun, fails
# expected: an answer to every request
# observed: 7 of 4788 requests; the first: the connection ended (head)
# 
# Usage: sh repro-no_failed_request.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "caddy")}
listen=127.231.58.227:8080
origin_addresses='127.29.5.10:38441 127.29.5.10:46023 127.29.5.10:37815 127.29.5.10:45707'
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
        "$proxy" "run" "--config" "$work/conf/Caddyfile" "--adapter" "caddyfile" >"$work/stdout" 2>"$work/stderr" &
}
pull() { told=yes; $as env HOME="$work" "$proxy" "reload" "--config" "$work/conf/Caddyfile" "--adapter" "caddyfile" >"$work/told" 2>&1 || { told=no; say "    refused: $(tail -n 1 "$work/told")"; }; }
config_good() {
    cat <<'FILE'
# Generation @GENERATION@.
{
	admin 127.231.58.227:9901 {
		origins 127.231.58.227:9901
	}
}

http://:8080 {
	bind 127.231.58.227
	header x-generation "g@GENERATION@"
	reverse_proxy 127.29.5.10:@PORT@ {
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
    for _ in $(seq 20); do g=$((g + 1)); change $g >/dev/null; done
    say "20 changes, to g$g"
    load_off
done
look end
say 'not shown'
exit 1
