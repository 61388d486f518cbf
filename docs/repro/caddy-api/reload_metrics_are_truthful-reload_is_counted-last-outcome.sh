#!/bin/sh
# caddy:api 2.11.7
# reload_metrics_are_truthful, reload_is_counted/last outcome (MUST): fail
# required: what the metrics have of reloads moves as it should within the apply bound of each, be it applied or refused
# expected: caddy_config_last_reload_successful 0
# observed: 1, 2030 ms after the file was refused
# 
# Usage: sh repro-reload_is_counted-last-outcome.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "caddy")}
listen=127.143.85.133:8080
at_first=127.143.85.133:8080
at_second=127.143.85.133:28490
at_third=127.143.85.133:28491
at_wildcard=127.0.0.1:28490
places='first/'
origin_addresses='127.73.117.148:46761 127.73.117.148:38601 127.73.117.148:39175 127.73.117.148:35673'
apart=o4 origin_apart=127.73.117.148:44455
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
pull() { told=yes; curl -s -S -f -m 30 -X "POST" "http://127.143.85.133:9901/load" -H "content-type: text/caddyfile" --data-binary "@$work/conf/Caddyfile" >"$work/told" 2>&1 || { told=no; say "    refused: $(tail -n 1 "$work/told")"; }; }
config_good() {
    cat <<'FILE'
# Generation @GENERATION@.
{
	admin 127.143.85.133:9901 {
		origins 127.143.85.133:9901
	}
}

http://:8080 {
	bind 127.143.85.133
	header x-generation "g@GENERATION@"
	reverse_proxy 127.73.117.148:@PORT@ {
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
	admin 127.143.85.133:9901 {
		origins 127.143.85.133:9901
	}
}

http://:8080 {
	bind 127.143.85.133
	header x-generation "g@GENERATION@"
	reverse_proxy 127.73.117.148:@PORT@ {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}

http://:9902 {
FILE
}
inquire() {
    case $1 in
    status) curl -s -S -f -m 5 "http://127.143.85.133:9901/config/" ;;
    metrics) curl -s -S -f -m 5 "http://127.143.85.133:9901/metrics" ;;
    *) return 1 ;;
    esac
}
admin_at="127.143.85.133:9901" admin_path="/config/" admin_header=""
record=''
subject='last outcome'
# ---------------------------------------------------------------------------------------------------------------------------
. "${0%/*}/../common.sh"

# --- what is looked for ---
look() {
    series='caddy_config_last_reload_successful'
    case $1 in
    start) counted=$(metric "$series"); return 0 ;;
    change) [ -n "$took" ] || return 0; duty=1; sleep "$(((apply_ms + 999) / 1000))" ;;
    flawed) duty=0 ;;
    *) return 0 ;;
    esac
    is=$(metric "$series")
    case $duty in
    any) ;;
    more) less "${counted:-0}" "${is:-0}" || shown "after $1 of g$(newest), $series is ${is:-not there}, as before" ;;
    same) same "${counted:-0}" "${is:-0}" || shown "after a bad file, $series is ${is:-not there}, and was ${counted:-not there}" ;;
    *) same "$duty" "${is:--1}" || shown "after $1 of g$(newest), $series is ${is:-not there}, and not $duty" ;;
    esac
    counted=$is
}

# --- what is done ---
start 1
change 2
change 3
flawed 4 syntax
rest 2.1
change 5
look end
say 'not shown'
exit 1
