#!/bin/sh
# caddy:watch 2.11.7
# proxy_handles_config_file_deletion_during_runtime, takes_effect/recreate (MUST): fail
# required: a new file in the place of the old one is served within the apply bound
# expected: an answer of g2 within 2000 ms of its delivery
# observed: change 1 of 1 (g2) was never served; at last g1 answered, with status 200
# 
# Usage: sh repro-takes_effect-recreate.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "caddy")}
listen=127.208.168.183:8080
at_first=127.208.168.183:8080
at_second=127.208.168.183:22250
at_third=127.208.168.183:22251
at_wildcard=127.0.0.1:22250
places='first/'
origin_addresses='127.142.208.176:41373 127.142.208.176:39589 127.142.208.176:33843 127.142.208.176:37095'
apart=o4 origin_apart=127.142.208.176:41211
config_name="Caddyfile"
own_member="" bad_member=""
delivery=recreate
ready_ms=10000 apply_ms=2000
settle_ms=0 signal=
stop_signal=15 stop_ms=10000
fixed_files() {
    log_files=
}
command_line() {
    cd "$work" || exit 2
    setsid $as env -i PATH="$PATH" HOME="$work" TMPDIR="$work" LANG=C  \
        "$proxy" "run" "--config" "$work/conf/Caddyfile" "--adapter" "caddyfile" "--watch" >"$work/stdout" 2>"$work/stderr" &
}
hears() { :; }
pull() { :; }
config_good() {
    cat <<'FILE'
# Generation @GENERATION@.
{
	admin 127.208.168.183:9901 {
		origins 127.208.168.183:9901
	}
}

http://:8080 {
	bind 127.208.168.183
	header x-generation "g@GENERATION@"
	reverse_proxy 127.142.208.176:@PORT@ {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}
FILE
}
inquire() {
    case $1 in
    status) curl -s -S -f -m 5 "http://127.208.168.183:9901/config/" ;;
    metrics) curl -s -S -f -m 5 "http://127.208.168.183:9901/metrics" ;;
    *) return 1 ;;
    esac
}
admin_at="127.208.168.183:9901" admin_path="/config/" admin_header=""
record=''
subject='recreate'
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
remove
rest 3.1
change 2
look end
say 'not shown'
exit 1
