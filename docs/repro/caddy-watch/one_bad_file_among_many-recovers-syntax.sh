#!/bin/sh
# caddy:watch 2.11.7
# one_bad_file_among_many, recovers/syntax (MUST): fail
# required: once the bad file is gone, the good change is applied
# expected: an answer of g5 within 2000 ms of its delivery
# observed: the good file after the bad one (g5) was never served; at last g2 answered, with status 200
# 
# Usage: sh repro-recovers-syntax.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "caddy")}
listen=127.4.86.27:8080
at_first=127.4.86.27:8080
at_second=127.4.86.27:21609
at_third=127.4.86.27:21610
at_wildcard=127.0.0.1:21609
places='first/'
origin_addresses='127.164.148.90:44405 127.164.148.90:44831 127.164.148.90:44057 127.164.148.90:35105'
apart=o4 origin_apart=127.164.148.90:35507
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
	admin 127.4.86.27:9901 {
		origins 127.4.86.27:9901
	}
}

http://:8080 {
	bind 127.4.86.27
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
	reverse_proxy 127.164.148.90:@PORT@ {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}
FILE
}
config_syntax_in_parts() {
    cat <<'FILE'
# Generation @GENERATION@. A matcher may be defined once, so that two members that are about the same paths are refused.
@r2 path /r2/*
handle @r2 {
	header x-generation "g@GENERATION@"
	reverse_proxy 127.164.148.90:@PORT@ {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}
this is no directive
FILE
}
inquire() {
    case $1 in
    status) curl -s -S -f -m 5 "http://127.4.86.27:9901/config/" ;;
    metrics) curl -s -S -f -m 5 "http://127.4.86.27:9901/metrics" ;;
    *) return 1 ;;
    esac
}
admin_at="127.4.86.27:9901" admin_path="/config/" admin_header=""
record=''
subject='syntax'
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
flawed 3 syntax
doomed 4
change 5
look end
say 'not shown'
exit 1
