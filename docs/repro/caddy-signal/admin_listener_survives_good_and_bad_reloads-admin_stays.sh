#!/bin/sh
# caddy:signal 2.11.7
# admin_listener_survives_good_and_bad_reloads, admin_stays (MUST): fail
# required: every request to the admin listener is answered
# expected: every request to the admin listener is answered, with a status 2xx
# observed: 2 of 200 were not; the first: nothing: connection error: Connection reset by peer (os error 104)
# 
# Usage: sh repro-admin_stays.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "caddy")}
listen=127.89.208.54:8080
at_first=127.89.208.54:8080
at_second=127.89.208.54:27067
at_third=127.89.208.54:27068
at_wildcard=127.0.0.1:27067
places='first/'
origin_addresses='127.219.141.188:39723 127.219.141.188:38737 127.219.141.188:39051 127.219.141.188:35479'
apart=o4 origin_apart=127.219.141.188:37861
config_name="Caddyfile"
own_member="" bad_member=""
delivery=rename_over
ready_ms=10000 apply_ms=2000
settle_ms=0 signal=10
stop_signal=15 stop_ms=10000
fixed_files() {
    log_files=
}
command_line() {
    cd "$work" || exit 2
    setsid $as env -i PATH="$PATH" HOME="$work" TMPDIR="$work" LANG=C  \
        "$proxy" "run" "--config" "$work/conf/Caddyfile" "--adapter" "caddyfile" >"$work/stdout" 2>"$work/stderr" &
}
hears() { :; }
pull() { kill -USR1 "$pid"; }
config_good() {
    cat <<'FILE'
# Generation @GENERATION@.
{
	admin 127.89.208.54:9901 {
		origins 127.89.208.54:9901
	}
}

http://:8080 {
	bind 127.89.208.54
	header x-generation "g@GENERATION@"
	reverse_proxy 127.219.141.188:@PORT@ {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}
FILE
}
config_good_second() {
    cat <<'FILE'
# Generation @GENERATION@.
{
	admin 127.89.208.54:9901 {
		origins 127.89.208.54:9901
	}
}

http://:27067 {
	bind 127.89.208.54
	header x-generation "g@GENERATION@"
	reverse_proxy 127.219.141.188:@PORT@ {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}

http://:8080 {
	bind 127.89.208.54
	header x-generation "g@GENERATION@"
	reverse_proxy 127.219.141.188:@PORT@ {
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
	admin 127.89.208.54:9901 {
		origins 127.89.208.54:9901
	}
}

http://:8080 {
	bind 127.89.208.54
	header x-generation "g@GENERATION@"
	reverse_proxy 127.219.141.188:@PORT@ {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}

http://:9902 {
FILE
}
inquire() {
    case $1 in
    status) curl -s -S -f -m 5 "http://127.89.208.54:9901/config/" ;;
    metrics) curl -s -S -f -m 5 "http://127.89.208.54:9901/metrics" ;;
    *) return 1 ;;
    esac
}
admin_at="127.89.208.54:9901" admin_path="/config/" admin_header=""
record=''
subject=''
# ---------------------------------------------------------------------------------------------------------------------------
. "${0%/*}/../common.sh"

# --- what is looked for ---
look() {
    [ $1 != load ] || [ "$(loaded wrong)" = 0 ] || shown "$(loaded wrong) of $(loaded requests) requests: at the admin listener, this became of what was asked: $(sed -n 's/^wrong [0-9]* //p' "$work/load")"
}

# --- what is done ---
start 1
control wrong '4 0 GET admin'
load_on 4 0 GET admin
change 2
change 3
change 4
change 5
change 6
change 7
change 8
change 9
change 10
change 11
lay_out second
occupy "$at_second"
doomed 12
vacate
lay_out
change 13
flawed 14 syntax
load_off
look end
say 'not shown'
exit 1
