#!/bin/sh
# caddy:watch 2.11.7
# truncated_write_is_never_applied, takes_effect/empty_first (MUST): fail
# required: once the rest is written, the file is served within the apply bound
# expected: an answer of g2 within 2000 ms of its delivery
# observed: change 1 of 1 (g2) was never served; at last g1 answered, with status 200
# 
# Usage: sh repro-takes_effect-empty_first.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "caddy")}
listen=127.202.92.156:8080
origin_addresses='127.140.248.127:34759 127.140.248.127:41479 127.140.248.127:45853 127.140.248.127:40305'
config_name="Caddyfile"
delivery=empty_first
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
	admin 127.202.92.156:9901 {
		origins 127.202.92.156:9901
	}
}

http://:8080 {
	bind 127.202.92.156
	header x-generation "g@GENERATION@"
	reverse_proxy 127.140.248.127:@PORT@ {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}
FILE
}
record=''
subject='empty_first'
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
rest 2.0
change 2
look end
say 'not shown'
exit 1
