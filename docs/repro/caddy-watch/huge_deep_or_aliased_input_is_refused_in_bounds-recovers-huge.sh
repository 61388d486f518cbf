#!/bin/sh
# caddy:watch 2.11.7
# huge_deep_or_aliased_input_is_refused_in_bounds, recovers/huge (MUST): fail
# required: the good file after the bad one is served within the apply bound
# expected: an answer of g4 within 2000 ms of its delivery
# observed: the good file after the bad one (g4) was never served; at last g2 answered, with status 200
# 
# Usage: sh repro-recovers-huge.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "caddy")}
listen=127.186.200.57:8080
at_first=127.186.200.57:8080
at_second=127.186.200.57:17691
at_third=127.186.200.57:17692
at_wildcard=127.0.0.1:17691
places='first/'
origin_addresses='127.36.96.232:38021 127.36.96.232:34111 127.36.96.232:46141 127.36.96.232:42383'
apart=o4 origin_apart=127.36.96.232:34133
config_name="Caddyfile"
own_member="" bad_member=""
delivery=rename_over
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
	admin 127.186.200.57:9901 {
		origins 127.186.200.57:9901
	}
}

http://:8080 {
	bind 127.186.200.57
	header x-generation "g@GENERATION@"
	reverse_proxy 127.36.96.232:@PORT@ {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}
FILE
}
inquire() {
    case $1 in
    status) curl -s -S -f -m 5 "http://127.186.200.57:9901/config/" ;;
    metrics) curl -s -S -f -m 5 "http://127.186.200.57:9901/metrics" ;;
    *) return 1 ;;
    esac
}
admin_at="127.186.200.57:9901" admin_path="/config/" admin_header=""
record=''
subject='huge'
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
rest 2.7
flawed 3 huge
rest 0.4
change 4
look end
say 'not shown'
exit 1
