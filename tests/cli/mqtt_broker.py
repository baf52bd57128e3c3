"""A Mosquitto of a test's own, somebody who listens to it, and what Home Assistant takes."""

import json
import pathlib
import re
import socket
import subprocess
import threading

import cli
from streams import free_port, wait_until

# The configuration variables of each MQTT component, as Home Assistant's documentation lists them
# (home-assistant.io/integrations/{sensor,binary_sensor,event,image}.mqtt, "Configuration Variables")
# and the schemas in its homeassistant/components/mqtt/{schemas,sensor,binary_sensor,event,image}.py
# have them, as of 2025.1.
COMMON = {
    "availability", "availability_mode", "availability_template", "availability_topic", "device",
    "enabled_by_default", "encoding", "entity_category", "entity_picture", "icon",
    "json_attributes_template", "json_attributes_topic", "name", "object_id", "origin",
    "payload_available", "payload_not_available", "platform", "qos", "unique_id",
}  # fmt: skip
FIELDS = {
    "sensor": COMMON | {
        "device_class", "expire_after", "force_update", "last_reset_value_template", "options",
        "state_class", "state_topic", "suggested_display_precision", "unit_of_measurement", "value_template",
    },
    "binary_sensor": COMMON | {
        "device_class", "expire_after", "force_update", "off_delay", "payload_off", "payload_on",
        "state_topic", "value_template",
    },
    "event": COMMON | {"device_class", "event_types", "state_topic", "value_template"},
    # An image has no qos, as it has no state_topic.
    "image": (COMMON - {"qos"}) | {"content_type", "image_encoding", "image_topic", "url_template", "url_topic"},
}  # fmt: skip
NEEDED = {
    "sensor": {"state_topic"}, "binary_sensor": {"state_topic"}, "event": {"state_topic", "event_types"},
    "image": {"image_topic"},
}  # fmt: skip
DEVICE = {
    "configuration_url", "connections", "hw_version", "identifiers", "manufacturer", "model", "model_id",
    "name", "serial_number", "suggested_area", "sw_version", "via_device",
}  # fmt: skip
ORIGIN = {"name", "support_url", "sw_version"}
# homeassistant/components/mqtt/discovery.py: what follows the prefix.
TOPIC = re.compile(r"(?P<component>\w+)/(?:(?P<node_id>[a-zA-Z0-9_-]+)/)?(?P<object_id>[a-zA-Z0-9_-]+)/config")


def check_discovery(test, configs, prefix="homeassistant"):
    """All of them, by topic, are what Home Assistant takes, and no two are one entity."""
    unique = set()
    for topic, payload in configs.items():
        found = TOPIC.fullmatch(topic.removeprefix(prefix + "/"))
        test.assertIsNotNone(found, topic)
        component = found["component"]
        config = json.loads(payload)
        test.assertLessEqual(set(config), FIELDS[component], topic)
        test.assertLessEqual(NEEDED[component] | {"unique_id", "availability_topic"}, set(config), topic)
        test.assertLessEqual(set(config["device"]), DEVICE)
        test.assertTrue(config["device"]["identifiers"])
        test.assertLessEqual(set(config["origin"]), ORIGIN)
        test.assertIn("name", config["origin"])
        for field in ("state_topic", "image_topic", "availability_topic"):
            test.assertNotRegex(config.get(field, ""), "[+#\0]")
        test.assertNotIn((component, config["unique_id"]), unique)
        unique.add((component, config["unique_id"]))


