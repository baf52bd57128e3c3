"""Cameras over https, whose certificate comes from an authority of their owner."""

import os
import shutil
import socketserver
import ssl
import subprocess
import threading

import cli
import pictures
import rtsp_camera
import streams
from camera_service import CameraServer, WithCameras
from certificate import make_certificate
from rtsp_camera import RtspCamera

QUICKLY = {"stall_after": "1s", "fps": 5.0}


class HttpsCamera(CameraServer):
    """Answers each request with a picture."""

    def __init__(self, test, certificate, key):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        photo = pictures.sample("messi5.jpg")

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                try:
                    with context.wrap_socket(self.request, server_side=True) as connection:
                        head = b""
                        while b"\r\n\r\n" not in head and (more := connection.recv(4096)):
                            head += more
                        connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n"
                                           b"Content-Length: %d\r\n\r\n" % len(photo) + photo)  # fmt: skip
                except OSError:
                    pass  # it does not trust us, or has gone

        self.listen(test, Handler)
        self.url = f"https://127.0.0.1:{self.port}/snapshot.jpg"


class Https(WithCameras):
    def certificate(self, name, *names):
        certificate, key = self.path(f"{name}.pem"), self.path(f"{name}.key")
        make_certificate(certificate, key, *names)
        return certificate, key

    def signed(self, authority, key, name, names):
        """A certificate that `authority` has signed, and its key."""
        own, request, certificate = (self.path(f"{name}.{end}") for end in ("key", "csr", "pem"))
        extensions = self.write(f"{name}.ext", f"subjectAltName={names}\n".encode())
        for words in (
            ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
             "/CN=camera", "-keyout", own, "-out", request],
            ["x509", "-req", "-in", request, "-CA", authority, "-CAkey", key, "-CAcreateserial",
             "-days", "2", "-extfile", extensions, "-out", certificate],
        ):  # fmt: skip
            subprocess.run(["openssl", *words], check=True, capture_output=True)
        return certificate, own

    def test_whom_the_camera_is_taken_for(self):
        authority, key = self.certificate("authority", "DNS:authority")
        stranger, _ = self.certificate("stranger", "DNS:stranger")
        of_authority = HttpsCamera(self, *self.signed(authority, key, "signed", "IP:127.0.0.1"))
        alone, alone_key = self.certificate("alone", "IP:127.0.0.1")
        self_signed = HttpsCamera(self, alone, alone_key)
        elsewhere = HttpsCamera(self, *self.signed(authority, key, "other", "DNS:elsewhere"))
        broken = self.write("broken.pem", b"no certificate\n")
        service = self.serve({
            "signed": {"url": of_authority.url, "ca_file": authority, **QUICKLY},
            "alone": {"url": self_signed.url, "ca_file": alone, **QUICKLY},
            "system": {"url": of_authority.url, **QUICKLY},
            "stranger": {"url": of_authority.url, "ca_file": stranger, **QUICKLY},
            "elsewhere": {"url": elsewhere.url, "ca_file": authority, **QUICKLY},
            "broken": {"url": of_authority.url, "ca_file": broken, **QUICKLY},
        })  # fmt: skip
        for camera in ("signed", "alone"):
            self.wait_for_state(service, camera, lambda state: state["looked_at"] > 1)
        for camera, why in (
            ("system", "an authority that this system trusts"),
            ("stranger", "does not lead to ca_file"),
            ("elsewhere", "its certificate is not for 127.0.0.1"),
            ("broken", "ca_file cannot be read as certificates in PEM"),
        ):
            with self.subTest(camera):
                state = self.wait_for_state(service, camera, lambda state: state.get("error"))
                self.assertIn(why, state["error"])
                self.assertEqual((state["connected"], state["looked_at"]), (False, 0))

    def test_what_is_wrong_with_tls_is_told_once_and_by_its_name(self):
        authority, key = self.certificate("authority", "DNS:authority")
        stranger, _ = self.certificate("stranger", "DNS:stranger")
        camera = HttpsCamera(self, *self.signed(authority, key, "signed", "IP:127.0.0.1"))
        hung = CameraServer()
        hung.listen(self, lambda *_: hung.stay())
        hung_url = f"https://127.0.0.1:{hung.port}/x.jpg"
        changing = self.path("changing.pem")
        shutil.copy(authority, changing)
        service = self.serve({
            "changing": {"url": camera.url, "ca_file": changing, **QUICKLY},
            "hung": {"url": hung_url, "ca_file": authority, **QUICKLY},
        })  # fmt: skip

        def error_of(name, words):
            state = self.wait_for_state(
                service, name, lambda state: words in state.get("error", ""))
            return state["error"]

        self.assertEqual(error_of("hung", "handshake"), (
            f"{hung_url}: it takes the connection and does not answer the TLS handshake within "
            "1000 ms: perhaps this port speaks no TLS"))
        self.wait_for_state(service, "changing", lambda state: state["looked_at"] > 1)
        shutil.copy(stranger, changing)
        self.assertTrue(error_of("changing", "lead to").startswith(f"{camera.url}: its certificate"))
        os.unlink(changing)
        self.assertEqual(
            error_of("changing", "No such"),
            f"{camera.url}: ca_file {changing} cannot be read: No such file or directory")

    def test_whom_the_camera_is_taken_for_over_rtsps(self):
        authority, key = self.certificate("authority", "DNS:authority")
        stranger, _ = self.certificate("stranger", "DNS:stranger")
        moving = rtsp_camera.h264(160, 120)

        def camera(certificate, key):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            made = RtspCamera(
                self, tls=context, answers={"DESCRIBE": login},
                play=lambda connection: rtsp_camera.send(connection, made.stopped,
                                                         rtsp_camera.forever(moving)))  # fmt: skip
            return made

        def login(connection, number, head):
            if "Authorization: Digest" not in head:
                rtsp_camera.respond(connection, number, "401 Unauthorized",
                                    'WWW-Authenticate: Digest realm="x", nonce="0a"\r\n')  # fmt: skip
                return True
            rtsp_camera.respond(connection, number, "200 OK", "Content-Type: application/sdp\r\n",
                                rtsp_camera.SDP)  # fmt: skip
            return True

        known = camera(*self.signed(authority, key, "signed", "IP:127.0.0.1"))
        elsewhere = camera(*self.signed(authority, key, "other", "DNS:elsewhere"))
        plain = RtspCamera(self, play=lambda connection: None)
        password = self.write("password", b"secret word\n")

        def keys(of, authority):
            return {"url": of.url("me@", "rtsps") + "?channel=1", "ca_file": authority,
                    "password_file": password, "stall_after": "2s"}  # fmt: skip

        service = self.serve({
            "known": keys(known, authority),
            "stranger": keys(known, stranger),
            "elsewhere": keys(elsewhere, authority),
            "plain": keys(plain, authority),
            "broken": keys(known, self.write("broken.pem", b"no certificate\n")),
        })  # fmt: skip
        self.wait_for_state(service, "known", lambda state: state["looked_at"] > 1)
        for name, why in (
            ("stranger", "does not lead to ca_file"),
            ("elsewhere", "its certificate is not for 127.0.0.1"),
            ("plain", "its port speaks no TLS"),
            ("broken", "ca_file cannot be read as certificates in PEM"),
        ):
            with self.subTest(name):
                state = self.wait_for_state(service, name, lambda state: state.get("error"))
                self.assertIn(why, state["error"])
                self.assertEqual((state["connected"], state["looked_at"]), (False, 0))
        self.assertEqual((elsewhere.heads, plain.heads), ([], []))
        describes = [head for head in known.heads if head.startswith("DESCRIBE")]
        self.assertIn("/stream?channel=1 RTSP/1.0", describes[0])
        self.assertIn("Authorization: Digest", describes[1])
        self.assertNotIn("secret word", self.said(service))
        self.assertEqual(service.stop(), 0)

    def test_a_stop_says_goodbye_over_rtsps_too(self):
        certificate, key = self.certificate("alone", "IP:127.0.0.1")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)

        sent = threading.Event()

        def play(connection, number, _head):
            camera.answer(connection, "PLAY", number)
            rtsp_camera.send(connection, camera.stopped, moving)
            sent.set()
            return True

        moving = rtsp_camera.h264(160, 120)
        camera = RtspCamera(self, tls=context, answers={"PLAY": play})
        service = self.serve({"door": {"url": camera.url(scheme="rtsps"), "ca_file": certificate,
                                       "stall_after": "1h"}})  # fmt: skip
        self.assertTrue(sent.wait(cli.PATIENCE))
        self.assertEqual(service.stop(), 0)
        streams.wait_until(lambda: any("TEARDOWN " in head for head in camera.heads))

    def test_where_it_is_of_no_use_it_is_an_error(self):
        authority, _ = self.certificate("authority", "DNS:authority")
        for url, why in (
            ("http://127.0.0.1/video", "begins neither with https:// nor"),
            ("rtsp://127.0.0.1/stream", "nor with rtsps://"),
        ):
            name = self.configure({"door": {"url": url, "ca_file": authority}})
            result = cli.run("validate-config", name)
            self.assertEqual(result.returncode, 65, result.err)
            self.assertIn("camera.door.ca_file", result.err)
            self.assertIn(why, result.err)
        name = self.configure({"door": {"url": "https://127.0.0.1/", "ca_file": self.path("nowhere")}})
        result = cli.run("validate-config", name)
        self.assertIn("nowhere cannot be read", result.err)


if __name__ == "__main__":
    cli.main()
