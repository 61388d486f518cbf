#!/bin/sh
# caddy:watch 2.11.7
# rename_away_and_back_is_survived, takes_effect/rename_over (MUST): fail
# required: the change after it came back is served within the apply bound
# expected: an answer of g3 within 2000 ms of its delivery
# observed: change 2 of 2 (g3) was never served; at last g2 answered, with status 200
# 
# Usage: sh repro-takes_effect-rename_over.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "caddy")}
listen=127.57.162.160:8080
at_first=127.57.162.160:8080
at_second=127.57.162.160:14940
at_third=127.57.162.160:14941
at_wildcard=127.0.0.1:14940
places='first/'
origin_addresses='127.15.191.64:35115 127.15.191.64:40933 127.15.191.64:38021 127.15.191.64:41927'
apart=o4 origin_apart=127.15.191.64:45083
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
	admin 127.57.162.160:9901 {
		origins 127.57.162.160:9901
	}
}

http://:8080 {
	bind 127.57.162.160
	header x-generation "g@GENERATION@"
	reverse_proxy 127.15.191.64:@PORT@ {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}
FILE
}
inquire() {
    case $1 in
    status) curl -s -S -f -m 5 "http://127.57.162.160:9901/config/" ;;
    metrics) curl -s -S -f -m 5 "http://127.57.162.160:9901/metrics" ;;
    *) return 1 ;;
    esac
}
admin_at="127.57.162.160:9901" admin_path="/config/" admin_header=""
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
meddle moved_away
rest 1.2
meddle moved_back
rest 0.3
change 3
look end
say 'not shown'
exit 1
