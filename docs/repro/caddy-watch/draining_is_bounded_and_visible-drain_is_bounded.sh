#!/bin/sh
# caddy:watch 2.11.7
# draining_is_bounded_and_visible, drain_is_bounded (MUST): fail
# required: what is still in flight on a listener that a change takes away has ended 1 s after the time that the configuration names for that
# expected: their end within 2000 ms of it
# observed: 2 of 2 were still open 3301 ms after the change was seen; the last: g3 answered, with status 200
# 
# Usage: sh repro-drain_is_bounded.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "caddy")}
listen=127.21.227.184:8080
at_first=127.21.227.184:8080
at_second=127.21.227.184:19378
at_third=127.21.227.184:19379
at_wildcard=127.0.0.1:19378
places='first/ second/'
origin_addresses='127.117.83.88:36871 127.117.83.88:46359 127.117.83.88:44119 127.117.83.88:42455'
apart=o4 origin_apart=127.117.83.88:42867
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
config_good_second_draining() {
    cat <<'FILE'
# Generation @GENERATION@.
{
	admin 127.21.227.184:9901 {
		origins 127.21.227.184:9901
	}
	grace_period 1s
}

http://:19378 {
	bind 127.21.227.184
	header x-generation "g@GENERATION@"
	reverse_proxy 127.117.83.88:@PORT@ {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}

http://:8080 {
	bind 127.21.227.184
	header x-generation "g@GENERATION@"
	reverse_proxy 127.117.83.88:@PORT@ {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}
FILE
}
config_good_draining() {
    cat <<'FILE'
# Generation @GENERATION@.
{
	admin 127.21.227.184:9901 {
		origins 127.21.227.184:9901
	}
	grace_period 1s
}

http://:8080 {
	bind 127.21.227.184
	header x-generation "g@GENERATION@"
	reverse_proxy 127.117.83.88:@PORT@ {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}
FILE
}
inquire() {
    case $1 in
    status) curl -s -S -f -m 5 "http://127.21.227.184:9901/config/" ;;
    metrics) curl -s -S -f -m 5 "http://127.21.227.184:9901/metrics" ;;
    *) return 1 ;;
    esac
}
admin_at="127.21.227.184:9901" admin_path="/config/" admin_header=""
record=''
subject=''
# ---------------------------------------------------------------------------------------------------------------------------
. "${0%/*}/../common.sh"

# --- what is looked for ---
look() {
    [ $1 != drained ] || [ "$left" = 0 ] || shown "the listener is gone, its time to drain and a second more are over, and of what was in flight on it, $left are still open"
}

# --- what is done ---
lay_out second_draining
start 1
hold request 2 second
lay_out draining
change 2
rest 0.4
release
lay_out second_draining
change 3
hold request 2 second
lay_out draining
change 4
drained 2000
rest 0.3
release
look end
say 'not shown'
exit 1
