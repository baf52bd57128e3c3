"""Events, counts and pictures at an MQTT broker, which may be away, hang or refuse."""

import json
import signal
import socketserver

import jsonschema

import cli
from camera_service import CameraServer
from certificate import make_certificate
from crossing import COMES, FOLLOWING, GOES, post, scene
from event_history import SCHEMA
from event_snapshots import WithSnapshots
from mqtt_broker import Broker, OldBroker, check_discovery
from streams import wait_until

PASSWORD = "canary-4711"
INVALID = 65


class WithBroker(WithSnapshots):
    def broker(self, *lines, **options):
        return Broker(self, *lines, **options).start(self.folder)

    def serve_mqtt(self, url, *words, pictures=True, history=False, **options):
        kept = ("--set", f"events.snapshots={self.kept}") if pictures else ()
        return self.serve_history("--set", f"mqtt.url={url}", *kept, *words, history=history, **options)

    def await_login(self, service, times=1):
        wait_until(lambda: service.metric("sampleproc_mqtt_logins_total") >= times)

    def await_reason(self, service, words):
        """Of the broker's condition, at its beginning or now: on a busy machine it may have begun with
        a broker that was slow."""

        def told():
            reasons = [line["reason"] for line in service.log()
                       if line.get("condition") == "mqtt" and "reason" in line]  # fmt: skip
            reasons.append(service.conditions().get(("mqtt", ""), ""))
            return next((reason for reason in reasons if words in reason), None)

        return wait_until(told)

    def await_calm(self, service):
        """How often the condition has begun, when each time has had its end."""

        def calm():
            begun, ended = service.told("mqtt")
            return begun == ended and ("mqtt", "") not in service.conditions()

        wait_until(calm)
        return service.told("mqtt")[0]

    def lives(self, listener, camera="door"):
        """The types of its events so far, without updates."""
        events = [json.loads(payload) for payload in listener.of(f"sampleproc/{camera}/event")]
        return [event["type"] for event in events if event["type"] != "update"]

    def secret(self, text=PASSWORD):
        path = self.folder / "mqtt-password"
        path.write_text(text + "\n", encoding="utf-8")
        path.chmod(0o600)
        return path


