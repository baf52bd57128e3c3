"""Cameras over https, whose certificate comes from an authority of their owner."""

import socketserver
import ssl
import subprocess

import cli
import pictures
from camera_service import CameraServer, WithCameras
from certificate import make_certificate

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

    def test_where_it_is_of_no_use_it_is_an_error(self):
        authority, _ = self.certificate("authority", "DNS:authority")
        for url, why in (
            ("http://127.0.0.1/video", "does not begin with https://"),
            ("rtsps://127.0.0.1/stream", "checks no certificate"),
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
