#!/bin/sh
# traefik:file 3.7.15
# reload_logs_successful_configuration_change_at_info_level, one_success_record (MUST): fail
# required: an isolated change leaves exactly one record of its success, shown by default
# expected: exactly one record
# observed: none: the target writes no success record by default
# 
# Usage: sh repro-one_success_record.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "traefik")}
listen=127.101.95.180:8080
at_first=127.101.95.180:8080
at_second=127.101.95.180:23342
at_third=127.101.95.180:23343
at_wildcard=127.0.0.1:23342
places='first/'
origin_addresses='127.86.149.201:39729 127.86.149.201:34141 127.86.149.201:40345 127.86.149.201:43761'
apart=o4 origin_apart=127.86.149.201:42581
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
    address: "127.101.95.180:8080"
  traefik:
    address: "127.101.95.180:9901"

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
          - url: "http://127.86.149.201:@PORT@"

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
    status) curl -s -S -f -m 5 "http://127.101.95.180:9901/api/rawdata" ;;
    metrics) curl -s -S -f -m 5 "http://127.101.95.180:9901/metrics" ;;
    *) return 1 ;;
    esac
}
admin_at="127.101.95.180:9901" admin_path="/api/version" admin_header=""
record=''
subject=''
# ---------------------------------------------------------------------------------------------------------------------------
. "${0%/*}/../common.sh"

# --- what is looked for ---
look() {
    [ $1 = change ] && [ -n "$took" ] || return 0
    sleep 1
    say "all that was logged since:"; logged | tail -n "$(new_records)" | cut -c 1-160 | sed 's/^/    /'
    shown "g$good took effect, and none of these lines says that it did"
}

# --- what is done ---
start 1
change 2
rest 0.7
change 3
rest 0.7
burst 4 13
rest 0.3
look end
say 'not shown'
exit 1
