# What follows needs a POSIX shell, curl, Python 3 and the proxy. It is the same in all of these scripts.

say() { printf '%s\n' "$*"; }
cannot() { say "it could not be tried: $*" >&2; exit 2; }
shown() { say "SHOWN: $*"; exit 0; }
now() { date +%s%3N; }

for tool in curl python3 setsid; do
    command -v $tool >/dev/null || cannot "$tool is not installed"
done
# Whatever stands for it on PATH, this is the one that is run where every moment counts.
python=$(python3 -c 'import sys; print(sys.executable)')
[ -n "$proxy" ] || cannot "the proxy is not installed; name its binary as the first argument"

work=$(mktemp -d) || exit 2
pid= origins= load= held= occupier=
clean() {
    for leader in $pid; do kill -9 "-$leader" 2>/dev/null; done
    for one in $origins $load $held $occupier; do kill -9 "$one" 2>/dev/null; done
    rm -rf "$work"
}
trap clean EXIT
trap 'exit 2' INT TERM HUP

# As root, the proxy runs as nobody: root reads what nobody else may.
as=
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    as='setpriv --reuid=65534 --regid=65534 --clear-groups'
    chmod 755 "$work" && chown 65534:65534 "$work"
    $as test -x "$proxy" || { cp "$proxy" "$work/" && proxy=$work/${proxy##*/}; }
fi

# The origins: each says who it is, and what it received.
cat >"$work/origins.py" <<'PYTHON'
import http.server, os, sys, threading, time
work, addresses = sys.argv[1], sys.argv[2:]
class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def released(self):
        while not os.path.exists(work + "/release"): time.sleep(0.005)
    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if "/held" in self.path: self.released()
        half = b"x" * 65536
        parts = [half, half] if "/halves" in self.path else [b"origin %d\n" % len(body)]
        self.send_response(200)
        self.send_header("content-length", str(sum(map(len, parts))))
        self.send_header("x-origin", self.server.name)
        for seen, sent in ("x-upstream-generation", "x-received-generation"), ("authorization", "x-received-credential"):
            if self.headers.get(seen): self.send_header(sent, self.headers[seen])
        self.end_headers()
        self.wfile.write(parts[0])
        for part in parts[1:]:
            self.wfile.flush(); self.released(); self.wfile.write(part)
    do_GET = do_POST = answer
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 512
    def handle_error(self, *_): pass
for number, address in enumerate(addresses):
    host, port = address.rsplit(":", 1)
    server = Server((host, int(port)), Origin)
    server.name = "o%d" % number
    threading.Thread(target=server.serve_forever).start()
open(work + "/origins", "w").close()
PYTHON

# The load: so many clients that connect for each request, and so many that keep their connection. A kept connection that is found closed before
# anything was sent on it was closed politely, and counts for nothing.
cat >"$work/load.py" <<'PYTHON'
import http.client, os, select, sys, threading, time
listen, work, fresh, kept, method, path, header = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:8]
more = dict([header.split(": ", 1)]) if header else {}
seen, lock, end = [], threading.Lock(), work + "/end-load"
def client(keeps):
    connection, nth = None, 0
    while not os.path.exists(end):
        if connection and connection.sock and select.select([connection.sock], [], [], 0)[0]: connection.close()
        if connection is None or connection.sock is None: connection, nth = http.client.HTTPConnection(listen, timeout=5), 0
        begin, what, told, found = time.monotonic(), "answered", None, {}
        try:
            connection.request(method, path, body=b"posted" if method == "POST" else None, headers=more if keeps else {**more, "connection": "close"})
            reply = connection.getresponse()
            reply.read()
            found = {name.lower(): value for name, value in reply.getheaders()}
            told = found.get("x-generation")
            if reply.status != 200: what = "status %d" % reply.status
        except http.client.RemoteDisconnected: what = "the connection ended"
        except ConnectionRefusedError: what = "refused"
        except OSError as error: what = str(error) or type(error).__name__
        except http.client.HTTPException as error: what = "a broken answer: %r" % error
        with lock: seen.append((begin, time.monotonic(), nth, what, told, found))
        nth += 1
        if what != "answered" or not keeps:
            connection.close(); connection = None
        time.sleep(0.001)
threads = [threading.Thread(target=client, args=(i >= fresh,)) for i in range(fresh + kept)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
failed = [one for one in seen if one[3] != "answered" and not one[3].startswith("status") and one[2] == 0]
races = [one for one in seen if one[3] != "answered" and not one[3].startswith("status") and one[2] > 0]
refused = [one for one in failed if one[3] == "refused"]
errors = [one for one in seen if one[3].startswith("status")]
def markers(found):
    values = [found.get("x-generation"), found.get("x-received-generation"), (found.get("x-received-credential") or "").replace("Bearer key-", "")]
    return {value for value in values if value}
torn = [one for one in seen if len(markers(one[5])) > 1]
number = lambda told: int(told[1:]) if told and told[1:].isdigit() else None
good = sorted((one for one in seen if number(one[4]) is not None), key=lambda one: one[1])
fresh_ones = sorted((one for one in good if one[2] == 0), key=lambda one: one[0])
def behind(asked, served):
    found, newest, at = [], 0, 0
    for one in asked:
        while at < len(served) and served[at][1] < one[0]: newest, at = max(newest, number(served[at][4])), at + 1
        if number(one[4]) < newest: found.append(one)
    return found
older = behind(fresh_ones, good)
late = behind(sorted((one for one in good if one[2] > 0), key=lambda one: one[0]), sorted(fresh_ones, key=lambda one: one[1]))
print("requests", len(seen))
for name, found in ("failed", failed), ("refused", refused), ("races", races), ("errors", errors), ("wrong", failed + errors), ("torn", torn), ("older", older), ("late", late):
    print(name, len(found), found[0][3] if found and name != "torn" else (sorted(markers(found[0][5])) if found else ""))
PYTHON

# A line to a socket, and what was answered; without a line, whether somebody listens: ADDRESS [LINE [SECONDS]]
cat >"$work/line.py" <<'PYTHON'
import socket, sys
at, line, patience = sys.argv[1], sys.argv[2:3], float(sys.argv[3] if sys.argv[3:] and sys.argv[3] else 1)
try:
    if at.startswith("/"):
        told = socket.socket(socket.AF_UNIX)
        told.connect(at)
    else:
        host, port = at.rsplit(":", 1)
        told = socket.create_connection((host.strip("[]"), int(port)))
    if line: told.sendall(line[0].encode() + b"\n")
except OSError as error: sys.exit(str(error) if line else 1)
told.settimeout(patience)
try:
    if line: told.shutdown(socket.SHUT_WR)
    while line and (said := told.recv(4096)): print(said.decode(errors="replace"), end="", flush=True)
except ConnectionResetError: sys.exit("the connection was reset before anything was answered")
except OSError: pass
PYTHON

# The value of a series of the metrics, added up over the lines that have its labels; nothing if there is none.
cat >"$work/metrics.py" <<'PYTHON'
import re, sys
label = re.compile(r'\w+="(?:[^"\\]|\\.)*"')
lines, total = sys.stdin.read().splitlines(), None
for part in sys.argv[1].split(" + "):
    name, wanted = part.strip().split("{")[0], set(label.findall(part))
    for line in lines:
        head, _, rest = line.rpartition("}") if "}" in line else line.partition(" ")
        value = rest.split()
        if head.split("{")[0] == name and wanted <= set(label.findall(head)) and value: total = (total or 0) + float(value[0])
print("" if total is None else total)
PYTHON

# What is held open over a change.
cat >"$work/held.py" <<'PYTHON'
import http.client, os, sys, threading, time
listen, work, what, count, prefix = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5]
lock = threading.Lock()
def say(text):
    with lock: print(text, flush=True)
def released():
    while not os.path.exists(work + "/release"): time.sleep(0.005)
    time.sleep(0.05)
def body():
    yield b"x" * 65536
    released()
    yield b"x" * 65536
def one():
    try:
        connection = http.client.HTTPConnection(listen, timeout=60)
        if what == "idle":
            connection.request("GET", prefix + "/"); connection.getresponse().read()
            say("held")
            released()
            if connection.sock is None: return say("closed: the answer had said so")
            connection.sock.setblocking(False)
            try:
                if connection.sock.recv(1) == b"": return say("closed: before it was used again")
            except BlockingIOError: pass
            connection.sock.settimeout(60)
            connection.auto_open = 0
            connection.request("GET", prefix + "/"); connection.getresponse().read()
        elif what == "upload":
            say("held")
            connection.request("POST", prefix + "/", body=body(), headers={"content-length": "131072"})
            connection.getresponse().read()
        else:
            connection.request("GET", prefix + ("/held" if what == "request" else "/halves"))
            say("held")
            reply = connection.getresponse()
            got = len(reply.read())
            if what != "request" and got != 131072: return say("cut: %d bytes of 131072" % got)
        say("whole")
    except Exception as error: say("lost: %r" % error)
threads = [threading.Thread(target=one) for _ in range(count)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
PYTHON

# The port of the origin of a generation.
origin_port() {
    index=$(($1 % $(set -- $origin_addresses; echo $#) + 1))
    echo $origin_addresses | cut -d' ' -f$index | sed 's/.*://'
}
origin_name() { echo "o$(($1 % $(set -- $origin_addresses; echo $#)))"; }
# What files have from here on beside the first listener and the route for all paths: the name of a layout, or none.
layout= rendered=
lay_out() { layout=${1-}; }
# The file of a generation on standard output: GENERATION [FLAW]
render() {
    # What has been rendered before, where every moment counts.
    [ -z "$rendered" ] || { cat "$rendered"; return; }
    case ${2-} in
    empty) ;;
    truncated) render "$1" >"$work/whole"; head -c $(($(wc -c <"$work/whole") * 2 / 3)) "$work/whole" ;;
    huge)
        yes '# a line that means nothing, of which there are more than anybody would write' | head -c 104857550
        render "$1" truncated
        ;;
    commented) echo '# a word to whoever reads this'; render "$1" ;;
    nul) render "$1"; printf '\n\000 \000\n' ;;
    not_utf8) render "$1"; printf '\n\377\376 \377\n' ;;
    *)
        "config_${2-good}${layout:+_$layout}" | sed -e "s/@GENERATION@/$1/g" -e "s/@ORIGIN@/$(origin_name "$1")/g" \
            -e "s/@PORT@/$(origin_port "$1")/g" -e "s|@DIR@|$work|g"
        ;;
    esac
}

