"""A real Prometheus with the shipped configuration and rules scrapes services to which things happen."""

import threading
import unittest

import cli
import pictures
import prometheus
from service import WithService
from streams import STREAM, RedisServer, entry, wait_until, words


@unittest.skipUnless(prometheus.program("prometheus"), prometheus.MISSING)
class Alerts(WithService):
    def setUp(self):
        self.picture = pictures.sample("mask.png")
        self.stopping = threading.Event()
        self.threads = []

    def again_and_again(self, what):
        """Does it in a thread until the test ends."""

        def run():
            while not self.stopping.wait(0.05):
                what()

        thread = threading.Thread(target=run)
        thread.start()
        self.threads.append(thread)
        self.addCleanup(self.stop)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def fires(self, monitor, alert, **labels):
        wait_until(lambda: any(labels.items() <= each.items() for each in monitor.has_fired(alert)))

    def test_requests_that_fail_and_a_service_that_is_gone(self):
        service = self.serve("--set", "process.pipeline=stats", "--set", "process.delay=1s", "--set",
                             "http.request_deadline=50ms")  # fmt: skip
        monitor = prometheus.Prometheus(self, service.port)
        instance = f"127.0.0.1:{service.port}"
        self.again_and_again(lambda: service.post(self.picture, "image/png"))
        self.fires(monitor, "SampleprocErrorRate", instance=instance, severity="critical")
        self.stop()
        wait_until(lambda: not monitor.firing("SampleprocErrorRate"))
        service.child.kill()
        self.fires(monitor, "SampleprocDown", instance=instance, severity="critical")

    def test_a_silent_camera_a_dead_letter_and_an_upstream_that_stops_and_comes_back(self):
        server = RedisServer(self)
        redis = server.client()
        service = self.serve("--set", "process.pipeline=stats", "--set", "consumer.backoff=100ms",
                             *words(server), *cli.NO_HURRY)  # fmt: skip
        monitor = prometheus.Prometheus(self, service.port)
        instance = f"127.0.0.1:{service.port}"

        def send(*cameras):
            for camera in cameras:
                redis.xadd(STREAM, entry("f", self.picture, camera=camera))

        def watched(camera):
            send("door", "yard")
            return monitor.query(f'increase(sampleproc_camera_frames_total{{camera="{camera}"}}[1h]) > 0')

        wait_until(lambda: watched("door"))
        redis.xadd(STREAM, entry("bad", b"no picture"))
        self.fires(monitor, "SampleprocDeadLetters", instance=instance, reason="unsupported-format")
        # The yard goes on, so that it is the door that is silent and not Redis.
        self.again_and_again(lambda: send("yard"))
        self.fires(monitor, "SampleprocCameraSilent", camera="door", severity="warning")
        self.stop()
        server.kill()
        self.fires(monitor, "SampleprocUpstreamUnreachable", instance=instance, severity="critical")
        server.start()
        wait_until(lambda: not monitor.firing("SampleprocUpstreamUnreachable"))


if __name__ == "__main__":
    cli.main()
