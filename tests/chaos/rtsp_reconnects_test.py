"""Memory over a thousand connections to RTSP servers that end them at once: it stays where it was."""

import os
import sys

import cli
import rtsp_camera
import streams
from camera_service import WithCameras

CAMERAS = 40
RECONNECTS = int(os.environ.get("SAMPLEPROC_RECONNECTS", "1000"))


class Reconnects(WithCameras):
    def test_a_thousand_reconnects_take_no_memory(self):
        moving = rtsp_camera.h264(320, 240, 10)

        def play(connection):
            rtsp_camera.send(connection, camera.stopped, moving, pause=0.001)

        camera = rtsp_camera.RtspCamera(self, play=play)
        service = self.serve({f"c{number}": {"url": camera.url()} for number in range(CAMERAS)})

        def memory_after(reconnects):
            streams.wait_until(
                lambda: sum(state["reconnects"] for state
                            in service.get("/health").json()["cameras"].values()) >= reconnects,
                900,
            )  # fmt: skip
            return service.memory()

        # Each has been connected to some times: its thread's heap is as large as it gets.
        first = memory_after(5 * CAMERAS)
        last = memory_after(5 * CAMERAS + RECONNECTS)
        print(f"RSS {first / 1e6:.1f} MB, after {RECONNECTS} more reconnects {last / 1e6:.1f} MB",
              file=sys.stderr)  # fmt: skip
        self.assertLess(last - first, 16_000_000)
        looked_at = [state["looked_at"] for state in service.get("/health").json()["cameras"].values()]
        self.assertGreater(min(looked_at), 0)
        self.assertEqual(service.stop(), 0)


if __name__ == "__main__":
    cli.main()
