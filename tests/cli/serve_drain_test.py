"""sampleproc serve stopped under load: whatever it has accepted is answered."""

import asyncio
import signal
import threading

import cli
import pictures
from service import WithService
from streams import wait_until

CONNECTIONS = 200


class Client:
    """Asks over and over on kept connections; says what became of each request."""

    def __init__(self, port, request):
        self.port = port
        self.request = request
        self.statuses = {}
        self.broken = []
        self.stopping = False

    async def ask(self, reader, writer):
        """One answer; True while the connection goes on."""
        writer.write(self.request)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            fields = head.lower()
            length = int(fields.split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError) as failure:
            self.broken.append(repr(failure))
            return False
        status = int(head[9:12])
        self.statuses[status] = self.statuses.get(status, 0) + 1
        return b"connection: close" not in fields

    async def one(self):
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                if self.stopping:
                    return  # refused: nobody listens any more
                raise
            try:
                while await self.ask(reader, writer):
                    pass
            finally:
                writer.close()
            if self.broken:
                return


class Drain(WithService):
    ROUNDS = 5

    def round(self):
        service = self.serve("--set", "service.shutdown_timeout=60s", *cli.NO_HURRY)
        picture = pictures.sample("mask.png")
        request = (
            b"POST /process HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
            b"Content-Length: %d\r\n\r\n" % len(picture)
        ) + picture
        client = Client(service.port, request)

        async def load():
            asking = [asyncio.create_task(client.one()) for _ in range(CONNECTIONS)]
            while sum(client.statuses.values()) < 2 * CONNECTIONS:
                await asyncio.sleep(0)
            client.stopping = True
            service.child.send_signal(signal.SIGTERM)
            await asyncio.wait_for(asyncio.gather(*asking), cli.PATIENCE)

        asyncio.run(load())
        self.assertEqual(service.wait(), 0, service.log()[-3:])
        self.assertEqual(client.broken, [])
        self.assertLessEqual(set(client.statuses), {200, 503})
        self.assertGreater(client.statuses[200], 0)
        self.assertIs(service.log()[-1]["clean"], True)

    def test_no_accepted_request_fails(self):
        for _ in range(self.ROUNDS):
            self.round()

    def test_requests_have_the_time_that_nothing_else_needs(self):
        service = self.serve("--set", "service.shutdown_timeout=3s", "--set", "process.delay=60s",
                             *cli.NO_HURRY)  # fmt: skip
        answers = []
        asking = threading.Thread(target=lambda: answers.append(service.post(pictures.sample("mask.png"))))
        asking.start()
        wait_until(lambda: service.metric("sampleproc_active_frames") == 1)
        self.assertEqual(service.stop(), 1)
        asking.join()
        self.assertEqual(answers[0].status, 503)
        # Not before: what is in work has all but the last half second.
        took = [line["took_ms"] for line in service.log() if line["msg"].startswith("shutdown 3/5")
                and "took_ms" in line]  # fmt: skip
        self.assertGreater(took[0], 2400)


if __name__ == "__main__":
    cli.main()
