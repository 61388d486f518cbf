#!/bin/sh
# caddy:watch 2.11.7
# no_connect_refused_during_reload, no_connect_lost (MUST): fail
# required: no connect is refused, left hanging, or reset before a byte was answered, over many changes
# expected: every connect is taken
# observed: 2 of 12933 connects over 11 changes: the connection was reset (connect)
# 
# Usage: sh repro-no_connect_lost.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "caddy")}
listen=127.66.194.162:8080
origin_addresses='127.15.89.34:37241 127.15.89.34:45903 127.15.89.34:39311 127.15.89.34:37495'
config_name="Caddyfile"
delivery=rename_over
ready_ms=10000 apply_ms=2000
settle_ms=0 signal=
fixed_files() {
    log_files=
}
command_line() {
    cd "$work" || exit 2
    setsid $as env -i PATH="$PATH" HOME="$work" TMPDIR="$work" LANG=C  \
        "$proxy" "run" "--config" "$work/conf/Caddyfile" "--adapter" "caddyfile" "--watch" >"$work/stdout" 2>"$work/stderr" &
}
pull() { :; }
config_good() {
    cat <<'FILE'
# Generation @GENERATION@.
{
	admin 127.66.194.162:9901 {
		origins 127.66.194.162:9901
	}
}

http://:8080 {
	bind 127.66.194.162
	header x-generation "g@GENERATION@"
	reverse_proxy 127.15.89.34:@PORT@ {
		header_up x-upstream-generation "g@GENERATION@"
		header_up authorization "Bearer key-g@GENERATION@"
	}
}
FILE
}
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
control failed
g=1 begun_all=$(now)
while [ $(($(now) - begun_all)) -lt 60000 ]; do
    load_on 4 4
    for _ in $(seq 20); do g=$((g + 1)); change $g >/dev/null; done
    say "20 changes, to g$g"
    load_off
done
look end
say 'not shown'
exit 1
