"""Three times what the service can do, for a minute: it does what it can and refuses the rest."""

import asyncio
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


if __name__ == "__main__":
    cli.main()
