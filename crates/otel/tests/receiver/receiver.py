"""A receiver of OTLP over HTTP that decodes what comes, and tells it on standard output.

It stands in for a collector: the messages are decoded by the OpenTelemetry project's own package.
Each request is one line of JSON. What is answered is told on standard input, one JSON object a
line, for the requests that follow:

    {"status": 503, "times": 2, "retry_after": "1", "rejected": 0, "said": "", "hang": false}

Arguments: port (0 for a free one), and for TLS the files of certificate and key.
"""

import gzip
import json
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as trace

KINDS = {
    "/v1/traces": (trace.ExportTraceServiceRequest, trace.ExportTraceServiceResponse, "rejected_spans"),
    "/v1/metrics": (metrics.ExportMetricsServiceRequest, metrics.ExportMetricsServiceResponse, "rejected_data_points"),
}

lock = threading.Lock()
answers = []


def say(**line):
    with lock:
        print(json.dumps(line), flush=True)


def next_answer():
    with lock:
        if not answers:
            return {}
        first = answers[0]
        first["times"] = first.get("times", 1) - 1
        if first["times"] <= 0:
            answers.pop(0)
        return first


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        encoding = self.headers.get("content-encoding", "")
        if encoding == "gzip":
            body = gzip.decompress(body)
        kind, response, rejected = KINDS[self.path]
        message = kind()
        message.ParseFromString(body)
        answer = next_answer()
        status = answer.get("status", 200)
        say(
            path=self.path,
            encoding=encoding,
            headers={name.lower(): value for name, value in self.headers.items()},
            status=status,
            message=MessageToDict(message, preserving_proto_field_name=True),
        )
        if answer.get("hang"):
            threading.Event().wait()
        reply = response()
        if answer.get("rejected") or answer.get("said"):
            setattr(reply.partial_success, rejected, answer.get("rejected", 0))
            reply.partial_success.error_message = answer.get("said", "")
        body = reply.SerializeToString() if status == 200 else b"not now"
        self.send_response(status)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(body)))
        if "retry_after" in answer:
            self.send_header("retry-after", answer["retry_after"])
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True


def main():
    server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    say(port=server.server_address[1])
    # It ends with the test that started it: the pipe is closed then.
    for line in sys.stdin:
        with lock:
            answers.append(json.loads(line))
        say(told=True)


main()
