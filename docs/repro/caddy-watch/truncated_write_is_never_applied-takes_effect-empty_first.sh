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
listen=127.31.6.253:8080
at_first=127.31.6.253:8080
at_second=127.31.6.253:26931
at_third=127.31.6.253:26932
at_wildcard=127.0.0.1:26931
places='first/'
origin_addresses='127.115.135.180:40809 127.115.135.180:45197 127.115.135.180:41101 127.115.135.180:39839'
apart=o4 origin_apart=127.115.135.180:43923
config_name="Caddyfile"
own_member="" bad_member=""
delivery=empty_first
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
	admin 127.31.6.253:9901 {
		origins 127.31.6.253:9901
	}
}

http://:8080 {
	bind 127.31.6.253
	header x-generation "g@GENERATION@"
	reverse_proxy 127.115.135.180:@PORT@ {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}
FILE
}
inquire() {
    case $1 in
    status) curl -s -S -f -m 5 "http://127.31.6.253:9901/config/" ;;
    metrics) curl -s -S -f -m 5 "http://127.31.6.253:9901/metrics" ;;
    *) return 1 ;;
    esac
}
admin_at="127.31.6.253:9901" admin_path="/config/" admin_header=""
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
