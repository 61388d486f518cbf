#!/bin/sh
# traefik:directory 3.7.15
# reload_logs_successful_configuration_change_at_info_level, one_success_record (MUST): fail
# required: an isolated change leaves exactly one record of its success, shown by default
# expected: exactly one record
# observed: none: the target writes no success record by default
# 
# Usage: sh repro-one_success_record.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "traefik")}
listen=127.156.122.84:8080
origin_addresses='127.208.8.59:34059 127.208.8.59:33879 127.208.8.59:44293 127.208.8.59:38785'
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
    address: "127.156.122.84:8080"

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
          - url: "http://127.208.8.59:@PORT@"

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
