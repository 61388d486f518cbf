#!/bin/sh
# traefik:directory 3.7.15
# proxy_handles_config_file_deletion_during_runtime, serves_on_without_file (MUST): fail
# required: while the file is gone, fresh and kept connections are served as before
# expected: served as before, on fresh and on kept connections
# observed: 3479 of 4280 requests: status 404 without a stamp was answered
# 
# Usage: sh repro-serves_on_without_file.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "traefik")}
listen=127.64.114.226:8080
origin_addresses='127.108.187.237:40305 127.108.187.237:46855 127.108.187.237:34435 127.108.187.237:44529'
config_name="dynamic.yml"
delivery=recreate
ready_ms=10000 apply_ms=4000
settle_ms=0 signal=
fixed_files() {
    log_files=
    mkdir -p "$(dirname "$work/traefik.yml")"
    sed "s|@DIR@|$work|g" >"$work/traefik.yml" <<'FILE'
entryPoints:
  traffic:
    address: "127.64.114.226:8080"

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
          - url: "http://127.108.187.237:@PORT@"

  routers:
    all:
      entryPoints: [traffic]
      rule: "PathPrefix(`/`)"
      middlewares: [stamps]
      service: origin
FILE
}
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
