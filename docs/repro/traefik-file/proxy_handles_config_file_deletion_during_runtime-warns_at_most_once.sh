#!/bin/sh
# traefik:file 3.7.15
# proxy_handles_config_file_deletion_during_runtime, warns_at_most_once (MUST): fail
# required: a missing file is warned of at most once an episode
# expected: at most one record for as long as the file is gone
# observed: 2 records; the second: 2026-11-22T08:18:58Z ERR Error occurred during watcher callback error="/tmp/reloadspec-Xlkka6/conf/dynamic.yml: error reading configuration file: /tmp/reloadspec-Xlkka6/conf/dynamic.yml - open /tmp/reloadspec-Xlkka6/conf/dynamic.yml: no such file or directory" providerName=file
# 
# Usage: sh repro-warns_at_most_once.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "traefik")}
listen=127.111.66.111:8080
at_first=127.111.66.111:8080
at_second=127.111.66.111:18256
at_third=127.111.66.111:18257
at_wildcard=127.0.0.1:18256
places='first/'
origin_addresses='127.102.101.141:42561 127.102.101.141:45107 127.102.101.141:38489 127.102.101.141:44987'
apart=o4 origin_apart=127.102.101.141:37185
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
    address: "127.111.66.111:8080"
  traefik:
    address: "127.111.66.111:9901"

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
          - url: "http://127.102.101.141:@PORT@"

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
    status) curl -s -S -f -m 5 "http://127.111.66.111:9901/api/rawdata" ;;
    metrics) curl -s -S -f -m 5 "http://127.111.66.111:9901/metrics" ;;
    *) return 1 ;;
    esac
}
admin_at="127.111.66.111:9901" admin_path="/api/version" admin_header=""
record='no such file or directory|permission denied'
subject=''
# ---------------------------------------------------------------------------------------------------------------------------
. "${0%/*}/../common.sh"

# --- what is looked for ---
look() {
    [ $1 != rest ] || [ "$(new_records)" -le 1 ] || shown "$(new_records) warnings of one file that is missing; the first: $(records | head -n 1)"
}

# --- what is done ---
start 1
remove
rest 4.2
change 2
look end
say 'not shown'
exit 1
