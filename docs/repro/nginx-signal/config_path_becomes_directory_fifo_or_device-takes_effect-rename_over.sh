#!/bin/sh
# nginx:signal 1.22.1
# config_path_becomes_directory_fifo_or_device, takes_effect/rename_over (MUST): fail
# required: a file in the place of the folder, and one in that of the pipe, is served within the apply bound
# expected: an answer of g3 within 2000 ms of its trigger
# observed: change 2 of 2 (g3) was never served; at last g2 answered, with status 200
# 
# Usage: sh repro-takes_effect-rename_over.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "nginx")}
listen=127.247.18.26:8080
at_first=127.247.18.26:8080
at_second=127.247.18.26:15541
at_third=127.247.18.26:15542
at_wildcard=127.0.0.1:15541
places='first/'
origin_addresses='127.116.115.129:43259 127.116.115.129:44595 127.116.115.129:40225 127.116.115.129:36653'
apart=o4 origin_apart=127.116.115.129:34069
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
        server 127.116.115.129:@PORT@;
    }

    server {
        listen 127.247.18.26:8080;

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
subject='rename_over'
# ---------------------------------------------------------------------------------------------------------------------------
. "${0%/*}/../common.sh"

# --- what is looked for ---
look() {
    case $1 in change | burst)
        [ -n "$took" ] || shown "g$good was delivered, and $apply_ms ms later the answer is g$(ask)" ;;
    esac
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
