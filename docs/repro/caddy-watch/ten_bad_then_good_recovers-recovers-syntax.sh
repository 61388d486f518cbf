#!/bin/sh
# caddy:watch 2.11.7
# ten_bad_then_good_recovers, recovers/syntax (MUST): fail
# required: the good file after ten bad ones is applied
# expected: an answer of g12 within 2000 ms of its delivery
# observed: the good file after the bad one (g12) was never served; at last g1 answered, with status 200
# 
# Usage: sh repro-recovers-syntax.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "caddy")}
listen=127.211.197.63:8080
at_first=127.211.197.63:8080
at_second=127.211.197.63:27772
at_third=127.211.197.63:27773
at_wildcard=127.0.0.1:27772
places='first/'
origin_addresses='127.132.18.104:35593 127.132.18.104:43997 127.132.18.104:34629 127.132.18.104:44719'
apart=o4 origin_apart=127.132.18.104:41001
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
	admin 127.211.197.63:9901 {
		origins 127.211.197.63:9901
	}
}

http://:8080 {
	bind 127.211.197.63
	header x-generation "g@GENERATION@"
	reverse_proxy 127.132.18.104:@PORT@ {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}
FILE
}
config_syntax() {
    cat <<'FILE'
# Generation @GENERATION@.
{
	admin 127.211.197.63:9901 {
		origins 127.211.197.63:9901
	}
}

http://:8080 {
	bind 127.211.197.63
	header x-generation "g@GENERATION@"
	reverse_proxy 127.132.18.104:@PORT@ {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}

http://:9902 {
FILE
}
inquire() {
    case $1 in
    status) curl -s -S -f -m 5 "http://127.211.197.63:9901/config/" ;;
    metrics) curl -s -S -f -m 5 "http://127.211.197.63:9901/metrics" ;;
    *) return 1 ;;
    esac
}
admin_at="127.211.197.63:9901" admin_path="/config/" admin_header=""
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
start 1
flawed 2 syntax
flawed 3 syntax
flawed 4 syntax
flawed 5 syntax
flawed 6 syntax
flawed 7 syntax
flawed 8 syntax
flawed 9 syntax
flawed 10 syntax
flawed 11 syntax
change 12
look end
say 'not shown'
exit 1
