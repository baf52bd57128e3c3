"""A collector of spans: takes OTLP over HTTP as JSON and checks its form. With
SAMPLEPROC_KEEP_SPANS=FOLDER it leaves there what it has taken, and how it understands it, for
tests/contract/otlp_lint.sh."""

import json
import os
import re
import uuid

import stand_in

KEEP = os.environ.get("SAMPLEPROC_KEEP_SPANS")
KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}


class Span:
    def __init__(self, resource, raw):
        self.resource = resource
        self.trace = raw["traceId"]
        self.id = raw["spanId"]
        self.parent = raw.get("parentSpanId", "")
        self.name = raw["name"]
        self.kind = KINDS[raw["kind"]]
        self.begun = int(raw["startTimeUnixNano"])
        self.ended = int(raw["endTimeUnixNano"])
        self.attributes = attributes(raw.get("attributes", []))
        self.links = [(each["traceId"], each["spanId"]) for each in raw.get("links", [])]
        self.failed = raw.get("status", {}).get("code") == 2
        self.state = raw.get("traceState", "")
        for number, digits in ((self.trace, 32), (self.id, 16)):
            if not re.fullmatch(f"(?!0+$)[0-9a-f]{{{digits}}}", number):
                raise AssertionError(f"no id: {raw}")
        if self.ended < self.begun:
            raise AssertionError(f"it ended before it began: {raw}")


def keep(body, spans):
    with open(os.path.join(KEEP, f"{uuid.uuid4()}.json"), "wb") as file:
        file.write(body)
    with open(os.path.join(KEEP, "lines"), "a", encoding="utf-8") as file:
        for span in spans:
            links = ",".join(":".join(link) for link in span.links)
            file.write(f"{span.trace} {span.id} {span.parent or '-'} {span.kind} {span.name} {links or '-'}\n")


def attributes(pairs):
    values = {}
    for pair in pairs:
        ((kind, value),) = pair["value"].items()
        values[pair["key"]] = int(value) if kind == "intValue" else value
    return values


class Collector(stand_in.StandIn):
    """Answers with `status`; `fault`, a function of the handler, does something else instead."""

    def __init__(self, test, tls=None):
        super().__init__(test, tls)
        self.spans = []
        self.bodies = []
        self.headers = []
        self.paths = set()
        self.status = 200
        self.fault = None

    def handle(self, handler, body):
        self.paths.add(handler.path)
        if self.fault is not None:
            self.fault(handler)
            return
        with self.lock:
            self.bodies.append(body)
            self.headers.append(dict(handler.headers.items()))
            if self.status == 200:
                taken = []
                for group in json.loads(body)["resourceSpans"]:
                    resource = attributes(group["resource"]["attributes"])
                    for scope in group["scopeSpans"]:
                        taken += [Span(resource, raw) for raw in scope["spans"]]
                self.spans += taken
                if KEEP:
                    keep(body, taken)
        handler.answer(self.status, b"{}", Content_Type="application/json")

    def named(self, name, **wanted):
        """The spans of that name with these attributes, dots written as two underscores."""
        wanted = {key.replace("__", "."): value for key, value in wanted.items()}
        with self.lock:
            return [span for span in self.spans
                    if span.name == name and wanted.items() <= span.attributes.items()]  # fmt: skip

    def of(self, trace):
        with self.lock:
            return [span for span in self.spans if span.trace == trace]
