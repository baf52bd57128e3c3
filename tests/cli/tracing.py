"""What tests of traces have in common: a service that sends its spans to a collector of the test's."""

import pictures
from service import WithService
from streams import wait_until

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"


def traceparent(flags="01", trace=TRACE, span=CALLER, version="00"):
    return f"{version}-{trace}-{span}-{flags}"


class WithTraces(WithService):
    def setUp(self):
        self.picture = pictures.sample("templ.png")

    def trace(self, collector, *more, **options):
        url = collector if isinstance(collector, str) else collector.url
        return self.serve("--set", f"telemetry.otlp_endpoint={url}", "--set",
                          "telemetry.span_delay=10ms", "--set", "process.pipeline=stats", *more,
                          **options)  # fmt: skip

    def one(self, collector, name, **wanted):
        return wait_until(lambda: collector.named(name, **wanted))[0]

    def post(self, service, **headers):
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        return service.ask("POST", "/process?frame_id=f-1&camera_id=c-1", self.picture,
                           {"Content-Type": "image/png", **fields})  # fmt: skip
