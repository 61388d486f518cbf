#!/bin/sh
# nginx:command 1.22.1
# failed_trigger_reports_failure, failed_trigger_says_so/dangling_reference (MUST): fail
# required: the trigger answers that a file which is refused was not taken, with a reason
# expected: a refusal: a non-zero exit status, or a status that is not 2xx
# observed: the answer was: yes
# 
# Usage: sh repro-failed_trigger_says_so-dangling_reference.sh [BINARY]
# Ends with 0 if the fault was seen, with 1 if it was not, with 2 if it could not be tried.
set -u
proxy=${1:-$(command -v "nginx")}
listen=127.25.175.241:8080
at_first=127.25.175.241:8080
at_second=127.25.175.241:18454
at_third=127.25.175.241:18455
at_wildcard=127.0.0.1:18454
places='first/'
origin_addresses='127.87.61.152:38517 127.87.61.152:39447 127.87.61.152:42455 127.87.61.152:39121'
apart=o4 origin_apart=127.87.61.152:43287
config_name="nginx.conf"
own_member="" bad_member=""
delivery=rename_over
ready_ms=10000 apply_ms=2000
settle_ms=0 signal=
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
pull() { told=yes; $as env HOME="$work" "$proxy" "-e" "stderr" "-p" "$work" "-c" "$work/conf/nginx.conf" "-s" "reload" >"$work/told" 2>&1 || { told=no; say "    refused: $(tail -n 1 "$work/told")"; }; }
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
        server 127.87.61.152:@PORT@;
    }

    server {
        listen 127.25.175.241:8080;

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
config_syntax() {
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
        server 127.87.61.152:@PORT@;
    }

    server {
        listen 127.25.175.241:8080;

        add_header x-generation "g@GENERATION@" always;

        location / {
            proxy_pass http://origin;
            proxy_set_header x-upstream-generation "g@GENERATION@";
            proxy_set_header authorization "Bearer key-g@GENERATION@";
        }
    }

    server }
}
FILE
}
config_wrong_type() {
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
        server 127.87.61.152:@PORT@;
    }

    server {
        listen 127.25.175.241:8080;

        add_header x-generation "g@GENERATION@" always;

        location / {
            proxy_pass http://origin;
            proxy_set_header x-upstream-generation "g@GENERATION@";
            proxy_set_header authorization "Bearer key-g@GENERATION@";
        }
    }

    keepalive_requests many;
}
FILE
}
config_dangling_reference() {
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
        server 127.87.61.152:@PORT@;
    }

    server {
        listen 127.25.175.241:8080;

        add_header x-generation "g@GENERATION@" always;

        location / {
            proxy_pass http://origin;
            proxy_set_header x-upstream-generation "g@GENERATION@";
            proxy_set_header authorization "Bearer key-g@GENERATION@";
        }
    }

    limit_req zone=nowhere;
}
FILE
}
config_bad_address() {
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
        server 127.87.61.152:@PORT@;
    }

    server {
        listen 127.25.175.241:8080;

        add_header x-generation "g@GENERATION@" always;

        location / {
            proxy_pass http://origin;
            proxy_set_header x-upstream-generation "g@GENERATION@";
            proxy_set_header authorization "Bearer key-g@GENERATION@";
        }
    }

    server {
        listen 127.25.175.241:99999;
    }
}
FILE
}
config_duplicate() {
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
        server 127.87.61.152:@PORT@;
    }

    server {
        listen 127.25.175.241:8080;

        add_header x-generation "g@GENERATION@" always;

        location / {
            proxy_pass http://origin;
            proxy_set_header x-upstream-generation "g@GENERATION@";
            proxy_set_header authorization "Bearer key-g@GENERATION@";
        }
    }

    upstream origin {
        server 127.87.61.152:@PORT@;
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
subject='dangling_reference'
# ---------------------------------------------------------------------------------------------------------------------------
. "${0%/*}/../common.sh"

# --- what is looked for ---
look() {
    [ $1 != flawed ] || [ "$kind" != "$subject" ] || [ "$told" != yes ] || shown "a bad file was delivered, and the answer of the trigger was yes"
}

# --- what is done ---
start 1
change 2
flawed 3 syntax
flawed 4 wrong_type
flawed 5 dangling_reference
flawed 6 bad_address
flawed 7 duplicate
flawed 8 empty
flawed 9 truncated
look end
say 'not shown'
exit 1
