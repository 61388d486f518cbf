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
        if details.method == "/grpc.health.v1.Health/Check":
            return grpc.unary_unary_rpc_method_handler(self.check)
        if details.method == "/test.Echo/Stream":
            return grpc.stream_stream_rpc_method_handler(lambda requests, context: requests)
        return None

    checks = 0

    def check(self, request, context):
        """The health service: the service that is asked for is the first field, and 1 is SERVING."""
        if request != b"\x0a\x04echo":
            context.abort(grpc.StatusCode.NOT_FOUND, "there is no such service")
        Handler.checks += 1
        return b"\x08\x01"


def messages(outgoing):
    while (message := outgoing.get()) is not None:
        yield message


def main():
    port, proxy = int(sys.argv[1]), sys.argv[2]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), handlers=[Handler()])
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    deadline = time.monotonic() + 20
    # The second check is made once the first one has counted.
    while Handler.checks < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
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
    assert Handler.checks > 2, Handler.checks
    print(f"{number} calls, as many messages of one stream both ways, and health checks")


main()
