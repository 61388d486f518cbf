#!/bin/sh
# caddy:watch 2.11.7
# cross_file_duplicates_are_rejected, takes_effect/rename_over (MUST): fail
# required: the good files before and after are served within the apply bound
# expected: an answer of g4 within 2000 ms of its delivery
# observed: change 2 of 2 (g4) was never served; at last g2 answered, with status 200
# 
# Usage: sh repro-takes_effect-rename_over.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "caddy")}
listen=127.110.82.3:8080
at_first=127.110.82.3:8080
at_second=127.110.82.3:22213
at_third=127.110.82.3:22214
at_wildcard=127.0.0.1:22213
places='first/'
origin_addresses='127.125.1.123:44909 127.125.1.123:43869 127.125.1.123:44497 127.125.1.123:33385'
apart=o4 origin_apart=127.125.1.123:46463
config_name="sites/first.caddy"
own_member="sites/second.caddy" bad_member="sites/third.caddy"
delivery=rename_over
ready_ms=10000 apply_ms=2000
settle_ms=0 signal=
stop_signal=15 stop_ms=10000
fixed_files() {
    log_files=
    mkdir -p "$(dirname "$work/conf/Caddyfile")"
    sed "s|@DIR@|$work|g" >"$work/conf/Caddyfile" <<'FILE'
# Never written again: what changes is in the members.
{
	admin 127.110.82.3:9901 {
		origins 127.110.82.3:9901
	}
}

http://:8080 {
	bind 127.110.82.3
	import @DIR@/conf/sites/*.caddy
}
FILE
}
command_line() {
    cd "$work" || exit 2
    setsid $as env -i PATH="$PATH" HOME="$work" TMPDIR="$work" LANG=C  \
        "$proxy" "run" "--config" "$work/conf/Caddyfile" "--adapter" "caddyfile" "--watch" >"$work/stdout" 2>"$work/stderr" &
}
hears() { :; }
pull() { :; }
config_good_in_parts() {
    cat <<'FILE'
# Generation @GENERATION@. A matcher may be defined once, so that two members that are about the same paths are refused.
@all path /*
handle @all {
	header x-generation "g@GENERATION@"
	reverse_proxy 127.125.1.123:@PORT@ {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}
FILE
}
config_twice_across_files_in_parts() {
    cat <<'FILE'
# Generation @GENERATION@. A matcher may be defined once, so that two members that are about the same paths are refused.
@all path /*
handle @all {
	header x-generation "g@GENERATION@"
	reverse_proxy 127.125.1.123:@PORT@ {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}
FILE
}
inquire() {
    case $1 in
    status) curl -s -S -f -m 5 "http://127.110.82.3:9901/config/" ;;
    metrics) curl -s -S -f -m 5 "http://127.110.82.3:9901/metrics" ;;
    *) return 1 ;;
    esac
}
admin_at="127.110.82.3:9901" admin_path="/config/" admin_header=""
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
lay_out in_parts
start 1
change 2
flawed 3 twice_across_files
change 4
look end
say 'not shown'
exit 1
