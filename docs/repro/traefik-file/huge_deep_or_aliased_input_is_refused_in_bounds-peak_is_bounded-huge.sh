#!/bin/sh
# traefik:file 3.7.15
# huge_deep_or_aliased_input_is_refused_in_bounds, peak_is_bounded/huge (MUST): fail
# required: what bad files make the target's processes hold at a time is at most 512 MiB more than before
# expected: at most 512 MiB more
# observed: 512 MiB more at the peak
# 
# Usage: sh repro-peak_is_bounded-huge.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "traefik")}
listen=127.160.206.62:8080
at_first=127.160.206.62:8080
at_second=127.160.206.62:23831
at_third=127.160.206.62:23832
at_wildcard=127.0.0.1:23831
places='first/'
origin_addresses='127.153.20.192:36199 127.153.20.192:40377 127.153.20.192:43891 127.153.20.192:40623'
apart=o4 origin_apart=127.153.20.192:45243
config_name="dynamic.yml"
own_member="" bad_member=""
delivery=rename_over
ready_ms=10000 apply_ms=4000
settle_ms=0 signal=
stop_signal=15 stop_ms=15000
fixed_files() {
    log_files=
    mkdir -p "$(dirname "$work/traefik.yml")"
    sed "s|@DIR@|$work|g" >"$work/traefik.yml" <<'FILE'
entryPoints:
  traffic:
    address: "127.160.206.62:8080"
  traefik:
    address: "127.160.206.62:9901"

api:
  insecure: true

metrics:
  prometheus: {}

providers:
  file:
    filename: "@DIR@/conf/dynamic.yml"
FILE
}
command_line() {
    cd "$work" || exit 2
    setsid $as env -i PATH="$PATH" HOME="$work" TMPDIR="$work" LANG=C  \
        "$proxy" "--configFile=$work/traefik.yml" >"$work/stdout" 2>"$work/stderr" &
}
hears() { :; }
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
          - url: "http://127.153.20.192:@PORT@"

  routers:
    all:
      entryPoints: [traffic]
      rule: "PathPrefix(`/`)"
      middlewares: [stamps]
      service: origin
FILE
}
inquire() {
    case $1 in
    status) curl -s -S -f -m 5 "http://127.160.206.62:9901/api/rawdata" ;;
    metrics) curl -s -S -f -m 5 "http://127.160.206.62:9901/metrics" ;;
    *) return 1 ;;
    esac
}
admin_at="127.160.206.62:9901" admin_path="/api/version" admin_header=""
record=''
subject='huge'
# ---------------------------------------------------------------------------------------------------------------------------
. "${0%/*}/../common.sh"

# --- what is looked for ---
look() {
    [ $1 != change ] || least=$(peak)
    [ $1 = flawed ] && [ "$kind" = "$subject" ] || return 0
    # How much it comes to differs from one time to the next.
    for again in 1 2 3 4; do
        more=$(($(peak) - least))
        [ $more -le 524288 ] || shown "for a bad file ($kind) the processes held $more KiB more than before, at the peak"
        sleep 2; deliver "$bad" "$kind"; pull; sleep 2
    done
}

# --- what is done ---
start 1
change 2
rest 6.3
flawed 3 huge
rest 0.4
change 4
look end
say 'not shown'
exit 1
