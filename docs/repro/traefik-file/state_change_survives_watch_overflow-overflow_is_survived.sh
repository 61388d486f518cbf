#!/bin/sh
# traefik:file 3.7.15
# state_change_survives_watch_overflow, overflow_is_survived (MUST): fail
# required: a change whose event was lost in an overflow of the queue of events is served within the apply bound
# expected: an answer of g3 within 4000 ms of the moment in which the target went on
# observed: it was never served; at last g2 answered, with status 200
# 
# Usage: sh repro-overflow_is_survived.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "traefik")}
listen=127.252.154.131:8080
at_first=127.252.154.131:8080
at_second=127.252.154.131:14293
at_third=127.252.154.131:14294
at_wildcard=127.0.0.1:14293
places='first/'
origin_addresses='127.68.75.156:43117 127.68.75.156:33775 127.68.75.156:36309 127.68.75.156:39193'
apart=o4 origin_apart=127.68.75.156:45473
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
    address: "127.252.154.131:8080"
  traefik:
    address: "127.252.154.131:9901"

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
          - url: "http://127.68.75.156:@PORT@"

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
    status) curl -s -S -f -m 5 "http://127.252.154.131:9901/api/rawdata" ;;
    metrics) curl -s -S -f -m 5 "http://127.252.154.131:9901/metrics" ;;
    *) return 1 ;;
    esac
}
admin_at="127.252.154.131:9901" admin_path="/api/version" admin_header=""
record=''
subject=''
# ---------------------------------------------------------------------------------------------------------------------------
. "${0%/*}/../common.sh"

# --- what is looked for ---
look() {
    [ $1 != overflow ] || [ -n "$took" ] || shown "g$good came last in an overflow of the queue of events, and $apply_ms ms later the answer is g$(ask)"
}

# --- what is done ---
start 1
change 2
rest 0.3
overflow 3
rest 4.0
look end
say 'not shown'
exit 1
