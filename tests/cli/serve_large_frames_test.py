"""sampleproc serve: frames whose work is long or large. What can be done is done; what cannot says
so at once; nothing of it ends the process."""

import concurrent.futures
import time

import cli
import pictures
from service import WithService

TWENTY_MEGAPIXELS = 4500  # a side


class LargeFrames(WithService):
    def check_alive(self, service):
        self.assertEqual(service.get("/livez").status, 200)
        self.assertEqual(service.stop(), 0)

    def ask_until_done(self, service, picture):
        """As a polite client does: comes back when it is told to. Gives the refusals' statuses."""
        refused = []
        while (answer := service.post(picture, "image/png")).status != 200:
            refused.append((answer.status, answer.headers["Retry-After"] is not None))
            time.sleep(int(answer.headers["Retry-After"] or 0))
        return refused

    def test_six_of_twenty_megapixels_at_once_are_all_done_by_clients_that_come_back(self):
        # One at a time is worked on, and eight wait, for no time at all: the others are refused.
        service = self.serve("--set", "process.pipeline=stats", "--set",
                             "process.heavy_patience=1ms", *cli.NO_HURRY)  # fmt: skip
        picture = pictures.png_of_pixels(TWENTY_MEGAPIXELS)
        with concurrent.futures.ThreadPoolExecutor(6) as clients:
            refused = [*clients.map(lambda _: self.ask_until_done(service, picture), range(6))]
        self.assertLessEqual({each for of_one in refused for each in of_one}, {(503, True)})
        self.check_alive(service)

    def test_six_of_twenty_megapixels_at_once_wait_for_each_other(self):
        service = self.serve("--set", "process.pipeline=stats", "--set",
                             "process.heavy_patience=1m", *cli.NO_HURRY)  # fmt: skip
        picture = pictures.png_of_pixels(TWENTY_MEGAPIXELS)
        with concurrent.futures.ThreadPoolExecutor(6) as clients:
            answers = [*clients.map(lambda _: service.post(picture, "image/png"), range(6))]
        self.assertEqual([answer.status for answer in answers], 6 * [200])

    def test_what_never_fits_the_budget_is_the_senders_fault_by_its_header(self):
        service = self.serve("--set", "process.pipeline=faces", "--set",
                             "resources.memory_limit=64MiB")  # fmt: skip
        # 36 MB of work beside as much of pixels.
        answer = service.post(pictures.png_of_pixels(6000), "image/png")
        self.check_problem(answer, 422)
        self.assertIsNone(answer.headers["Retry-After"])
        self.assertIn("resources.memory_limit", answer.json()["detail"])
        # Before it is decoded.
        self.assertIn("working on this frame needs", answer.json()["detail"])
        self.check_alive(service)

    def test_faces_of_a_large_frame_end_by_the_deadline_and_the_service_lives(self):
        # Without the working size this takes five seconds of a CPU.
        service = self.serve("--set", "process.pipeline=faces", "--set", "process.deadline=1s",
                             "--set", "process.working_pixels=1000000000", "--set",
                             "service.stuck_after=20s", "--set", "process.workers=2")  # fmt: skip
        answer = service.post(pictures.png_of_pixels(3600), "image/png")
        self.check_problem(answer, 504)
        # A stop waits for the worker, which comes back: nobody is given up. How soon it looks at its
        # time depends on the machine: under a sanitizer beside others it has been over a second.
        self.check_alive(service)
        self.assertFalse([line for line in service.log() if line["level"] == "error"])


if __name__ == "__main__":
    cli.main()