class Broker:
    """Keeps nothing when it ends. `lines` are of its configuration."""

    def __init__(self, test, *lines, password=None, tls=None, port=None):
        self.test = test
        self.port = port or free_port("127.0.0.1")
        self.user = ("--username", "cam", "--pw", password) if password else ()
        self.tls = ("--cafile", str(tls[0])) if tls else ()
        self.host = "localhost" if tls else "127.0.0.1"
        self.lines = list(lines)
        self.secret = password
        self.certificate = tls
        self.child = None

    def start(self, folder):
        """Until it answers."""
        config = pathlib.Path(folder) / f"mosquitto-{self.port}.conf"
        lines = [f"listener {self.port} 127.0.0.1", "persistence false", "log_dest stderr", *self.lines]
        if self.secret:
            words = pathlib.Path(folder) / f"passwords-{self.port}"
            subprocess.run(["mosquitto_passwd", "-b", "-c", words, "cam", self.secret], check=True,
                           capture_output=True)  # fmt: skip
            lines += ["allow_anonymous false", f"password_file {words}"]
        else:
            lines.append("allow_anonymous true")
        if self.certificate:
            lines += [f"certfile {self.certificate[0]}", f"keyfile {self.certificate[1]}"]
        # As root Mosquitto would become another user, who cannot read the test's files.
        lines.append("user root")
        config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.child = subprocess.Popen(["/usr/sbin/mosquitto", "-c", config], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL)  # fmt: skip
        self.test.addCleanup(self.child.wait)
        self.test.addCleanup(self.child.kill)
        wait_until(lambda: self.publish("test/alive", "1").returncode == 0)
        return self

    def stop(self):
        self.child.kill()
        self.child.wait()

    def client(self, program, *words):
        return [program, "-h", self.host, "-p", str(self.port), *self.tls, *self.user, *words]

    def publish(self, topic, payload, *words):
        return subprocess.run(self.client("mosquitto_pub", "-t", topic, "-m", payload, "-q", "1", *words),
                              capture_output=True, timeout=cli.PATIENCE, check=False)  # fmt: skip

    def listen(self, *topics):
        return Listener(self.test, self, topics)

    def url(self):
        return f"mqtt{'s' if self.certificate else ''}://{self.host}:{self.port}"


class Listener:
    """All messages of some topics, in their order, until the test's end."""

    def __init__(self, test, broker, topics):
        self.messages = []  # (topic, payload, retained) each
        self.lock = threading.Lock()
        words = [word for topic in (*topics, "test/listening") for word in ("-t", topic)]
        self.child = subprocess.Popen(
            broker.client("mosquitto_sub", "-q", "1", "-F", "%r\t%x\t%t", *words), stdout=subprocess.PIPE)  # fmt: skip
        thread = threading.Thread(target=self.read)
        thread.start()
        test.addCleanup(self.child.stdout.close)
        test.addCleanup(thread.join)
        test.addCleanup(self.child.wait)
        test.addCleanup(self.child.kill)

        def heard():
            broker.publish("test/listening", "1")
            return any(topic == "test/listening" for topic, _, _ in self.all())

        wait_until(heard)

    def read(self):
        for line in self.child.stdout:
            retained, payload, topic = line.rstrip(b"\n").split(b"\t", 2)
            with self.lock:
                self.messages.append((topic.decode(), bytes.fromhex(payload.decode()), retained == b"1"))

    def all(self):
        with self.lock:
            return list(self.messages)

    def of(self, topic):
        """The payloads of one topic so far."""
        return [payload for each, payload, _ in self.all() if each == topic]

    def kept(self):
        """The last payload of each topic that has one."""
        last = {topic: payload for topic, payload, _ in self.all() if topic != "test/listening"}
        return {topic: payload for topic, payload in last.items() if payload}

    def await_last(self, topic, payload):
        wait_until(lambda: self.of(topic)[-1:] == [payload])


class OldBroker:
    """Speaks MQTT 3.1.1 alone, acknowledges everything and keeps nothing."""

    def __init__(self, test):
        self.levels = []  # of the protocols that were asked for
        self.sockets = []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        thread = threading.Thread(target=self.accept)
        thread.start()
        test.addCleanup(thread.join)
        test.addCleanup(self.close)

    def close(self):
        for each in (self.server, *self.sockets):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it is closed
            each.close()

    def accept(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            self.sockets.append(client)
            threading.Thread(target=self.answer, args=(client,), daemon=True).start()

    def answer(self, client):
        try:
            stream = client.makefile("rb")
            while first := stream.read(1):
                kind, size, shift = first[0] >> 4, 0, 0
                while True:
                    byte = stream.read(1)[0]
                    size |= (byte & 127) << shift
                    shift += 7
                    if byte < 128:
                        break
                packet = stream.read(size)
                if kind == 1:  # CONNECT: the protocol's name and level
                    self.levels.append(packet[6])
                    client.sendall(bytes([0x20, 2, 0, 0 if packet[6] == 4 else 1]))
                    if packet[6] != 4:
                        client.close()
                        return
                elif kind == 3:  # PUBLISH, with a number behind the topic
                    topic = int.from_bytes(packet[:2], "big")
                    client.sendall(bytes([0x40, 2]) + packet[2 + topic:4 + topic])
                elif kind == 8:  # SUBSCRIBE
                    client.sendall(bytes([0x90, 3]) + packet[:2] + b"\0")
                elif kind == 10:
                    client.sendall(bytes([0xB0, 2]) + packet[:2])
                elif kind == 12:
                    client.sendall(bytes([0xD0, 0]))
        except (OSError, IndexError):
            pass  # it has gone
