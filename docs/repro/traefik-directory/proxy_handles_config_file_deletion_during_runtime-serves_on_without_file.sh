#!/bin/sh
# traefik:directory 3.7.15
# proxy_handles_config_file_deletion_during_runtime, serves_on_without_file (MUST): fail
# required: while the file is gone, fresh and kept connections are served as before
# expected: served as before, on fresh and on kept connections
# observed: 3351 of 4256 requests: status 404 without a stamp was answered
# 
# Usage: sh repro-serves_on_without_file.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "traefik")}
listen=127.244.237.217:8080
at_first=127.244.237.217:8080
at_second=127.244.237.217:31966
at_third=127.244.237.217:31967
at_wildcard=127.0.0.1:31966
places='first/'
origin_addresses='127.171.121.112:34517 127.171.121.112:33981 127.171.121.112:33441 127.171.121.112:44841'
apart=o4 origin_apart=127.171.121.112:34567
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
    address: "127.244.237.217:8080"
  traefik:
    address: "127.244.237.217:9901"

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
          - url: "http://127.171.121.112:@PORT@"

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
    status) curl -s -S -f -m 5 "http://127.244.237.217:9901/api/rawdata" ;;
    metrics) curl -s -S -f -m 5 "http://127.244.237.217:9901/metrics" ;;
    *) return 1 ;;
    esac
}
admin_at="127.244.237.217:9901" admin_path="/api/version" admin_header=""
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
