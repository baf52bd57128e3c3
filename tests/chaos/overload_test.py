"""Three times what the service can do, for a minute: it does what it can and refuses the rest."""

import asyncio
import collections
import concurrent.futures
import os
import socket
import statistics
import time

import cli
import exchange
import pictures
from service import WithService

PEAK_SECONDS = 15
OVERLOAD_SECONDS = 60
FACTOR = 3


class Overload(WithService):
    async def ask(self, port, request):
        """(status, seconds) of one request on a connection of its own."""
        loop = asyncio.get_running_loop()
        begun = time.monotonic()
        with exchange.connect(port) as peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_sendall(peer, request)
            status, _ = await exchange.answer(loop, peer)
        return status, time.monotonic() - begun

    async def peak(self, port, request):
        """Frames a second when there is always one waiting, and none is refused."""
        end = time.monotonic() + PEAK_SECONDS
        done = 0

        async def client():
            nonlocal done
            while time.monotonic() < end:
                status, _ = await self.ask(port, request)
                self.assertEqual(status, 200)
                done += 1

        begun = time.monotonic()
        await asyncio.gather(*(client() for _ in range(8)))
        return done / (time.monotonic() - begun)

    async def overload(self, port, request, rate):
        """Asks at `rate` whatever comes back. Gives the answers and when each came."""
        answers = []

        async def one():
            status, took = await self.ask(port, request)
            answers.append((status, took, time.monotonic()))

        begun = time.monotonic()
        asking = []
        for number in range(int(rate * OVERLOAD_SECONDS)):
            await asyncio.sleep(max(0, begun + number / rate - time.monotonic()))
            asking.append(asyncio.create_task(one()))
        end = time.monotonic()
        await asyncio.wait_for(asyncio.gather(*asking), cli.PATIENCE)
        return answers, begun, end

    def test_three_times_capacity(self):
        service = self.serve("--set", "process.pipeline=faces", *cli.NO_HURRY)
        picture = pictures.sample("messi5.jpg")
        request = (b"POST /process HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"
                   b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(picture))  # fmt: skip
        request += picture

        peak = asyncio.run(self.peak(service.port, request))
        answers, begun, end = asyncio.run(self.overload(service.port, request, FACTOR * peak))
        # The queue fills first and empties last; what comes between is the overload.
        goodput = sum(status == 200 and at <= end for status, _, at in answers) / (end - begun)
        done = [took * 1000 for status, took, _ in answers if status == 200]
        refused = [took * 1000 for status, took, _ in answers if status == 503]
        self.assertEqual({status for status, _, _ in answers}, {200, 503})
        rss = service.memory("VmHWM") >> 20
        budget = service.wait_for("listening")["memory_limit"] >> 20
        cuts = statistics.quantiles(refused, n=100)
        waits = statistics.quantiles(done, n=100)
        print(f"\n{FACTOR} times {peak:.1f} frames/s: {goodput / peak:.2f} of the peak done, "
              f"half in {waits[49]:.0f} ms, 99 % in {waits[98]:.0f} ms; "
              f"{len(refused)} refused, half in {cuts[49]:.1f} ms, 99 % in {cuts[98]:.1f} ms; peak "
              f"RSS {rss} MiB of a budget of {budget} MiB")  # fmt: skip
        self.assertLess(rss, budget)
        self.assertEqual(service.get("/readyz").status, 200)
        self.assertEqual(service.stop(), 0)


