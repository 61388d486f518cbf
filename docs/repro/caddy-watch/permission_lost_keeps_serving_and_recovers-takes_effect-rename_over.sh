#!/bin/sh
# caddy:watch 2.11.7
# permission_lost_keeps_serving_and_recovers, takes_effect/rename_over (MUST): fail
# required: a readable file in the place of the other is served within the apply bound
# expected: an answer of g3 within 2000 ms of its delivery
# observed: change 2 of 2 (g3) was never served; at last g2 answered, with status 200
# 
# Usage: sh repro-takes_effect-rename_over.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "caddy")}
listen=127.118.175.158:8080
origin_addresses='127.44.235.183:33249 127.44.235.183:43495 127.44.235.183:33153 127.44.235.183:46301'
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
	admin 127.118.175.158:9901 {
		origins 127.118.175.158:9901
	}
}

http://:8080 {
	bind 127.118.175.158
	header x-generation "g@GENERATION@"
	reverse_proxy 127.44.235.183:@PORT@ {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}
FILE
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
change 2
meddle unreadable
rest 1.3
change 3
look end
say 'not shown'
exit 1
