#!/bin/sh
# traefik:file 3.7.15
# truncated_write_is_never_applied, half_written_changes_nothing/empty_first (MUST): fail
# required: while a file is only begun to be written, every answer is wholly of the one before
# expected: every answer before 5367 ms is wholly of an older generation
# observed: while the file was empty, 523 of 570 requests: status 404, stamp none, origin none, upstream stamp none, credential none
# 
# Usage: sh repro-half_written_changes_nothing-empty_first.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "traefik")}
listen=127.87.37.162:8080
at_first=127.87.37.162:8080
at_second=127.87.37.162:22412
at_third=127.87.37.162:22413
at_wildcard=127.0.0.1:22412
places='first/'
origin_addresses='127.199.38.73:44957 127.199.38.73:32853 127.199.38.73:43017 127.199.38.73:42469'
apart=o4 origin_apart=127.199.38.73:35759
config_name="dynamic.yml"
own_member="" bad_member=""
delivery=empty_first
ready_ms=10000 apply_ms=4000
settle_ms=0 signal=
stop_signal=15 stop_ms=15000
fixed_files() {
    log_files=
    mkdir -p "$(dirname "$work/traefik.yml")"
    sed "s|@DIR@|$work|g" >"$work/traefik.yml" <<'FILE'
entryPoints:
  traffic:
    address: "127.87.37.162:8080"
  traefik:
    address: "127.87.37.162:9901"

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
          - url: "http://127.199.38.73:@PORT@"

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
    status) curl -s -S -f -m 5 "http://127.87.37.162:9901/api/rawdata" ;;
    metrics) curl -s -S -f -m 5 "http://127.87.37.162:9901/metrics" ;;
    *) return 1 ;;
    esac
}
admin_at="127.87.37.162:9901" admin_path="/api/version" admin_header=""
record=''
subject='empty_first'
# ---------------------------------------------------------------------------------------------------------------------------
. "${0%/*}/../common.sh"

# --- what is looked for ---
look() {
    [ $1 != change ] || [ -z "${strayed:-}" ] || shown "while g$good was only begun to be written, the answer became: $strayed"
}

# --- what is done ---
start 1
rest 4.0
change 2
look end
say 'not shown'
exit 1
