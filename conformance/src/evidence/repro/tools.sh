# ---------------------------------------------------------------------------------------------------------------------------
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
        told.settimeout(patience)
        told.connect(at)
    else:
        host, port = at.rsplit(":", 1)
        told = socket.create_connection((host.strip("[]"), int(port)), patience)
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