class SlowFrames(WithService):
    """Frames that take so long that few of those that wait can end before their deadline. They are
    slow by process.delay, which takes no CPU: so no neighbour changes what can be done."""

    WORKERS = 2
    DELAY = 1.0
    DEADLINE = 8
    SECONDS = 40

    def goodput(self, clients):
        """Frames a second that are done in time, with so many clients that come back at once, or
        when they are told to."""
        service = self.serve("--set", "process.pipeline=stats", "--set",
                             f"process.delay={int(self.DELAY * 1000)}ms", "--set",
                             f"process.workers={self.WORKERS}", "--set",
                             f"http.request_deadline={self.DEADLINE}s")  # fmt: skip
        picture = pictures.sample("HappyFish.jpg")
        begun = time.monotonic()
        end = begun + self.SECONDS
        answers = []

        def client():
            while time.monotonic() < end:
                answer = service.post(picture, "image/jpeg")
                answers.append((answer.status, time.monotonic()))
                if answer.status != 200:
                    time.sleep(int(answer.headers["Retry-After"] or 0))

        with concurrent.futures.ThreadPoolExecutor(clients) as pool:
            for asking in [pool.submit(client) for _ in range(clients)]:
                asking.result()
        done = sum(status == 200 and at <= end for status, at in answers)
        self.assertLessEqual({status for status, _ in answers}, {200, 503})
        self.assertEqual(service.stop(), 0)
        return done / self.SECONDS

    def test_goodput_stays_near_its_peak_at_any_overload(self):
        peak = self.goodput(2 * self.WORKERS)
        for clients in (20, 80):
            share = self.goodput(clients) / peak
            print(f"\n{clients} clients: {share:.2f} of the peak of {peak:.2f} frames/s in time")
            self.assertGreaterEqual(share, 0.9)



class LargeFrames(WithService):
    """Real frames through the default pipeline. What can be done depends on who else uses the
    machine: so spells of as many clients as keep it busy and of many more take turns, and what is
    compared is frames done in time for each second of the service's own CPU time."""

    SPELLS = int(os.environ.get("SAMPLEPROC_SPELLS", "3"))
    SECONDS = int(os.environ.get("SAMPLEPROC_SPELL_SECONDS", "60"))
    FEW = 4

    def spell(self, service, picture, clients):
        """(frames done, seconds of CPU time, statuses) while so many clients ask again and again, or
        when they are told to."""
        end = time.monotonic() + self.SECONDS
        answers = []

        def client():
            while time.monotonic() < end:
                answer = service.post(picture, "image/png")
                answers.append(answer.status)
                if answer.status != 200:
                    pause = int(answer.headers["Retry-After"] or 0)
                    time.sleep(max(0, min(pause, end - time.monotonic())))

        before = service.cpu_seconds()
        with concurrent.futures.ThreadPoolExecutor(clients) as pool:
            for asking in [pool.submit(client) for _ in range(clients)]:
                asking.result()
        return answers.count(200), service.cpu_seconds() - before, collections.Counter(answers)

    def check(self, side, clients):
        service = self.serve()
        picture = pictures.png_of_pixels(side)
        self.spell(service, picture, 1)  # so that it knows what they take
        done = {self.FEW: 0, clients: 0}
        cpu = {self.FEW: 0.0, clients: 0.0}
        for _ in range(self.SPELLS):
            for many in (self.FEW, clients):
                frames, seconds, statuses = self.spell(service, picture, many)
                done[many] += frames
                cpu[many] += seconds
                print(f"\n{side * side / 1e6:.0f} MP, {many} clients: {frames} frames, "
                      f"{seconds:.1f} s of CPU time, {dict(statuses)}", flush=True)  # fmt: skip
        share = done[clients] / cpu[clients] / (done[self.FEW] / cpu[self.FEW])
        print(f"{side * side / 1e6:.0f} MP, {clients} clients: {share:.2f} of the peak for the same "
              f"CPU time, {done[clients] / done[self.FEW]:.2f} for the same time", flush=True)  # fmt: skip
        self.assertGreaterEqual(share, 0.9)
        self.assertEqual(service.stop(), 0)

    def test_five_megapixels_from_eighty_clients(self):
        self.check(2240, 80)

    def test_sixteen_megapixels_from_forty_eight_clients(self):
        self.check(4000, 48)


if __name__ == "__main__":
    cli.main()
