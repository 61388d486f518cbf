#!/bin/sh
# caddy:watch 2.11.7
# glob_member_added_or_removed_is_seen, others_are_untouched (MUST): fail
# required: while a member comes or goes, all that it is not about is served as before
# expected: every answer to other paths is of the member that they belong to
# observed: 3 of 3349 requests: the connection ended (head)
# 
# Usage: sh repro-others_are_untouched.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "caddy")}
listen=127.246.89.83:8080
at_first=127.246.89.83:8080
at_second=127.246.89.83:21131
at_third=127.246.89.83:21132
at_wildcard=127.0.0.1:21131
places='first/ first/r1/'
origin_addresses='127.67.139.232:35389 127.67.139.232:39877 127.67.139.232:43895 127.67.139.232:34343'
apart=o4 origin_apart=127.67.139.232:45173
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
	admin 127.246.89.83:9901 {
		origins 127.246.89.83:9901
	}
}

http://:8080 {
	bind 127.246.89.83
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
	reverse_proxy 127.67.139.232:@PORT@ {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}
FILE
}
config_second_member_in_parts() {
    cat <<'FILE'
# Generation @GENERATION@. A matcher may be defined once, so that two members that are about the same paths are refused.
@r1 path /r1/*
handle @r1 {
	header x-generation "g@GENERATION@"
	reverse_proxy 127.67.139.232:45173 {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}
FILE
}
inquire() {
    case $1 in
    status) curl -s -S -f -m 5 "http://127.246.89.83:9901/config/" ;;
    metrics) curl -s -S -f -m 5 "http://127.246.89.83:9901/metrics" ;;
    *) return 1 ;;
    esac
}
admin_at="127.246.89.83:9901" admin_path="/config/" admin_header=""
record=''
subject=''
# ---------------------------------------------------------------------------------------------------------------------------
. "${0%/*}/../common.sh"

# --- what is looked for ---
look() {
    [ $1 != load ] || [ "$(loaded wrong)" = 0 ] || shown "$(loaded wrong) of $(loaded requests) requests: files came and went that are about /r1/ alone, and of what was asked of / this became: $(sed -n 's/^wrong [0-9]* //p' "$work/load")"
}

# --- what is done ---
lay_out in_parts
start 1
control wrong '4 4'
g=1 begun_all=$(now)
while [ $(($(now) - begun_all)) -lt 60000 ]; do
    load_on 4 4
    for _ in 1 2 3 4 5; do member comes >/dev/null; member goes >/dev/null; done
    say "five times a file came and went"
    load_off
done
look end
say 'not shown'
exit 1
