"""Certificates that sign themselves."""

import subprocess


def make_certificate(certificate, key, *names):
    """Writes both as PEM; `names` as in subjectAltName: "DNS:localhost", "IP:127.0.0.1"."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=" + ",".join(names),
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True)  # fmt: skip


def make_expired_certificate(certificate, key):
    """Likewise; it was valid until yesterday."""
    made = subprocess.run(
        ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-subj", "/CN=test", "-keyout", key],
        check=True, capture_output=True)  # fmt: skip
    subprocess.run(["openssl", "x509", "-req", "-days", "-1", "-signkey", key, "-out", certificate],
                   check=True, capture_output=True, input=made.stdout)  # fmt: skip
