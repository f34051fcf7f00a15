"""Calls the text service of the proof's server with grpcio, one case after the other, and prints what came of each as
JSON, by its name.   python-client.py HOST:PORT"""

import json
import sys

import grpc

ECHO = "/test.Echo/Echo"
UNARY = "/test.Text/Unary"
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def outcome(error):
    """What a failed call says of itself."""
    trailers = [[key, value.hex() if isinstance(value, bytes) else value] for key, value in error.trailing_metadata()]
    return {"code": error.code().name, "details": error.details(), "trailers": sorted(trailers)}


def fails(call):
    try:
        call()
    except grpc.RpcError as error:
        return outcome(error)
    return "it did not fail"


@case
def unary(channel):
    return channel.unary_unary(ECHO)(b"hello", timeout=10).decode()


@case
def empty_message(channel):
    return channel.unary_unary(ECHO)(b"", timeout=10).decode()


@case
def failure_with_details(channel):
    details = [("x-details", "bm8gd2F5OiDigqwgJSAK")]  # "no way: €, percent, line feed" in base64
    return fails(lambda: channel.unary_unary(UNARY)(b"fail", metadata=details, timeout=10))


@case
def failure_with_metadata(channel):
    return fails(lambda: channel.unary_unary(UNARY)(b"fail with metadata", timeout=10))


@case
def unknown_method(channel):
    return fails(lambda: channel.unary_unary("/no.Such/Method")(b"", timeout=10))["code"]


@case
def deadline(channel):
    return fails(lambda: channel.unary_unary(UNARY)(b"hang for grpcio", timeout=0.1))["code"]


@case
def cancellation(channel):
    call = channel.unary_unary(UNARY).future(b"hang until cancelled", timeout=10)
    try:
        call.result(timeout=0.2)
    except grpc.FutureTimeoutError:
        call.cancel()
    return call.cancelled()


@case
def metadata_of_the_call(channel):
    metadata = [("x-text", "some text"), ("x-bytes-bin", bytes([0, 1, 254, 255]))]
    return json.loads(channel.unary_unary(UNARY)(b"metadata", metadata=metadata, timeout=10))


@case
def metadata_of_the_answer(channel):
    response, call = channel.unary_unary(UNARY).with_call(b"answer with metadata", timeout=10)
    trailers = {key: value.hex() if isinstance(value, bytes) else value for key, value in call.trailing_metadata()}
    return {"response": response.decode(), "headers": dict(call.initial_metadata()), "trailers": trailers}


@case
def large_messages(channel):
    message = bytes(range(256)) * 12_000
    return channel.unary_unary(ECHO)(message, timeout=20) == message


@case
def too_large_a_message(channel):
    return fails(lambda: channel.unary_unary(ECHO)(bytes(5_000_000), timeout=20))["code"]


@case
def compressed_message(channel):
    message = b"compressed " * 10_000
    return channel.unary_unary(ECHO)(message, timeout=10, compression=grpc.Compression.Gzip) == message


@case
def server_streaming(channel):
    call = channel.unary_stream("/test.Text/Spread")(b"count 1000 500", timeout=20)
    texts = [bytes(text) for text in call]
    return [len(texts), texts[0][:2].decode(), texts[-1][:5].decode(), dict(call.trailing_metadata())["x-text"]]


@case
def server_streaming_that_fails(channel):
    call = channel.unary_stream("/test.Text/Spread")(b"fail 3 1", timeout=10)
    texts = []

    def drain():
        for text in call:
            texts.append(bytes(text).decode())

    return [fails(drain), texts]


@case
def client_streaming(channel):
    texts = (f"{number}".encode() for number in range(500))
    return channel.stream_unary("/test.Text/Collect")(texts, timeout=20).decode().count(",")


@case
def talk(channel):
    return [bytes(text).decode() for text in channel.stream_stream("/test.Text/Talk")(iter([b"one", b"two"]), timeout=10)]


@case
def many_at_once(channel):
    calls = [channel.unary_unary(ECHO).future(f"{number}".encode(), timeout=20) for number in range(1_000)]
    return all(call.result() == f"{number}".encode() for number, call in enumerate(calls))


@case
def health(channel):
    return channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=10).hex()


def main():
    options = [("grpc.max_receive_message_length", 8_000_000)]
    with grpc.insecure_channel(sys.argv[1], options=options) as channel:
        print(json.dumps({name: run(channel) for name, run in CASES.items()}))


main()
