#!/bin/sh
# traefik:directory 3.7.15
# cross_file_duplicates_are_rejected, flaw_is_refused/twice_across_files (MUST): fail
# required: a file with this flaw is refused: no answer bears its generation, and no fresh start serves it
# expected: the file is refused, by a reload and by a fresh start
# observed: a fresh start serves the files together, and a reload passes the one over without a word
# 
# Usage: sh repro-flaw_is_refused-twice_across_files.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "traefik")}
listen=127.97.63.230:8080
at_first=127.97.63.230:8080
at_second=127.97.63.230:20953
at_third=127.97.63.230:20954
at_wildcard=127.0.0.1:20953
places='first/'
origin_addresses='127.22.119.54:38469 127.22.119.54:40393 127.22.119.54:37485 127.22.119.54:40011'
apart=o4 origin_apart=127.22.119.54:39099
config_name="first.yml"
own_member="second.yml" bad_member="third.yml"
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
    address: "127.97.63.230:8080"
  traefik:
    address: "127.97.63.230:9901"

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
config_good_in_parts() {
    cat <<'FILE'
# Generation @GENERATION@. Routers stand last, so that a file that breaks off routes nothing.
http:
  middlewares:
    stamps-all:
      headers:
        customResponseHeaders:
          x-generation: "g@GENERATION@"
        customRequestHeaders:
          x-upstream-generation: "g@GENERATION@"
          authorization: "Bearer key-g@GENERATION@"

  services:
    all:
      loadBalancer:
        servers:
          - url: "http://127.22.119.54:@PORT@"

  routers:
    all:
      entryPoints: [traffic]
      rule: "PathPrefix(`/`)"
      middlewares: [stamps-all]
      service: all
FILE
}
config_twice_across_files_in_parts() {
    cat <<'FILE'
# Generation @GENERATION@. Routers stand last, so that a file that breaks off routes nothing.
http:
  middlewares:
    stamps-all:
      headers:
        customResponseHeaders:
          x-generation: "g@GENERATION@"
        customRequestHeaders:
          x-upstream-generation: "g@GENERATION@"
          authorization: "Bearer key-g@GENERATION@"

  services:
    all:
      loadBalancer:
        servers:
          - url: "http://127.22.119.54:@PORT@"

  routers:
    all:
      entryPoints: [traffic]
      rule: "PathPrefix(`/`)"
      middlewares: [stamps-all]
      service: all
FILE
}
inquire() {
    case $1 in
    status) curl -s -S -f -m 5 "http://127.97.63.230:9901/api/rawdata" ;;
    metrics) curl -s -S -f -m 5 "http://127.97.63.230:9901/metrics" ;;
    *) return 1 ;;
    esac
}
admin_at="127.97.63.230:9901" admin_path="/api/version" admin_header=""
record='Error (occurred during watcher callback|while building configuration \(for the first time\))|Cannot start the provider'
subject='twice_across_files'
# ---------------------------------------------------------------------------------------------------------------------------
. "${0%/*}/../common.sh"

# --- what is looked for ---
look() {
    [ $1 = flawed ] && [ "$kind" = "$subject" ] || return 0
    case $strayed in "g$bad "*) shown "a file with a $kind was delivered over g$good, and it serves: $strayed" ;; esac
    [ -n "$bad_member" ] && [ "$(new_records)" = 0 ] && [ "${told-}" != no ] || return 0
    start_anew
    [ -z "$served" ] || [ -n "$(records)" ] || shown "nothing was said of a bad file ($kind) beside a good one, and started anew on both it serves g$served"
}

# --- what is done ---
lay_out in_parts
start 1
change 2
rest 2.1
flawed 3 twice_across_files
change 4
look end
say 'not shown'
exit 1
