"""How a service is told where Redis is and how to log in there, as other services are."""

import os
import tempfile

import cli
import pictures
from service import WithService
from streams import (
    GROUP, PROCESSOR, RESULTS, STREAM, RedisServer, add_frames, free_port, pending, wait_until,
    words,
)  # fmt: skip


class Login(WithService):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def consume(self, **env):
        return self.serve("--set", "process.pipeline=stats", *cli.NO_HURRY,
                          env={"PROCESSOR_ID": PROCESSOR, **env})  # fmt: skip

    def test_a_url_has_the_address_the_password_and_the_database(self):
        port = free_port("127.0.0.3")
        server = RedisServer(self, "--port", str(port), "--bind", "127.0.0.3", password="s/cret@1")
        client = server.client(db=3)
        add_frames(client, 3)
        service = self.consume(REDIS_URL=f"redis://:s%2Fcret%401@127.0.0.3:{port}/3")
        wait_until(lambda: client.xlen(RESULTS) == 3)
        self.assertNotIn("s/cret", "".join(service.lines))
        self.assertNotIn("s%2Fcret", "".join(service.lines))

    def test_a_user_without_a_password_is_logged_in(self):
        port = free_port("127.0.0.3")
        server = RedisServer(self, "--port", str(port), "--bind", "127.0.0.3")
        client = server.client()
        client.execute_command("ACL", "SETUSER", "frames", "on", "nopass", "~*", "&*", "+@all")
        add_frames(client, 3)
        by_url = {"REDIS_URL": f"redis://frames@127.0.0.3:{port}"}
        by_key = {"REDIS_HOST": server.path, "REDIS_USERNAME": "frames"}
        before = {each["id"] for each in client.client_list()}
        for count, env in ((3, by_url), (6, by_key)):
            service = self.consume(**env)
            wait_until(lambda: client.xlen(RESULTS) == count)  # pylint: disable=W0640
            users = {each["user"] for each in client.client_list() if each["id"] not in before}
            self.assertEqual(users, {"frames"})
            self.assertEqual(service.stop(), 0)
            add_frames(client, 3, first=count)

    def test_a_url_of_a_unix_socket_in_a_file(self):
        server = RedisServer(self, password="secret")
        client = server.client(db=2)
        add_frames(client, 3)
        url = self.file("url", f"unix://:secret@{server.path}?db=2\n")
        self.consume(REDIS_URL_FILE=url)
        wait_until(lambda: client.xlen(RESULTS) == 3)

    def test_a_password_file_is_read_again_at_each_login(self):
        server = RedisServer(self, password="one")
        client = server.client()
        path = self.file("password", "one\n")
        service = self.consume(REDIS_HOST=server.path, REDIS_PASSWORD_FILE=path)
        add_frames(client, 1)
        wait_until(lambda: client.xlen(RESULTS) == 1)
        self.file("password", "two\n")
        client.config_set("requirepass", "two")
        # Logs everybody out but the one who says so; the service has to come back by itself.
        client.client_kill_filter(_type="normal", skipme=True)
        server.password = "two"
        again = server.client()
        add_frames(again, 1, first=1)
        wait_until(lambda: again.xlen(RESULTS) == 2)
        # A frame may be done before it is known that the source is back.
        wait_until(lambda: service.get("/health").json()["status"] == "healthy")


class Keeping(WithService):
    def test_entries_stay_for_other_groups_when_they_are_not_to_be_deleted(self):
        server = RedisServer(self)
        client = server.client()
        client.xgroup_create(STREAM, "others", id="0", mkstream=True)
        add_frames(client, 5)
        client.xadd(STREAM, {"frame_id": "none", "camera_id": "c"})  # dropped
        client.xadd(STREAM, {"frame_id": "broken", "frame_data": b"no picture"})  # dead
        service = self.serve(*words(server, "--set", "consumer.redis.delete=false", "--set",
                                    "process.pipeline=stats", *cli.NO_HURRY))  # fmt: skip
        # In this order: before all is delivered nothing may be pending, either.
        wait_until(lambda: client.xinfo_groups(STREAM)[0]["last-delivered-id"] ==
                   client.xinfo_stream(STREAM)["last-generated-id"]
                   and pending(client) == 0 and client.xlen(RESULTS) == 5)  # fmt: skip
        self.assertEqual(client.xlen(f"frames:dlq:{PROCESSOR}"), 1)
        self.assertEqual(client.xlen(STREAM), 7)
        others = client.xreadgroup("others", "one", {STREAM: ">"}, count=100)
        self.assertEqual(len(others[0][1]), 7)
        self.assertEqual(service.stop(), 0)

        # What is settled is not read again.
        again = self.serve(*words(server, "--set", "consumer.redis.delete=false", "--set",
                                  "process.pipeline=stats", *cli.NO_HURRY))  # fmt: skip
        client.xadd(STREAM, {"frame_id": "last", "frame_data": pictures.sample("mask.png")})
        wait_until(lambda: client.xlen(RESULTS) == 6 and pending(client) == 0)
        self.assertEqual(again.metric("sampleproc_consumer_frames_offered_total"), 1)
        self.assertEqual(client.xinfo_groups(STREAM)[0]["name"].decode(), GROUP)


if __name__ == "__main__":
    cli.main()
