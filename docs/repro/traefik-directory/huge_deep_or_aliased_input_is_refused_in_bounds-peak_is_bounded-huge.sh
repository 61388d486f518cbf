#!/bin/sh
# traefik:directory 3.7.15
# huge_deep_or_aliased_input_is_refused_in_bounds, peak_is_bounded/huge (MUST): fail
# required: what bad files make the target's processes hold at a time is at most 512 MiB more than before
# expected: at most 512 MiB more
# observed: 754 MiB more at the peak
# 
# Usage: sh repro-peak_is_bounded-huge.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "traefik")}
listen=127.67.217.141:8080
origin_addresses='127.180.231.214:45191 127.180.231.214:44951 127.180.231.214:46269 127.180.231.214:33683'
config_name="dynamic.yml"
delivery=rename_over
ready_ms=10000 apply_ms=4000
settle_ms=0 signal=
fixed_files() {
    log_files=
    mkdir -p "$(dirname "$work/traefik.yml")"
    sed "s|@DIR@|$work|g" >"$work/traefik.yml" <<'FILE'
entryPoints:
  traffic:
    address: "127.67.217.141:8080"

providers:
  file:
    directory: "@DIR@/conf"
FILE
}
command_line() {
    cd "$work" || exit 2
    setsid $as env -i PATH="$PATH" HOME="$work" TMPDIR="$work" LANG=C  \
        "$proxy" "--configFile=$work/traefik.yml" >"$work/stdout" 2>"$work/stderr" &
}
pull() { :; }
config_good() {
    cat <<'FILE'
# Generation @GENERATION@. Routers stand last, so that a file that breaks off routes nothing.
http:
  middlewares:
    stamps:
      headers:
        customResponseHeaders:
          x-generation: "g@GENERATION@"
        customRequestHeaders:
          x-upstream-generation: "g@GENERATION@"
          authorization: "Bearer key-g@GENERATION@"

  services:
    origin:
      loadBalancer:
        servers:
          - url: "http://127.180.231.214:@PORT@"

  routers:
    all:
      entryPoints: [traffic]
      rule: "PathPrefix(`/`)"
      middlewares: [stamps]
      service: origin
FILE
}
record=''
subject='huge'
# ---------------------------------------------------------------------------------------------------------------------------
. "${0%/*}/../common.sh"

# --- what is looked for ---
look() {
    [ $1 != change ] || least=$(peak)
    [ $1 != flawed ] || [ "$kind" != "$subject" ] || more=$(($(peak) - least))
    [ "${more:-0}" -le 524288 ] || shown "for a bad file ($kind) the processes held $more KiB more than before, at the peak"
}

# --- what is done ---
start 1
change 2
rest 5.0
flawed 3 huge
rest 0.4
change 4
look end
say 'not shown'
exit 1
