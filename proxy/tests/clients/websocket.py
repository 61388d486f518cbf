"""Numbered messages both ways through a proxy, by the library `websockets` at both ends.

Called with the port of a server to start and the address of the proxy; writes how many messages came back in order.
"""

import sys
import time

from websockets.sync.client import connect
from websockets.sync.server import serve
import threading

SECONDS = 3


def answer(socket):
    for message in socket:
        socket.send(message)


def main():
    port, proxy = int(sys.argv[1]), sys.argv[2]
    server = serve(answer, "127.0.0.1", port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with connect(f"ws://{proxy}/socket", proxy=None) as socket:
        print("ready", flush=True)
        number, end = 0, time.monotonic() + SECONDS
        while time.monotonic() < end:
            text = f"message {number} " + "x" * (number % 3000)
            socket.send(text)
            assert socket.recv(timeout=20) == text
            number += 1
    print(f"{number} messages came back in order")


main()
