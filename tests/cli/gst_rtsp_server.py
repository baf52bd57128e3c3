"""An RTSP server of GStreamer's, run as a process of its own: `gst_rtsp_server.py PORT AUTH USER PASSWORD`
serves a moving ball in H.264 at /ball, to anybody or, with AUTH "basic" or "digest", to that user.
Port 0 is any. Prints its port once it listens."""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

# A key frame every half second. The size is one that no other source of the tests has.
PIPELINE = (
    "( videotestsrc is-live=true pattern=ball ! video/x-raw,width=336,height=240,framerate=20/1"
    " ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10"
    " ! rtph264pay name=pay0 config-interval=1 )"
)
ROLE = "viewer"


def protect(server, factory, method, user, password):
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", ROLE)
    if method == "digest":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(user, password, token)
    else:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_role(ROLE)
    for what in ("access", "construct"):
        permissions.add_permission_for_role(ROLE, "media.factory." + what, True)
    factory.set_permissions(permissions)


def main(port, method, user, password):
    Gst.init(None)
    for element in ("x264enc", "rtph264pay", "videotestsrc", "rtpbin", "udpsrc"):
        if Gst.ElementFactory.find(element) is None:
            sys.exit(f"GStreamer has no {element}")
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(PIPELINE)
    # Clients that share one encoder and begin at once end the server by an assertion of its own.
    factory.set_shared(False)
    if method != "none":
        protect(server, factory, method, user, password)
    server.get_mount_points().add_factory("/ball", factory)
    if server.attach(None) == 0:
        sys.exit("cannot listen")
    print(server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(*sys.argv[1:])
