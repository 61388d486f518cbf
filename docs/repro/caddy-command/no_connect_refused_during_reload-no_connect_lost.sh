#!/bin/sh
# caddy:command 2.11.7
# no_connect_refused_during_reload, no_connect_lost (MUST): fail
# required: no connect is refused, left hanging, or reset before a byte was answered, over many changes
# expected: every connect is taken
# observed: 8 of 5355 connects over 45 changes: the connection was reset (head)
# 
# Usage: sh repro-no_connect_lost.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "caddy")}
listen=127.107.123.183:8080
at_first=127.107.123.183:8080
at_second=127.107.123.183:28527
at_third=127.107.123.183:28528
at_wildcard=127.0.0.1:28527
places='first/'
origin_addresses='127.162.78.28:38877 127.162.78.28:42747 127.162.78.28:33513 127.162.78.28:43657'
apart=o4 origin_apart=127.162.78.28:45643
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
        "$proxy" "run" "--config" "$work/conf/Caddyfile" "--adapter" "caddyfile" >"$work/stdout" 2>"$work/stderr" &
}
hears() { :; }
pull() { told=yes; $as env HOME="$work" "$proxy" "reload" "--config" "$work/conf/Caddyfile" "--adapter" "caddyfile" >"$work/told" 2>&1 || { told=no; say "    refused: $(tail -n 1 "$work/told")"; }; }
config_good() {
    cat <<'FILE'
# Generation @GENERATION@.
{
	admin 127.107.123.183:9901 {
		origins 127.107.123.183:9901
	}
}

http://:8080 {
	bind 127.107.123.183
	header x-generation "g@GENERATION@"
	reverse_proxy 127.162.78.28:@PORT@ {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}
FILE
}
inquire() {
    case $1 in
    status) curl -s -S -f -m 5 "http://127.107.123.183:9901/config/" ;;
    metrics) curl -s -S -f -m 5 "http://127.107.123.183:9901/metrics" ;;
    *) return 1 ;;
    esac
}
admin_at="127.107.123.183:9901" admin_path="/config/" admin_header=""
record=''
subject=''
# ---------------------------------------------------------------------------------------------------------------------------
. "${0%/*}/../common.sh"

# --- what is looked for ---
look() {
    [ $1 != load ] || [ "$(loaded failed)" = 0 ] || shown "$(loaded failed) of $(loaded requests) requests: $(sed -n 's/^failed [0-9]* //p' "$work/load")"
}

# --- what is done ---
start 1
control failed '4 4'
g=1 begun_all=$(now)
while [ $(($(now) - begun_all)) -lt 60000 ]; do
    load_on 4 4
    for _ in $(seq 20); do g=$((g + 1)); change $g >/dev/null; done
    say "more changes, to g$g"
    load_off
done
look end
say 'not shown'
exit 1