config=$work/conf/$config_name
folder=${config%/*} name=${config##*/} written=0
swap() {
    written=$((written + 1))
    mkdir -p "$folder/..$written" && render "$@" >"$folder/..$written/$name" && chmod -R a+rX "$folder/..$written"
    ln -s "..$written" "$folder/..data_tmp" && mv -T "$folder/..data_tmp" "$folder/..data"
    rm -rf "$folder/..$((written - 1))"
}
# Lays the first file in the layout of the delivery pattern.
lay() {
    mkdir -p "$folder"
    chmod 755 "$work/conf" "$folder"
    case $delivery in
    symlink_swap*) swap "$1"; ln -s "..data/$name" "$config" ;;
    *) render "$1" >"$config"; chmod 644 "$config" ;;
    esac
}
# Writes in place: so many bytes at once, and the others after a pause, in which answers are watched.
write_with_pause() {
    render "$2" >"$work/whole"
    exec 3>"$config"
    head -c "$1" "$work/whole" >&3
    strayed= paused=$(now)
    while [ $(($(now) - paused)) -lt 1100 ]; do
        answer=$(ask)
        [ "$answer" = "$good" ] || strayed="${strayed:-${answer:-no answer}}"
        sleep 0.01
    done
    tail -c "+$(($1 + 1))" "$work/whole" >&3
    [ "$delivery" != good_part_first ] || printf '\n# and what its writer wrote at last\n' >&3
    exec 3>&-
}
# Puts a member of a configuration of several files where it belongs: MEMBER, and what it is rendered by.
put() {
    member=$work/conf/$1
    shift
    render "$@" >"${member%/*}/.${member##*/}.new" && chmod 644 "${member%/*}/.${member##*/}.new"
    mv "${member%/*}/.${member##*/}.new" "$member"
}
# Delivers the file of a generation: GENERATION [FLAW]. Of several files that is the member with the markers, or a bad one beside it.
deliver() {
    if [ -n "$bad_member" ] && [ -n "${2-}" ]; then put "$bad_member" "$@"; return; fi
    [ ! -d "$config" ] || rmdir "$config"
    [ ! -p "$config" ] || [ "$delivery" = rename_over ] || rm -f "$config"
    # Not without need: to who watches, a change of the mode is an event like any other.
    [ ! -f "$config" ] || [ "$delivery" = rename_over ] || [ "$(stat -c %a "$config")" = 644 ] || chmod 644 "$config"
    case $delivery in
    in_place) render "$@" >"$config" ;;
    recreate) [ ! -e "$config" ] || { rm -f "$config"; sleep 0.05; }; render "$@" >"$config" ;;
    empty_first) write_with_pause 0 "$@" ;;
    two_thirds_first) render "$@" >"$work/whole"; write_with_pause $(($(wc -c <"$work/whole") * 2 / 3)) "$@" ;;
    good_part_first) render "$@" >"$work/whole"; write_with_pause "$(wc -c <"$work/whole")" "$@" ;;
    symlink_swap*) [ -L "$config" ] || ln -s "..data/$name" "$config"; swap "$@" ;;
    *) written=$((written + 1)); render "$@" >"$folder/.$name.$written" && chmod 644 "$folder/.$name.$written"
       [ "$delivery" != same_size_and_time ] || touch -r "$config" "$folder/.$name.$written"
       mv "$folder/.$name.$written" "$config" ;;
    esac
}

