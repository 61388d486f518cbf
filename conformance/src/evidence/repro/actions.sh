# --- the actions, each followed by a look ---
start() {
    good=$1
    setsid python3 "$work/origins.py" "$work" $origin_addresses $origin_apart & origins=$!
    tries=0
    until [ -e "$work/origins" ]; do
        kill -0 $origins 2>/dev/null && [ $tries -lt 500 ] || cannot "the origins do not start"
        tries=$((tries + 1)); sleep 0.01
    done
    lay "$1"
    fixed_files
    [ -z "$as" ] || chown -R 65534:65534 "$work/conf"
    command_line
    pid=$!
    await "$ready_ms"
    [ -n "$took" ] || { logged | tail -3; cannot "the proxy does not serve its first file"; }
    say "g$1 serves, after $took ms"
    look start
}
# Starts it anew on one generation, and delivers the next so many milliseconds later: GENERATION MS
start_with_change() {
    kill -9 "-$pid"; wait "$pid" 2>/dev/null
    deliver "$1"
    render $(($1 + 1)) >"$work/next"
    launched=$(now)
    command_line
    pid=$!
    sleep "$(($2 / 1000)).$(printf %03d $(($2 % 1000)))"
    rendered=$work/next; deliver $(($1 + 1)); rendered=; pull
    good=$(($1 + 1)) begun=$(now)
    until [ -n "$(ask)" ]; do [ $(($(now) - begun)) -lt "$ready_ms" ] || cannot "the proxy does not serve after a start"; done
    await "$apply_ms"
    seen=${took:+it answers}
    say "g$good delivered within $((begun - launched)) ms of the start: ${seen:-$apply_ms ms after the first answer g$(ask) answers}"
    look startup
}
# Leaves the proxy alone for as long as it needs before a change, and until it hears what it is to be told by: a signal, or a socket.
settle() {
    [ "$settle_ms" != 0 ] || return 0
    sleep "0.$(printf %03d "$settle_ms")"
    tries=0
    until hears || [ $tries -ge 100 ]; do tries=$((tries + 1)); sleep 0.01; done
    [ -n "$signal" ] || return 0
    until caught=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$pid/status") && [ $(((0x${caught:-0} >> (signal - 1)) & 1)) = 1 ]; do
        [ $tries -lt 200 ] || return 0
        tries=$((tries + 1)); sleep 0.01
    done
}
# Says one line to the socket; with a pattern, an answer that has it is a yes, and one that has not a no: LINE [YES]
tell() {
    at_socket "$1" "${2:+30}" >"$work/told" 2>&1 || return 1
    [ -z "${2-}" ] || grep -qP -- "$2" "$work/told"
}
change() {
    settle; before; deliver "$1"; no_bad_member; pull; good=$1; await "$apply_ms"
    seen=${took:+it answers after $took ms}
    say "g$1 delivered: ${seen:-after $apply_ms ms g$(ask) answers}"
    look change
}
# Of a configuration of several files: where all are to be good, the bad one goes.
no_bad_member() { [ -z "$bad_member" ] || rm -f "$work/conf/$bad_member"; }
# From one generation to another, without waiting for them, or with a pause after each: FROM TO [PAUSE]
burst() {
    before
    for next in $(seq "$1" "$2"); do render "$next" >"$work/burst.$next"; done
    for next in $(seq "$1" "$2"); do
        rendered=$work/burst.$next; deliver "$next"; rendered=; no_bad_member; pull
        rm -f "$work/burst.$next"
        sleep "${3:-0}"
    done
    good=$2; await "$apply_ms"
    seen=${took:+the last answers after $took ms}
    say "g$1 to g$2 delivered: ${seen:-after $apply_ms ms g$(ask) answers}"
    look burst
}
# The processes are held, more happens in the folder than a queue of events takes, and the change comes last.
overflow() {
    settle; before
    kill -STOP "-$pid"; sleep 0.2
    python3 - "$folder" <<'PYTHON'
import os, sys
one, other = (os.path.join(sys.argv[1], name) for name in (".one", ".other"))
open(one, "w").close()
for _ in range(int(open("/proc/sys/fs/inotify/max_queued_events").read()) // 2 + 512):
    os.rename(one, other); os.rename(other, one)
os.remove(one)
PYTHON
    deliver "$1"; kill -CONT "-$pid"; good=$1; await "$apply_ms"
    seen=${took:+it answers after $took ms}
    say "g$1 delivered as the last of too much: ${seen:-after $apply_ms ms g$(ask) answers}"
    look overflow
}
# The most resident memory that each process of the proxy has had, in KiB, all together.
peak() {
    for one in $(cat /proc/[0-9]*/stat 2>/dev/null | awk -v group="$pid" '$5 == group { print $1 }'); do
        cat "/proc/$one/status" 2>/dev/null
    done | awk '/^VmHWM:/ { sum += $2 } END { print sum + 0 }'
}
# A bad file: GENERATION FLAW
flawed() {
    note; settle; before; bad=$1 kind=$2; deliver "$1" "$2"; pull
    watch_places "$apply_ms"
    say "g$1 ($2) delivered: ${strayed:-g$good serves on}"
    look flawed
}
# A file that cannot be applied, as somebody else listens where it wants to or a bad file stands beside it.
doomed() {
    note; settle; before; deliver "$1"; pull
    watch_places "$apply_ms"
    say "g$1, which cannot be applied, delivered: ${strayed:-${leaked:-${lost:-everything is served as before}}}"
    look doomed
}
# Listens where the proxy is to, so that it cannot.
occupy() {
    python3 - "$1" "$work" <<'PYTHON' &
import os, socket, sys, time
host, port = sys.argv[1].rsplit(":", 1)
taken = socket.socket()
taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
taken.bind((host, int(port)))
taken.listen(128)
open(sys.argv[2] + "/occupied", "w").close()
while True: time.sleep(60)
PYTHON
    occupier=$! tries=0
    until [ -e "$work/occupied" ]; do
        kill -0 $occupier 2>/dev/null && [ $tries -lt 500 ] || cannot "nobody can listen at $1"
        tries=$((tries + 1)); sleep 0.01
    done
}
vacate() { kill -9 $occupier; wait $occupier 2>/dev/null; occupier=; rm -f "$work/occupied"; }
# Of a configuration of several files: one comes or goes, with a route of its own to an origin apart.
member() {
    note; settle; before
    case $1 in
    comes) put "$own_member" "$good" second_member ;;
    *) rm -f "$work/conf/$own_member" ;;
    esac
    pull
    took= begun=$(now)
    while [ $(($(now) - begun)) -lt "$apply_ms" ]; do
        seen=$(see first/r1/)
        case $1-$seen in
        comes-*" from $apart") took=$(($(now) - begun)); break ;;
        *-refused | *-'no answer' | *" from $apart" | comes-*) sleep 0.01 ;;
        *) took=$(($(now) - begun)); break ;;
        esac
    done
    say "a file $1: /r1/ is $seen ${took:+after $took ms}"
    look member
}
# Asks it to stop, and waits for as long as that may take. What is there then still is left behind.
stop() {
    kill "-$stop_signal" "$pid"
    begun=$(now)
    while left_behind; [ -n "$still" ] && [ $(($(now) - begun)) -lt "$stop_ms" ]; do sleep 0.05; done
}
left_behind() { still=$(cat /proc/[0-9]*/stat 2>/dev/null | awk -v group="$pid" '$5 == group && $3 != "Z" { print $1 " " $2 }'); }
# Starts it anew on what files there are, and sees what it serves; nothing if it does not.
start_anew() {
    kill -9 "-$pid"; wait "$pid" 2>/dev/null
    command_line
    pid=$! served= begun=$(now)
    while [ -z "$served" ] && kill -0 "$pid" 2>/dev/null && [ $(($(now) - begun)) -lt "$ready_ms" ]; do sleep 0.02; served=$(ask); done
}
remove() { settle; before; rm -f "$config"; pull; say "the file is removed"; }
# What else is done to the file. Whoever is told of a pipe may wait for ever.
meddle() {
    settle; before
    case $1 in
    rewritten) deliver "$good"; pull ;;
    commented) deliver "$good" commented; pull ;;
    touched) touch "$config"; pull ;;
    moved_away) mv "$config" "$folder/.moved"; pull ;;
    moved_back) mv "$folder/.moved" "$config"; pull ;;
    unreadable) chmod 0 "$config"; pull ;;
    folder) rm -f "$config"; mkdir "$config"; pull ;;
    pipe) mkfifo -m 644 "$folder/.pipe"; mv "$folder/.pipe" "$config"; pull & sleep 1 ;;
    *) cannot "there is no such thing to do as $1" ;;
    esac
    say "to the file was done: $1"
}
rest() { sleep "$1"; answer=$(ask); look rest; }
# FRESH KEPT [METHOD [admin]]
load_on() {
    case ${4:-} in
    admin) set -- "$1" "$2" "$3" "$admin_at" "$admin_path" "$admin_header" ;;
    *) set -- "$1" "$2" "${3:-GET}" "$listen" / '' ;;
    esac
    python3 "$work/load.py" "$4" "$work" "$1" "$2" "$3" "$5" "$6" >"$work/load" & load=$!
}
metric() { inquire metrics | python3 "$work/metrics.py" "$1"; }
less() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a + 0 < b + 0) }'; }
same() { ! less "$1" "$2" && ! less "$2" "$1"; }
# The newest file that was delivered, good or bad.
newest() { [ "${bad:-0}" -gt "$good" ] && echo "$bad" || echo "$good"; }
end_load() { : >"$work/end-load"; wait "$load"; load=; rm -f "$work/end-load"; sed 's/^/    /' "$work/load"; }
load_off() { end_load; look load; }
# The same load without any change: what shows here is none of the change's doing.
control() {
    say "the load alone, for 3 s:"
    load_on $2; sleep 3; end_load
    [ "$(loaded "$1")" = 0 ] || cannot "$(loaded "$1") of these without any change"
    say "the load, with changes:"
}
# What is held open, and how often, at which listener, in the paths of which route: WHAT COUNT [LISTENER] [PREFIX]
hold() {
    eval "held_at=\$at_${3:-first}"
    python3 "$work/held.py" "$held_at" "$work" "$1" "$2" "${4-}" >>"$work/held" & held="$held $!" opened=$((${opened:-0} + $2))
    tries=0
    until [ "$(grep -c held "$work/held")" -ge "$opened" ] || [ $tries -gt 200 ]; do tries=$((tries + 1)); sleep 0.01; done
    sleep 0.2
}
release() { : >"$work/release"; wait $held; held= opened=; rm -f "$work/release"; look held; : >"$work/held"; }
# How many of what was held are still open.
still_open() { echo $((opened - $(grep -vc ^held "$work/held"))); }
# Waits until all that is held has ended, though nothing releases it, for so many milliseconds since the last change was seen.
drained() {
    since=$(now)
    while left=$(still_open); [ "$left" -gt 0 ] && [ $(($(now) - since)) -lt "$1" ]; do sleep 0.02; done
    say "of what was held, $left are open $(($(now) - since)) ms later"
    look drained
}
# How many of the load's requests are of a kind.
loaded() { sed -n "s/^$1 \([0-9]*\).*/\1/p" "$work/load"; }
