#!/bin/sh
# caddy:watch 2.11.7
# revert_to_active_content_after_failure_clears_the_error, rejection_is_observed/syntax (MUST): fail
# required: each of two bad files, with the good content between them, is told of
# expected: a log line or an answer of the trigger that says so
# observed: neither came within the apply bound, though the same file is refused at a fresh start
# 
# Usage: sh repro-rejection_is_observed-syntax.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "caddy")}
listen=127.69.189.250:8080
at_first=127.69.189.250:8080
at_second=127.69.189.250:26360
at_third=127.69.189.250:26361
at_wildcard=127.0.0.1:26360
places='first/'
origin_addresses='127.1.66.142:44565 127.1.66.142:36325 127.1.66.142:43793 127.1.66.142:46057'
apart=o4 origin_apart=127.1.66.142:43809
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
	admin 127.69.189.250:9901 {
		origins 127.69.189.250:9901
	}
}

http://:8080 {
	bind 127.69.189.250
	header x-generation "g@GENERATION@"
	reverse_proxy 127.1.66.142:@PORT@ {
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
	admin 127.69.189.250:9901 {
		origins 127.69.189.250:9901
	}
}

http://:8080 {
	bind 127.69.189.250
	header x-generation "g@GENERATION@"
	reverse_proxy 127.1.66.142:@PORT@ {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}

http://:9902 {
FILE
}
inquire() {
    case $1 in
    status) curl -s -S -f -m 5 "http://127.69.189.250:9901/config/" ;;
    metrics) curl -s -S -f -m 5 "http://127.69.189.250:9901/metrics" ;;
    *) return 1 ;;
    esac
}
admin_at="127.69.189.250:9901" admin_path="/config/" admin_header=""
record='"msg":"(unable to load latest config|applying latest config|loading initial config[^"]*)"|"msg":"request error","error":"(loading|adapting) '
subject='syntax'
# ---------------------------------------------------------------------------------------------------------------------------
. "${0%/*}/../common.sh"

# --- what is looked for ---
look() {
    [ $1 = flawed ] || return 0
    sleep 1
    [ "$(new_records)" != 0 ] || shown "a bad file was delivered, and nothing was logged of it"
}

# --- what is done ---
start 1
change 2
flawed 3 syntax
meddle rewritten
rest 1.2
flawed 4 syntax
change 5
look end
say 'not shown'
exit 1
