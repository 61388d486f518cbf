#!/bin/sh
# nginx:signal 1.22.1
# reload_logs_successful_configuration_change_at_info_level, one_success_record (MUST): fail
# required: an isolated change leaves exactly one record of its success, shown by default
# expected: exactly one record
# observed: none: the target writes no success record by default
# 
# Usage: sh repro-one_success_record.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "nginx")}
listen=127.142.40.234:8080
at_first=127.142.40.234:8080
at_second=127.142.40.234:31329
at_third=127.142.40.234:31330
at_wildcard=127.0.0.1:31329
places='first/'
origin_addresses='127.108.249.148:34345 127.108.249.148:46173 127.108.249.148:40321 127.108.249.148:39941'
apart=o4 origin_apart=127.108.249.148:37221
config_name="nginx.conf"
own_member="" bad_member=""
delivery=rename_over
ready_ms=10000 apply_ms=2000
settle_ms=0 signal=1
stop_signal=3 stop_ms=10000
fixed_files() {
    log_files=
}
command_line() {
    cd "$work" || exit 2
    setsid $as env -i PATH="$PATH" HOME="$work" TMPDIR="$work" LANG=C  \
        "$proxy" "-e" "stderr" "-p" "$work" "-c" "$work/conf/nginx.conf" >"$work/stdout" 2>"$work/stderr" &
}
hears() { :; }
pull() { kill -HUP "$pid"; }
config_good() {
    cat <<'FILE'
# Generation @GENERATION@.
daemon off;
pid @DIR@/nginx.pid;
worker_processes 2;

events {
}

http {
    access_log off;
    client_body_temp_path @DIR@/client_body;
    proxy_temp_path @DIR@/proxy;
    fastcgi_temp_path @DIR@/fastcgi;
    uwsgi_temp_path @DIR@/uwsgi;
    scgi_temp_path @DIR@/scgi;

    upstream origin {
        server 127.108.249.148:@PORT@;
    }

    server {
        listen 127.142.40.234:8080;

        add_header x-generation "g@GENERATION@" always;

        location / {
            proxy_pass http://origin;
            proxy_set_header x-upstream-generation "g@GENERATION@";
            proxy_set_header authorization "Bearer key-g@GENERATION@";
        }
    }
}
FILE
}
inquire() {
    case $1 in
    *) return 1 ;;
    esac
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