class Published(WithBroker):
    def test_counts_go_up_and_back_and_events_pictures_and_availability_come(self):
        broker = self.broker()
        listener = broker.listen("sampleproc/#")
        service = self.serve_mqtt(broker.url())
        listener.await_last("sampleproc/availability", b"online")
        # Of a count only the last is sent, so it has to be seen before it changes again.
        post(self, service, "door", COMES)
        listener.await_last("sampleproc/door/motion", b"1")
        post(self, service, "door", GOES, first=len(COMES))
        wait_until(lambda: self.lives(listener) == ["new", "end"])
        listener.await_last("sampleproc/door/motion", b"0")
        events = [json.loads(payload) for payload in listener.of("sampleproc/door/event")]
        for event in events:
            jsonschema.validate(event, SCHEMA)
        picture = self.await_snapshot(service, events[-1]).body
        listener.await_last("sampleproc/door/snapshot", picture)
        self.assertEqual(service.stop(), 0)
        listener.await_last("sampleproc/availability", b"offline")
        # Events are not kept, all else is.
        after = broker.listen("sampleproc/#").kept()
        self.assertEqual(after, {"sampleproc/availability": b"offline", "sampleproc/door/motion": b"0",
                                 "sampleproc/gate/motion": b"0", "sampleproc/door/snapshot": picture})  # fmt: skip

    def test_a_stop_in_the_middle_of_an_event_ends_it(self):
        broker = self.broker()
        listener = broker.listen("sampleproc/#")
        service = self.serve_mqtt(broker.url(), pictures=False)
        self.cross(service, scenes=COMES)
        listener.await_last("sampleproc/door/motion", b"1")
        self.assertEqual(service.stop(), 0)
        listener.await_last("sampleproc/availability", b"offline")
        self.assertEqual(self.lives(listener), ["new", "end"])
        self.assertEqual(listener.of("sampleproc/door/motion")[-1], b"0")
        last = json.loads(listener.of("sampleproc/door/event")[-1])
        self.assertEqual(last["reason"], "shutdown")

    def test_a_killed_service_is_told_to_be_offline_and_its_counts_do_not_stay(self):
        broker = self.broker()
        listener = broker.listen("sampleproc/#")
        service = self.serve_mqtt(broker.url(), pictures=False)
        self.cross(service, scenes=COMES)
        listener.await_last("sampleproc/door/motion", b"1")
        service.stop(signal.SIGKILL)
        listener.await_last("sampleproc/availability", b"offline")
        self.assertEqual(listener.of("sampleproc/door/motion")[-1], b"1")
        # What the broker kept of cameras is found again, although no configuration names them.
        self.serve_mqtt(broker.url(), pictures=False)
        listener.await_last("sampleproc/availability", b"online")
        listener.await_last("sampleproc/door/motion", b"0")

    def test_counts_of_a_killed_service_are_found_without_discovery_too(self):
        broker = self.broker()
        listener = broker.listen("sampleproc/#")
        service = self.serve_mqtt(broker.url(), "--set", "mqtt.discovery=false", pictures=False)
        self.cross(service, scenes=COMES)
        listener.await_last("sampleproc/door/motion", b"1")
        service.stop(signal.SIGKILL)
        broker.publish("sampleproc/notes/mine", "keep this", "-r")
        self.serve_mqtt(broker.url(), "--set", "mqtt.discovery=false", pictures=False)
        listener.await_last("sampleproc/door/motion", b"0")
        self.assertEqual(listener.of("sampleproc/notes/mine"), [b"keep this"])

    def test_who_says_that_a_running_service_is_offline_is_corrected(self):
        broker = self.broker()
        listener = broker.listen("sampleproc/availability")
        service = self.serve_mqtt(broker.url(), pictures=False)
        listener.await_last("sampleproc/availability", b"online")
        self.await_login(service)
        broker.publish("sampleproc/availability", "offline", "-r")
        wait_until(lambda: listener.of("sampleproc/availability")[-2:] == [b"offline", b"online"])


    def test_a_camera_that_the_service_watches_itself_is_published_too(self):
        frames = self.folder / "frames"
        frames.mkdir()
        for number, picture in enumerate(COMES + GOES):
            (frames / f"{number:03}.png").write_bytes(picture)
        config = self.folder / "camera.toml"
        config.write_text(f'[camera.yard]\nurl = "{frames}"\nfps = 10\nloop = true\n', encoding="utf-8")
        broker = self.broker()
        listener = broker.listen("sampleproc/#")
        self.serve("--config", str(config), *FOLLOWING, *cli.NO_HURRY, "--set", f"mqtt.url={broker.url()}")
        # Where pictures were left out one track may become two.
        wait_until(lambda: "end" in self.lives(listener, "yard"))
        self.assertEqual(self.lives(listener, "yard")[0], "new")
        wait_until(lambda: b"1" in listener.of("sampleproc/yard/motion"))

    def test_what_a_crash_left_open_ends_with_a_history(self):
        broker = self.broker()
        listener = broker.listen("sampleproc/#")
        service = self.serve_mqtt(broker.url(), pictures=False, history=True)
        self.cross(service, scenes=COMES)
        self.await_events(service, ["new"])
        wait_until(lambda: self.lives(listener) == ["new"])
        service.stop(signal.SIGKILL)
        self.serve_mqtt(broker.url(), pictures=False, history=True)
        wait_until(lambda: self.lives(listener) == ["new", "end"])
        last = json.loads(listener.of("sampleproc/door/event")[-1])
        self.assertEqual(last["reason"], "restart")
        listener.await_last("sampleproc/door/motion", b"0")