# The generation of an answer on a fresh connection; nothing if there was none.
ask() { curl -s -o /dev/null -m 2 -D - "http://$listen/" 2>/dev/null | tr -d '\r' | sed -n 's/^x-generation: g//Ip'; }
# Waits until the newest good generation answers, and notes how long that took; nothing if it did not within the bound.
await() {
    took= begun=$(now)
    while [ $(($(now) - begun)) -lt "$1" ]; do
        if [ "$(ask)" = "$good" ]; then took=$(($(now) - begun)); return; fi
        sleep 0.005
    done
}
# What there is to be seen at a place, LISTENER/PATH: of which generation and from which origin an answer is, or that there is none.
see() {
    case $1 in
    socket/*) set -- "http://localhost/${1#*/}" --unix-socket "$work/traffic.sock" ;;
    *) eval "set -- \"http://\$at_${1%%/*}/${1#*/}\"" ;;
    esac
    curl -s -o /dev/null -m 2 -D "$work/head" "$@" 2>/dev/null
    case $? in
    0) ;;
    7) echo refused; return ;;
    *) echo 'no answer'; return ;;
    esac
    tr -d '\r' <"$work/head" | awk 'NR == 1 && $2 != 200 { print "status " $2; over = 1 } tolower($1) == "x-generation:" { stamp = $2 }
        tolower($1) == "x-origin:" { origin = $2 } END { if (!over) print (stamp ? stamp : "unstamped") " from " origin }'
}
glance() { for place in $places; do echo "$place: $(see "$place")"; done; }
# Notes what is to be seen everywhere before something is done, once that has come to rest.
note() {
    noted=$(glance) tries=0
    while sleep 0.2; again=$(glance); [ "$again" != "$noted" ] && [ $tries -lt 20 ]; do tries=$((tries + 1)) noted=$again; done
}
# Watches for so many milliseconds what differs from that: at the first listener, for all paths (strayed); elsewhere an answer that is new or
# another one (leaked); elsewhere that there is none any more (lost).
watch_places() {
    strayed= leaked= lost= begun=$(now)
    while [ $(($(now) - begun)) -lt "$1" ]; do
        for place in $places; do
            was=$(printf '%s\n' "$noted" | sed -n "s|^$place: ||p") is=$(see "$place")
            [ "$is" != "$was" ] || continue
            case $place-$is in
            first/-*) strayed=${strayed:-$is} ;;
            *-refused | *-'no answer') lost=${lost:-$is at $place, where it was $was} ;;
            *) leaked=${leaked:-$is at $place, where it was $was} ;;
            esac
        done
        sleep 0.01
    done
}
logged() { cat "$work/stdout" "$work/stderr" $log_files 2>/dev/null; }
# The lines of the log that matter here: all, if there is no pattern for them.
records() { logged | grep -P -- "$record"; }
before() {
    records_before=$(records | wc -l) sizes=
    for file in "$work/stdout" "$work/stderr" $log_files; do sizes="$sizes $(cat "$file" 2>/dev/null | wc -c)"; done
}
# How many there are since the last action began.
new_records() { echo $(($(records | wc -l) - records_before)); }
# What was logged and answered since.
said() {
    set -- $sizes
    for file in "$work/stdout" "$work/stderr" $log_files; do tail -c "+$((${1:-0} + 1))" "$file" 2>/dev/null; shift; done
    [ "${told-}" != no ] || cat "$work/told"
}

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

