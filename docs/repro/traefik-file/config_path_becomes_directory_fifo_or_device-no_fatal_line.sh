#!/bin/sh
# traefik:file 3.7.15
# config_path_becomes_directory_fifo_or_device, no_fatal_line (MUST): fail
# required: no panic, sanitizer report or fatal line is logged
# expected: no fatal line in the log
# observed: panic: Timeout while stopping traefik, killing instance ✝
# 
# Usage: sh repro-no_fatal_line.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "traefik")}
listen=127.34.249.216:8080
at_first=127.34.249.216:8080
at_second=127.34.249.216:12174
at_third=127.34.249.216:12175
at_wildcard=127.0.0.1:12174
places='first/'
origin_addresses='127.22.65.66:42315 127.22.65.66:35697 127.22.65.66:36817 127.22.65.66:46075'
apart=o4 origin_apart=127.22.65.66:46005
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
    address: "127.34.249.216:8080"
  traefik:
    address: "127.34.249.216:9901"

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
          - url: "http://127.22.65.66:@PORT@"

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
    status) curl -s -S -f -m 5 "http://127.34.249.216:9901/api/rawdata" ;;
    metrics) curl -s -S -f -m 5 "http://127.34.249.216:9901/metrics" ;;
    *) return 1 ;;
    esac
}
admin_at="127.34.249.216:9901" admin_path="/api/version" admin_header=""
record='^panic: |^fatal error: |Error in Go routine|Recovered from panic in HTTP handler'
subject=''
# ---------------------------------------------------------------------------------------------------------------------------
. "${0%/*}/../common.sh"

# --- what is looked for ---
look() {
    [ $1 != end ] || stop
    [ -z "$(records)" ] || shown "this was logged: $(records | head -n 1 | cut -c 1-300)"
}

# --- what is done ---
start 1
meddle folder
rest 1.2
change 2
meddle pipe
rest 1.2
change 3
look end
say 'not shown'
exit 1