class Discovery(WithBroker):
    def configs(self, broker):
        return {topic: payload for topic, payload in broker.listen("homeassistant/#").kept().items()
                if topic.endswith("/config")}  # fmt: skip

    def test_each_camera_and_class_is_an_entity_as_home_assistant_takes_it(self):
        broker = self.broker()
        service = self.serve_mqtt(broker.url())
        self.cross(service)
        wait_until(lambda: len(self.configs(broker)) == 8)
        configs = self.configs(broker)
        check_discovery(self, configs)
        both = {f"homeassistant/{kind}/sampleproc/{camera}/config" for kind in ("event", "image")
                for camera in ("door", "gate")}  # fmt: skip
        classes = {f"homeassistant/{kind}/sampleproc/{camera}_-motion/config"
                   for kind in ("sensor", "binary_sensor") for camera in ("door", "gate")}  # fmt: skip
        self.assertEqual(set(configs), both | classes)
        count = json.loads(configs["homeassistant/sensor/sampleproc/door_-motion/config"])
        self.assertEqual(count["state_topic"], "sampleproc/door/motion")
        self.assertEqual(count["availability_topic"], "sampleproc/availability")
        self.assertEqual(count["device"]["name"], "door")
        picture = json.loads(configs["homeassistant/image/sampleproc/door/config"])
        self.assertEqual(picture["image_topic"], "sampleproc/door/snapshot")

    def test_it_comes_again_when_home_assistant_starts(self):
        broker = self.broker()
        service = self.serve_mqtt(broker.url())
        listener = broker.listen("homeassistant/+/sampleproc/+/config", "sampleproc/#")
        listener.await_last("sampleproc/gate/motion", b"0")
        self.await_login(service)
        topic = "homeassistant/event/sampleproc/gate/config"
        wait_until(lambda: listener.of(topic))
        before = len(listener.of(topic))
        broker.publish("homeassistant/status", "offline")
        broker.publish("homeassistant/status", "online")
        wait_until(lambda: len(listener.of(topic)) > before)
        self.assertEqual(len(set(listener.of(topic))), 1)

    def test_a_reload_brings_cameras_and_takes_them(self):
        broker = self.broker()
        config = self.folder / "reloaded.toml"
        config.write_text('[camera.first]\nclasses = ["motion"]\n', encoding="utf-8")
        service = self.serve("--config", str(config), *FOLLOWING, "--set", f"mqtt.url={broker.url()}")
        wait_until(lambda: len(self.configs(broker)) == 3)
        config.write_text('[camera.second]\nclasses = ["motion"]\n', encoding="utf-8")
        service.child.send_signal(signal.SIGHUP)
        service.wait_for("reloaded")
        wait_until(lambda: [topic for topic in self.configs(broker) if "second" in topic])
        wait_until(lambda: not [topic for topic in broker.listen("#").kept() if "first" in topic])
        check_discovery(self, self.configs(broker))

    def test_all_is_back_when_a_broker_that_keeps_nothing_is(self):
        broker = self.broker()
        service = self.serve_mqtt(broker.url())
        listener = broker.listen("sampleproc/#")
        self.cross(service)
        wait_until(lambda: self.lives(listener) == ["new", "end"])
        listener.await_last("sampleproc/door/motion", b"0")
        wait_until(lambda: listener.of("sampleproc/door/snapshot"))
        wait_until(lambda: service.metric("sampleproc_snapshots_waiting") == 0)

        def kept():
            return {topic: payload for topic, payload in broker.listen("#").kept().items()
                    if not topic.startswith("test/")}  # fmt: skip

        wait_until(lambda: len(kept()) == 12)
        before = kept()
        times = self.await_calm(service)
        broker.stop()
        wait_until(lambda: service.told("mqtt") == (times + 1, times))
        broker.start(self.folder)
        wait_until(lambda: kept() == before)
        wait_until(lambda: service.conditions() == {})
        self.await_calm(service)

    def test_names_that_mean_something_in_topics_are_names(self):
        broker = self.broker()
        listener = broker.listen("#")
        service = self.serve_mqtt(broker.url(), pictures=False)
        cameras = ["a/b", "a_2fb", "+", "#", "$SYS", "a b", "h\u00f6f", "event", "%2F", "x" * 240]
        for camera in cameras:
            self.cross(service, camera=camera)
        wait_until(lambda: service.metric('sampleproc_mqtt_published_total{kind="event"}')
                   >= 2 * len(cameras))  # fmt: skip
        self.assertEqual(service.stop(), 0)
        listener.await_last("sampleproc/availability", b"offline")
        events = {}
        for topic, payload, _ in listener.all():
            if topic.startswith("sampleproc/") and topic.endswith("/event"):
                self.assertEqual(topic.count("/"), 2)
                self.assertNotRegex(topic, "[+#$\t]")
                events.setdefault(topic, set()).add(json.loads(payload)["camera_id"])
        self.assertEqual(sorted(camera for ids in events.values() for camera in ids), sorted(cameras))
        self.assertEqual(len(events), len(cameras))
        configs = self.configs(broker)
        check_discovery(self, configs)
        self.assertEqual(len([topic for topic in configs if "/event/" in topic]), len(cameras) + 1)

    def test_invented_cameras_make_no_more_topics_than_there_are_places(self):
        broker = self.broker()
        service = self.serve_mqtt(broker.url(), "--set", "process.motion.max_cameras=2", pictures=False)
        listener = broker.listen("sampleproc/#")
        for number in range(6):
            self.cross(service, camera=f"invented-{number}")
        self.await_login(service)
        self.cross(service, camera="gate")
        wait_until(lambda: self.lives(listener, "gate") == ["new", "end"])
        self.assertEqual(service.stop(), 0)
        kept = set(broker.listen("sampleproc/#").kept())
        self.assertIn("sampleproc/gate/motion", kept)
        self.assertLessEqual(len([topic for topic in kept if "invented" in topic]), 2)
        self.assertLessEqual(len(self.configs(broker)), 3 + 2 * 3)


