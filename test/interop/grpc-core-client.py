# A program that calls a service by its xDS name with gRPC's C core (Python), as any user of that library would.
import sys

import grpc

target, count = sys.argv[1], int(sys.argv[2])
with grpc.insecure_channel(target) as channel:
    say = channel.unary_unary("/echo.Echo/Say")
    for _ in range(count):
        print(say(b"", timeout=15, wait_for_ready=True).decode())
