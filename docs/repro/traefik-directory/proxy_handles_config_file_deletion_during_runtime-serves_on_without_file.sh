#!/bin/sh
# traefik:directory 3.7.15
# proxy_handles_config_file_deletion_during_runtime, serves_on_without_file (MUST): fail
# required: while the file is gone, fresh and kept connections are served as before
# expected: served as before, on fresh and on kept connections
# observed: 3688 of 4505 requests: status 404 without a stamp was answered
# 
# Usage: sh repro-serves_on_without_file.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "traefik")}
listen=127.5.89.108:8080
at_first=127.5.89.108:8080
at_second=127.5.89.108:30435
at_third=127.5.89.108:30436
at_wildcard=127.0.0.1:30435
places='first/'
origin_addresses='127.196.247.219:45047 127.196.247.219:33261 127.196.247.219:34293 127.196.247.219:32875'
apart=o4 origin_apart=127.196.247.219:46223
config_name="dynamic.yml"
own_member="" bad_member=""
delivery=recreate
ready_ms=10000 apply_ms=4000
settle_ms=0 signal=
stop_signal=15 stop_ms=15000
fixed_files() {
    log_files=
    mkdir -p "$(dirname "$work/traefik.yml")"
    sed "s|@DIR@|$work|g" >"$work/traefik.yml" <<'FILE'
entryPoints:
  traffic:
    address: "127.5.89.108:8080"
  traefik:
    address: "127.5.89.108:9901"

api:
  insecure: true

metrics:
  prometheus: {}

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
          - url: "http://127.196.247.219:@PORT@"

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
    status) curl -s -S -f -m 5 "http://127.5.89.108:9901/api/rawdata" ;;
    metrics) curl -s -S -f -m 5 "http://127.5.89.108:9901/metrics" ;;
    *) return 1 ;;
    esac
}
admin_at="127.5.89.108:9901" admin_path="/api/version" admin_header=""
record=''
subject=''
# ---------------------------------------------------------------------------------------------------------------------------
. "${0%/*}/../common.sh"

# --- what is looked for ---
look() {
    [ $1 != rest ] || [ "$answer" = "$good" ] || shown "without the file, the answer is ${answer:-none} instead of g$good"
}

# --- what is done ---
start 1
remove
rest 8.2
change 2
look end
say 'not shown'
exit 1
