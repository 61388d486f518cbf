#!/bin/sh
# caddy:watch 2.11.7
# reload_logs_successful_configuration_change_at_info_level, one_success_record (MUST): fail
# required: an isolated change leaves exactly one record of its success, shown by default
# expected: exactly one record
# observed: none: the target writes no success record by default
# 
# Usage: sh repro-one_success_record.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "caddy")}
listen=127.104.74.177:8080
at_first=127.104.74.177:8080
at_second=127.104.74.177:22642
at_third=127.104.74.177:22643
at_wildcard=127.0.0.1:22642
places='first/'
origin_addresses='127.104.197.19:45387 127.104.197.19:43511 127.104.197.19:45099 127.104.197.19:41889'
apart=o4 origin_apart=127.104.197.19:42365
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
	admin 127.104.74.177:9901 {
		origins 127.104.74.177:9901
	}
}

http://:8080 {
	bind 127.104.74.177
	header x-generation "g@GENERATION@"
	reverse_proxy 127.104.197.19:@PORT@ {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}
FILE
}
inquire() {
    case $1 in
    status) curl -s -S -f -m 5 "http://127.104.74.177:9901/config/" ;;
    metrics) curl -s -S -f -m 5 "http://127.104.74.177:9901/metrics" ;;
    *) return 1 ;;
    esac
}
admin_at="127.104.74.177:9901" admin_path="/config/" admin_header=""
record=''
subject=''
# ---------------------------------------------------------------------------------------------------------------------------
. "${0%/*}/../common.sh"

# --- what is looked for ---
look() {
    [ $1 = change ] && [ -n "$took" ] || return 0
    sleep 1
    say "all that was logged since:"; logged | tail -n "$(new_records)" | cut -c 1-160 | sed 's/^/    /'
    shown "g$good took effect, and none of these lines says that it did"
}

# --- what is done ---
start 1
change 2
rest 0.7
change 3
rest 0.7
burst 4 13
rest 0.3
look end
say 'not shown'
exit 1
