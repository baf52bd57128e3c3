"""Connections on which a test asks and awaits the answer, as many at once as it likes."""

import socket

import cli


async def answer(loop, peer):
    received = b""
    while b"\r\n\r\n" not in received:
        received += await piece(loop, peer)
    head, _, body = received.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    while len(body) < int(fields[b"content-length"]):
        body += await piece(loop, peer)
    return int(head[9:12]), fields


async def piece(loop, peer):
    received = await loop.sock_recv(peer, 65536)
    if not received:
        raise AssertionError("closed without an answer")
    return received


def connect(port):
    peer = socket.create_connection(("127.0.0.1", port), cli.PATIENCE)
    peer.setblocking(False)
    return peer