class Faults(WithBroker):
    def assert_frames_go_on(self, service):
        answer = service.post_json(scene(None), camera_id="other")
        self.assertEqual(answer.status, 200)

    def test_a_broker_that_never_answers_costs_nothing_and_gets_all_later(self):
        hung = CameraServer()
        hung.listen(self, lambda *_: hung.stay())
        port = hung.port
        service = self.serve_mqtt(f"mqtt://127.0.0.1:{port}", pictures=False)
        self.cross(service)
        reason = service.wait_for_condition("mqtt")["reason"]
        self.assertIn(f"mqtt://127.0.0.1:{port}", reason)
        self.assertIn("answer", reason)
        self.assert_frames_go_on(service)
        self.assertIn(("mqtt", ""), service.conditions())
        self.assertGreaterEqual(service.metric("sampleproc_mqtt_waiting_messages"), 2)
        # Nobody waits for it at the end either, and what it has not got is told.
        self.assertEqual(service.stop(), 1)
        self.assertGreaterEqual(service.wait_for("shutdown: done")["mqtt_lost"], 2)

    def test_a_broker_that_is_back_is_watched_for_a_while_and_that_is_told(self):
        logins = []
        broker = CameraServer()

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                logins.append(self.request.recv(4096))
                if len(logins) > 1:  # each login is taken, and nothing else is answered
                    self.request.sendall(bytes.fromhex("20020000"))
                    broker.stay()

        broker.listen(self, Handler)
        service = self.serve_mqtt(f"mqtt://127.0.0.1:{broker.port}", pictures=False)
        reason = self.await_reason(service, "; it is connected again, and watched until")
        self.assertIn(f"mqtt://127.0.0.1:{broker.port}", reason)

    def test_what_happens_while_the_broker_is_away_comes_when_it_is_back(self):
        broker = self.broker()
        broker.stop()
        service = self.serve_mqtt(broker.url(), pictures=False)
        self.await_reason(service, "refused")
        self.cross(service)
        wait_until(lambda: service.told("mqtt") == (1, 0))
        broker.start(self.folder)
        service.wait_for_condition("mqtt", "condition ends")
        wait_until(lambda: service.metric("sampleproc_mqtt_waiting_messages") == 0)
        self.assertGreaterEqual(service.metric('sampleproc_mqtt_published_total{kind="event"}'), 2)
        self.assertEqual(service.metric('sampleproc_mqtt_dropped_total{kind="event"}'), 0)
        self.await_calm(service)
        listener = broker.listen("sampleproc/#")
        listener.await_last("sampleproc/door/motion", b"0")

    def test_a_broker_that_stops_in_the_middle_is_told_of_and_its_end_too(self):
        broker = self.broker()
        listener = broker.listen("sampleproc/#")
        service = self.serve_mqtt(broker.url(), pictures=False)
        listener.await_last("sampleproc/availability", b"online")
        self.await_login(service)
        broker.child.send_signal(signal.SIGSTOP)
        self.cross(service)
        self.await_reason(service, "acknowledged")
        self.assert_frames_go_on(service)
        broker.child.send_signal(signal.SIGCONT)
        wait_until(lambda: ("mqtt", "") not in service.conditions())
        wait_until(lambda: self.lives(listener)[-1:] == ["end"])
        self.assertEqual(service.stop(), 0)

    def test_a_broker_that_takes_no_message_is_told_and_so_is_its_end(self):
        access = self.folder / "access"
        access.write_text("topic readwrite test/#\n", encoding="utf-8")
        broker = self.broker(f"acl_file {access}")
        service = self.serve_mqtt(broker.url(), pictures=False)
        reason = self.await_reason(service, "refuses messages")
        self.assertIn("sampleproc/availability", reason)
        self.assertIn("not authorised", reason)
        self.cross(service)
        wait_until(lambda: service.metric('sampleproc_mqtt_dropped_total{kind="refused"}') >= 5)
        wait_until(lambda: service.metric("sampleproc_mqtt_waiting_messages") == 0)
        for kind in ("event", "state"):
            self.assertEqual(service.metric(f'sampleproc_mqtt_published_total{{kind="{kind}"}}'), 0)
        self.assert_frames_go_on(service)
        # What it should keep comes by itself once it may.
        access.write_text("topic readwrite #\n", encoding="utf-8")
        broker.child.send_signal(signal.SIGHUP)
        listener = broker.listen("sampleproc/#")
        listener.await_last("sampleproc/availability", b"online")
        listener.await_last("sampleproc/door/motion", b"0")
        service.wait_for_condition("mqtt", "condition ends")
        self.assertEqual(service.stop(), 0)

    def test_a_broker_that_speaks_the_older_protocol_alone_is_served(self):
        old = OldBroker(self)
        service = self.serve_mqtt(f"mqtt://127.0.0.1:{old.port}", pictures=False)
        self.await_login(service)
        wait_until(lambda: [4, 5] == sorted(set(old.levels)))
        self.await_calm(service)

    def test_a_refused_login_is_told_and_ends_with_the_right_password(self):
        broker = self.broker(password=PASSWORD)
        service = self.serve_mqtt(
            broker.url(), "--set", "mqtt.username=cam", "--set",
            f"mqtt.password_file={self.secret('wrong-' + PASSWORD)}", pictures=False)  # fmt: skip
        reason = self.await_reason(service, "refuses the login")
        self.assertIn("mqtt.password_file", reason)
        self.assert_frames_go_on(service)
        wait_until(lambda: service.told("mqtt") == (1, 0))
        self.secret()
        service.wait_for_condition("mqtt", "condition ends")
        self.await_login(service)
        self.await_calm(service)
        self.assertEqual(service.stop(), 0)
        self.assertNotIn(PASSWORD, "".join(service.lines))

    def test_tls_is_spoken_with_whom_the_authorities_know(self):
        certificates = []
        for name in ("broker", "other"):
            certificate, key = (self.folder / f"{name}.{kind}" for kind in ("pem", "key"))
            make_certificate(str(certificate), str(key), "DNS:localhost")
            certificates.append((certificate, key))
        broker = self.broker(tls=certificates[0])
        self.assertTrue(broker.url().startswith("mqtts://localhost:"))
        listener = broker.listen("sampleproc/#")
        service = self.serve_mqtt(broker.url(), "--set", f"mqtt.ca={certificates[0][0]}")
        listener.await_last("sampleproc/availability", b"online")
        self.cross(service)
        wait_until(lambda: self.lives(listener) == ["new", "end"])
        wait_until(lambda: listener.of("sampleproc/door/snapshot"))
        self.assertEqual(service.stop(), 0)
        for words in (("--set", f"mqtt.ca={certificates[1][0]}"), ()):
            service = self.serve_mqtt(broker.url(), *words, pictures=False)
            self.await_reason(service, "certificate")
            self.assertEqual(service.stop(), 0)
        # The name in the certificate counts.
        service = self.serve_mqtt(f"mqtts://127.0.0.1:{broker.port}", "--set",
                                  f"mqtt.ca={certificates[0][0]}", pictures=False)  # fmt: skip
        service.wait_for_condition("mqtt")
        self.assertEqual(service.metric("sampleproc_mqtt_logins_total"), 0)


