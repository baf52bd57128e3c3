"""sampleproc serve as a user of Redis that lacks a command: nothing is lost, nothing done twice, and
what is missing is told by its name."""

import contextlib
import re
from pathlib import Path

import cli
import pictures
from service import WithService
from streams import (
    DEAD, GROUP, RESULTS, STREAM, RedisServer, add_frames, entry, pending, result_ids, wait_until,
    words,
)  # fmt: skip

README = Path(__file__).resolve().parents[2] / "README.md"
FRAMES = 10


def documented():
    """The commands that README.md says a user needs."""
    text = README.read_text(encoding="utf-8")
    listed = re.search(r"user for the service needs the\s+commands `([^`]+)`", text)
    return listed[1].split()


class Permissions(WithService):
    def serve_without(self, *lacking):
        """A service whose user may do what the README says but these, with frames of every ending: of
        its own, and of one that died."""
        self.server = RedisServer(self)
        self.redis = self.server.client()
        self.allow("reset", "on", ">pw", "~frames:*", "~sample:*", "~frame:*", "-@all",
                   *(f"+{each}" for each in documented() if each not in lacking))  # fmt: skip
        self.redis.xgroup_create(STREAM, GROUP, "0", mkstream=True)
        self.redis.xadd(STREAM, entry("of-the-dead", pictures.sample("mask.png")))
        trimmed = self.redis.xadd(STREAM, entry("trimmed", pictures.sample("mask.png")))
        self.redis.xreadgroup(GROUP, "dead", {STREAM: ">"})
        self.redis.xdel(STREAM, trimmed)
        password = Path(self.server.folder, "password")
        password.write_text("pw", encoding="utf-8")
        self.add()
        return self.serve(*words(self.server), "--set", "process.pipeline=stats", *cli.NO_HURRY,
                          "--set", "consumer.redis.username=svc", "--set",
                          f"consumer.redis.password_file={password}", "--set",
                          "consumer.redis.claim_idle=1s", "--set", "consumer.backoff=50ms", "--set",
                          "consumer.health_check_interval=1s")  # fmt: skip

    def allow(self, *rules):
        self.redis.execute_command("ACL", "SETUSER", "svc", *rules)

    def add(self):
        picture = pictures.sample("mask.png")
        add_frames(self.redis, FRAMES)
        self.redis.set("frame:key", picture)
        self.redis.xadd(STREAM, entry("by-key", camera="k", frame_buffer_key="frame:key"))
        self.redis.xadd(STREAM, entry("broken", b"no picture"))
        self.redis.xadd(STREAM, {"frame_id": "without"})

    @staticmethod
    def counts(service):
        return {key.partition("{")[2]: value for key, value in service.metrics().items()
                if key.startswith("sampleproc_consumer_frames_total{") and value > 0}  # fmt: skip

    def check_all_is_done(self, service):
        wait_until(lambda: pending(self.redis) == 0 and self.redis.xlen(STREAM) == 0)
        ids = result_ids(self.redis)
        self.assertEqual(len(ids), FRAMES + 2)
        self.assertEqual(len(set(ids)), FRAMES + 2)
        self.assertEqual([fields[b"frame_id"] for _, fields in self.redis.xrange(DEAD)], [b"broken"])
        wait_until(lambda: service.get("/health").json()["status"] == "healthy")
        expected = {
            'outcome="done",reason=""}': FRAMES + 2,
            'outcome="dead",reason="unsupported-format"}': 1,
            'outcome="dropped",reason="no_pixels"}': 1,
            'outcome="dropped",reason="trimmed"}': 1,
        }
        # Redis knows of a settlement before the service has its answer.
        with contextlib.suppress(AssertionError):
            wait_until(lambda: self.counts(service) == expected)
        self.assertEqual(self.counts(service), expected)
        self.assertEqual(service.stop(), 0)

    def test_the_commands_of_the_readme_are_enough(self):
        self.check_all_is_done(self.serve_without())

    def check_refused(self, lacking, *subjects):
        """The condition of each subject, once, for as long as it lasts."""
        service = self.serve_without(lacking)
        wanted = set(subjects)

        def told():
            return {subject: reason for (name, subject), reason in service.conditions().items()
                    if name == "settlement_refused"}  # fmt: skip

        wait_until(lambda: set(told()) == wanted)
        for reason in told().values():
            self.assertIn(f"NOPERM to {lacking.upper()}: ", reason)
        refused = 'sampleproc_consumer_settlements_refused_total{reason="NOPERM"}'
        first = service.metric(refused)
        wait_until(lambda: service.metric(refused) > first + 10)
        ids = result_ids(self.redis)  # once: more may come
        self.assertEqual(len(ids), len(set(ids)))
        self.assertEqual(set(told()), wanted)
        self.assertEqual(service.get("/health").json()["status"], "degraded")
        self.allow(f"+{lacking}")
        self.check_all_is_done(service)
        lines = [(line["subject"], line["msg"]) for line in service.log()
                 if line.get("condition") == "settlement_refused"]  # fmt: skip
        self.assertEqual(
            sorted(lines),
            sorted((each, f"condition {what}") for each in wanted for what in ("begins", "ends")),
        )

    def test_without_xack_no_result_is_published_before_it_is_back(self):
        self.check_refused("xack", STREAM)

    def test_without_xdel(self):
        self.check_refused("xdel", STREAM)

    def test_without_xadd(self):
        self.check_refused("xadd", RESULTS, DEAD)

    def test_without_eval(self):
        """Which the first pull needs already, if it comes late enough to claim what the dead have."""
        service = self.serve_without("eval")
        wait_until(lambda: any("NOPERM to EVAL: " in each for each in service.conditions().values()))
        self.assertEqual(service.get("/health").json()["status"], "degraded")
        self.assertEqual(self.redis.xlen(RESULTS), 0)
        self.allow("+eval")
        self.check_all_is_done(service)

    def test_without_what_dead_letters_need_alone(self):
        self.check_refused("xlen", DEAD)

    def test_what_is_not_needed_yet_is_told_before_it_is(self):
        lacking = ("memory|usage", "xtrim", "xgroup")
        service = self.serve_without(*lacking)

        def reason():
            return service.conditions().get(("source_unhealthy", self.server.path), "")

        wait_until(reason)
        self.assertEqual(
            reason().partition(": ")[2],
            f"XGROUP|CREATE of {STREAM}, XGROUP|DELCONSUMER of {STREAM}, XTRIM of {DEAD}, "
            f"MEMORY|USAGE of {DEAD}",
        )
        self.allow(*(f"+{each}" for each in lacking))
        self.check_all_is_done(service)


if __name__ == "__main__":
    cli.main()
