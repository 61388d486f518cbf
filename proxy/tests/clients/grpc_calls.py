"""Calls of gRPC through a proxy, by the library `grpcio` at both ends: single ones, and a stream both ways.

Called with the port of a server to start and the address of the proxy; writes how many calls and messages there were.
"""

import queue
import sys
import time
from concurrent import futures

import grpc

SECONDS = 3


class Handler(grpc.GenericRpcHandler):
    def service(self, details):
        if details.method == "/test.Echo/Once":
            return grpc.unary_unary_rpc_method_handler(lambda request, context: request)
        if details.method == "/test.Echo/Stream":
            return grpc.stream_stream_rpc_method_handler(lambda requests, context: requests)
        return None


def messages(outgoing):
    while (message := outgoing.get()) is not None:
        yield message


def main():
    port, proxy = int(sys.argv[1]), sys.argv[2]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), handlers=[Handler()])
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    with grpc.insecure_channel(proxy, options=[("grpc.enable_http_proxy", 0)]) as channel:
        once, stream = channel.unary_unary("/test.Echo/Once"), channel.stream_stream("/test.Echo/Stream")
        outgoing = queue.Queue()
        incoming = stream(messages(outgoing), timeout=60)
        print("ready", flush=True)
        number, end = 0, time.monotonic() + SECONDS
        while time.monotonic() < end:
            message = f"message {number}".encode()
            assert once(message, timeout=20) == message
            outgoing.put(message)
            assert next(incoming) == message
            number += 1
        outgoing.put(None)
        assert next(incoming, None) is None
        assert incoming.code() == grpc.StatusCode.OK
        try:
            once(b"", timeout=20, metadata=[("x", "y")])
            channel.unary_unary("/test.Echo/None")(b"", timeout=20)
            raise AssertionError("there is no such method")
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.UNIMPLEMENTED
    print(f"{number} calls, and as many messages of one stream both ways")


main()