class Configured(WithBroker):
    def validate(self, *words):
        tracks = ("--set", "process.pipeline=motion,track", "--set", "process.track.classes=motion")
        return cli.run("validate-config", *tracks, *words)

    def test_a_login_is_tried_when_asked_for(self):
        broker = self.broker(password=PASSWORD)
        words = ("--set", f"mqtt.url={broker.url()}", "--set", "mqtt.username=cam")
        given = self.validate(*words, "--set", f"mqtt.password_file={self.secret()}", "--online")
        self.assertEqual(given.returncode, 0, given.stderr)
        self.assertIn(b"takes the login", given.stdout + given.stderr)
        given = self.validate(*words, "--set", f"mqtt.password_file={self.secret('no')}", "--online")
        self.assertEqual(given.returncode, INVALID)
        self.assertIn(b"refuses the login", given.stdout + given.stderr)
        broker.stop()
        given = self.validate(*words, "--set", f"mqtt.password_file={self.secret()}", "--online")
        self.assertEqual(given.returncode, 0, given.stderr)
        self.assertIn(b"refused", given.stdout + given.stderr)

    def test_a_url_with_a_password_is_refused_and_not_repeated(self):
        for url in (f"mqtt://cam:{PASSWORD}@broker", f"mqtt://{PASSWORD}@broker:1883/"):
            given = self.validate("--set", f"mqtt.url={url}")
            self.assertEqual(given.returncode, INVALID, given.stdout)
            told = given.stdout + given.stderr
            self.assertIn(b"mqtt.password_file", told)
            self.assertNotIn(PASSWORD.encode(), told)

    def test_urls(self):
        for url in ("mqtt://broker", "mqtts://[::1]:8883", "mqtt://[2001:db8::7]", "mqtt://10.0.0.1:1883/"):
            self.assertEqual(self.validate("--set", f"mqtt.url={url}").returncode, 0, url)
        for url in ("broker", "broker:1883", "tcp://broker", "ws://broker", "mqtt://", "mqtt://broker:0",
                    "mqtt://broker:99999", "mqtt://broker/path", "mqtt://broker?x=1"):  # fmt: skip
            self.assertEqual(self.validate("--set", f"mqtt.url={url}").returncode, INVALID, url)
        for topic in ("a/#", "+", "/a", "a/", "a//b", "$SYS", "homeassistant/x"):
            words = ("--set", "mqtt.url=mqtt://broker", "--set", f"mqtt.topic={topic}")
            self.assertEqual(self.validate(*words).returncode, INVALID, topic)


if __name__ == "__main__":
    cli.main()
