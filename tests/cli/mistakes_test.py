"""Mistakes that people make, and the words that help: what was wrong, where, what would be right.

Each row is a mistake that somebody has made with this or a similar program, its exit code or status,
and words that have to be in what is said. No row may show CLI11's own sentences, a secret, or an
error without a name in it.
"""

import base64
import os
import re
import subprocess
import tempfile

import cli
import pictures
from service import Service

PHOTO = pictures.sample_path("messi5.jpg")

# Words of the command line; exit code; what must be said.
COMMAND_LINE = [
    ("", 2, ["Usage: sampleproc COMMAND"]),
    ("proces-file x.jpg", 2, ["unknown command 'proces-file'", "did you mean 'process-file'?"]),
    ("photo.jpg", 2, ["unknown command 'photo.jpg'", "sampleproc --help"]),
    ("/etc/passwd", 2, ["unknown command '/etc/passwd'", "sampleproc process-file /etc/passwd"]),
    ("process x.jpg", 2, ["unknown command 'process'; did you mean 'process-file'?"]),
    ("--verison", 2, ["unknown option '--verison'", "--version"]),
    ("serve --prot 9000", 2, ["unknown option '--prot'", "did you mean '--port'?"]),
    ("version", 2, ["unknown command 'version'; did you mean '--version'?"]),
    ("run", 2, ["did you mean 'serve'?"]),
    ("detect x.jpg", 2, ["did you mean 'process-file'?"]),
    ("-v", 2, ["did you mean '-V'?"]),
    ("-pS3cret serve", 2, ["unknown option '-p' here", "sampleproc serve -p\n"]),
    ("serve -pS3cret", 2, ["unknown option '-p'\n"]),
    ("serve --sett:consumer.redis.password:s3cret", 2, ["'--sett'; did you mean '--set'?\n"]),
    ("--set:a:s3cret serve", 2, ["unknown option '--set' here", "sampleproc serve --set\n"]),
    ("-- serve", 2, ["'--' stands behind the command"]),
    ("health --url http://localhost", 3, ["'--url'; did you mean --host ADDRESS --port PORT?"]),
    ("health http://localhost", 3, ["did you mean --host ADDRESS --port PORT?"]),
    ("--config x.toml serve", 2, ["unknown option '--config' here", "sampleproc serve --config"]),
    ("serve --workers 3", 2, ["did you mean --set process.workers=...?"]),
    ("process-file x.jpg --threshold 0.3", 2, ["did you mean --set process.detection_threshold=...?"]),
    ("process-file README -o nosuch/x", 74, ["the output file nosuch/x: No such file or directory"]),
    ("serve --log-level debug", 2, ["did you mean --set telemetry.log_level=...?"]),
    ("serve x.toml", 2, ["unexpected argument 'x.toml'; did you mean --config x.toml?"]),
    ("serve --port", 2, ["--port needs a value", "--port PORT"]),
    ("serve --port 1 --port 2", 2, ["--port is given more than once"]),
    ("serve --port 99999", 2, ["http.port", "99999", "0 to 65535"]),
    ("serve --port abc", 2, ["--port", '"abc"', "whole number"]),
    ("serve --host http://0.0.0.0:8099", 2, ["http.host", "URL", "the port is http.port"]),
    ("serve --host [::1]", 2, ["http.host", "brackets"]),
    ("serve photo.jpg", 2, ["unexpected argument 'photo.jpg'"]),
    ("serve --config nosuch.toml", 78, ["nosuch.toml", "No such file"]),
    ("serve --set http.prot=1", 2, ["http.prot", "no such key", "http.port"]),
    ("serve --set http.port", 2, ["--set needs KEY=VALUE"]),
    ("serve --set http.max_request_bytes=10mb", 2, ["10mb", "MiB for powers of 1024", "MB"]),
    ("serve --set http.max_request_bytes=10M", 2, ["10M", "MiB for powers of 1024"]),
    ("serve --set process.deadline=10sec", 2, ["10sec", "units are ms, s, m and h"]),
    ("serve --set process.deadline=-1s", 2, ["process.deadline", "out of range"]),
    ("serve --set process.pipeline=stats,face", 2, ['"face"', 'did you mean "faces"?']),
    ("serve --set telemetry.log_level=verbose", 2, ["log_level", "debug, info, warning, error"]),
    ("serve --set http.host=lo", 78, ["http.host", "lo is the name of a network interface"]),
    ("serve --set http.host=nosuch.invalid", 69, ["nosuch.invalid", "resolves"]),
    ("serve --port 0 --set events.history=.", 78, ["events.history: .", "Is a directory"]),
    ("serve --port 0 --set events.history=README", 78, ["events.history: README", "not a database"]),
    ("serve --port 0 --set consumer.sinks=file --set consumer.file.path=.", 78,
     ["consumer.file.path: .", "folder"]),
    ("serve --set consumer.sinks=file --set consumer.file.path=x --set events.history=x", 2,
     ["consumer.file.path: the file is also events.history x"]),
    ("validate-config --set http.host=lo", 65, ["http.host", "network interface"]),
    ("validate-config --set events.history=README", 65, ["events.history", "not a database"]),
    ("validate-config --set events.history=x --set http.unix_socket=x", 65,
     ["http.unix_socket: the socket is also events.history x"]),
    ("process-file", 2, ["no input", "--files-from"]),
    ("process-file nosuch.jpg", 65, ["nosuch.jpg", "No such file"]),
    ("process-file no*.jpg", 65, ["cannot read no*.jpg: No such file", "no file fits it"]),
    ("process-file x.jpg --out y", 2, ["unknown option '--out'; did you mean '--output'?"]),
    ("process-file x.jpg --output-file y", 2, ["did you mean '--output'?"]),
    ("process-file x.jpg --pipeline all", 2, ['"all" is no step', "steps are stats motion"]),
    (f"process-file --requests {PHOTO}", 65, ["is an image or a video", "name it without"]),
    ("process-file x.jpg --format=json", 2, ["--format", "'json'", "did you mean 'ndjson'?"]),
    ("process-file x.jpg --format csv", 2, ["--format must be ndjson or table", "'csv'"]),
    ("process-file x.jpg --jobs many", 2, ["--jobs must be an integer from 1 to 512", "'many'"]),
    ("process-file x.jpg --output", 2, ["--output needs a value", "--output FILE"]),
    ("process-file x.jpg -o a -o b", 2, ["--output is given more than once"]),
    ("process-file x.jpg --recursive=maybe", 2, ["--recursive takes no value"]),
    ("process-file x.jpg --raw 640x480", 2, ["--raw needs WIDTHxHEIGHT:FORMAT", "bgr24"]),
    ("process-file x.jpg --raw 640x480:rgb", 2, ['"rgb" is no format', "did you mean rgb24?"]),
    ("process-file x.jpg --raw 640x0:bgr24", 2, ['"0" is no height']),
    ("process-file x.jpg --raw wxh:bgr24", 2, ['"w" is no width']),
    ("process-file x.jpg --raw 641x480:nv12", 2, ['"641x480" is a size that nv12 cannot have']),
    ("process-file --files-from empty.mp4", 65, ["the list of files empty.mp4 is empty"]),
    ("process-file --requests README", 65, ["line 1", "a JSON object such as {"]),
    ("process-file x.jpg --set process.detection_threshold=0,5", 2,
     ["the decimal sign is a point: 0.5"]),
    ("serve --set process.deadline=1,5s", 2, ["the decimal sign is a point: 1.5s"]),
    ("validate-config --set consumer.redis.host=h?x", 65, ["consumer.redis.host", "no host name or address"]),
    ("validate-config --set consumer.redis.host=-x", 65, ["consumer.redis.host", "no host name or address"]),
    ("validate-config --set consumer.redis.host=*", 65, ["consumer.redis.host", "no host name or address"]),
    ("process-file x.jpg --port 9000", 2, ["unknown option '--port'"]),
    ("process-file x.jpg --resume s", 2, ["--resume needs --output FILE"]),
    ("process-file rtsp://me:s3cret@camera/1", 65, ["rtsp://***@camera/1 is a URL", "ffmpeg -i",
                                                    "--raw"]),
    ("process-file rtsp://camera/1?token=s3cret", 65, ["rtsp://camera/1?token=*** is a URL"]),
    ("process-file me:s3cret@camera/1", 65, ["cannot read ***@camera/1: No such file"]),
    ("process-file me:s3cret@camera/1 -o out", 65,
     ["sampleproc: ***@camera/1: cannot read ***@camera/1: No such file"]),
    ("process-file rtsp:/me:s3cret@camera/1", 65, ["cannot read ***@camera/1: No such file"]),
    ('process-file "rtsp://me:s3cret@camera/1"', 65, ["rtsp://***@camera/1", "No such file"]),
    ("process-file README -o rtsp://me:s3cret@camera", 74, ["the output file rtsp://***@camera"]),
    ("process-file --files-from rtsp://me:s3cret@camera", 74, ["cannot read rtsp://***@camera"]),
    ("process-file README --compare rtsp://me:s3cret@camera", 74, ["cannot read rtsp://***@camera"]),
    ("process-file README -o a --resume rtsp://me:s3cret@h/1", 74, ["rtsp://***@h/1"]),
    ("serve --config rtsp://me:s3cret@camera", 78, ["rtsp://***@camera", "No such file"]),
    ("validate-config rtsp://me:s3cret@camera", 65, ["rtsp://***@camera", "No such file"]),
    ("process-file https://example.com/x.jpg", 65, ["is a URL", "curl", "process-file -"]),
    ("process-file file:///tmp/x.jpg", 65, ["file://", "give the path"]),
    ("process-file data:image/jpeg;base64,/9j/4AAQ", 65, ["data:", "base64 -d"]),
    ("process-file s3://bucket/x.jpg", 65, ["is a URL", "fetch it"]),
    ("process-file README", 65, ["README", "supported"]),
    ("process-file pointer.jpg", 65, ["a Git LFS pointer", "git lfs pull"]),
    ("process-file empty.mp4", 65, ["empty.mp4 is empty"]),
    ("process-file README - -", 2, ["standard input can be one thing only"]),
    ("process-file --pipeline stats faces README", 2,
     ["there is no file faces, but a step", "--pipeline stats,faces"]),
    ("validate-config --config a.toml", 2, ["'--config'", "validate-config FILE"]),
    ("validate-config nosuch.toml", 65, ["nosuch.toml", "No such file"]),
    ("validate-config --format=yaml", 2, ["text, json or github", "'yaml'"]),
    ("validate-config --explain 1004", 2, ["'1004'", "SP1001"]),
    ("validate-config --print-effective --format json", 2, ["--print-effective", "--format text"]),
    ("health --probe liveness", 3, ["'liveness'", "health, live, ready or startup"]),
    ("health --wait 5x", 3, ["--wait", "30s"]),
    ("health --port 1", 2, ["127.0.0.1:1", "refused"]),
    ("health --timeout 3s", 3, ["unknown option '--timeout'; did you mean '--wait'?"]),
    ("loadtest", 2, ["--target URL is missing"]),
    ("loadtest --target localhost:8099", 2, ["--target", "http://127.0.0.1:8099"]),
    ("loadtest --target http://127.0.0.1:1 --rate fast", 2, ["--rate", "number"]),
    ("loadtest --target http://127.0.0.1:1 --fail p99<5", 2, ["--fail", "p99<80ms"]),
    ("loadtest --target http://127.0.0.1:1", 69, ["127.0.0.1:1", "refused"]),
    ("loadtest --target http://127.0.0.1:1 --arrivals-file nosuch", 74, ["nosuch", "No such file"]),
    ("loadtest http://127.0.0.1:1", 2, ["did you mean --target http://127.0.0.1:1?"]),
    ("loadtest --target http://127.0.0.1:1 --baseline README", 2,
     ["--baseline README: this is no result of loadtest --json"]),
    ("loadtest --target http://192.0.2.1:80", 2, ["192.0.2.1", "--allow-target"]),
]  # fmt: skip

POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n"

# Variables; whether validate-config says ok (0) or invalid (65); what must be said.
ENVIRONMENT = [
    ({"PORT": "eighty"}, 65, ["PORT", '"eighty"', "whole number"]),
    ({"SAMPLEPROC_HTTP_PROT": "80"}, 65, ["SAMPLEPROC_HTTP_PROT", "SAMPLEPROC_HTTP_PORT?"]),
    ({"SAMPLEPROC_CAMERA_DOOR_URL": "rtsp://u:s3cret@h/"}, 65,
     ["SAMPLEPROC_CAMERA_DOOR_URL", "no such setting", "[camera.NAME]"]),
    ({"HOST": "0.0.0.0"}, 0, ["HOST", "SAMPLEPROC_HTTP_HOST"]),
    ({"METRICS_PORT": "9090", "PORT": "8099"}, 0, ["METRICS_PORT", "GET /metrics at PORT"]),
    ({"MEMORY_LIMIT": "2G"}, 0, ["MEMORY_LIMIT:", "MEMORY_LIMIT_MB"]),
    ({"REDIS_PASSWORD": "s3cret"}, 0, ["REDIS_PASSWORD:", "REDIS_PASSWORD_FILE"]),
    ({"REDIS_HOST": "redis:6380"}, 65, ["REDIS_HOST", "port", "consumer.redis.port"]),
    ({"REDIS_HOST": "redis "}, 65, ["REDIS_HOST", "it ends with a blank"]),
    ({"REDIS_HOST": "redis", "FRAME_BUFFER_URL": "http://a:1"}, 0,
     ["FRAME_BUFFER_URL", "is not used: frames come from Redis", "consumer.source"]),
    ({"REDIS_HOST": "redis://redis"}, 65, ["REDIS_HOST", "URL", "takes the host alone"]),
    ({"REDIS_URL": "redis:6379"}, 65, ["REDIS_URL", "redis://user:password@redis:6379/0"]),
    ({"REDIS_URL": "redis://:s3cret@redis:port"}, 65, ["REDIS_URL", "redis://user:password@"]),
    ({"REDIS_URL": "redis://redis:6379/0?ssl=true"}, 0, ['"ssl"', "not applied", "rediss://"]),
    ({"REDIS_URL": "redis://redis:6379?password=s3cret"}, 0, ['"password"', "user:password@host"]),
    ({"REDIS_HOST": "redis-1,redis-2"}, 65, ["REDIS_HOST", "takes one host", "Sentinel"]),
    ({"SAMPLEPROC_HTTP_HOST": "a,b"}, 65, ["http.host", "takes one host"]),
    ({"FRAME_BUFFER_URL": "http://frame-buffer:8002 "}, 65, ["it ends with a blank"]),
    ({"ORCHESTRATOR_URL": "orchestrator"}, 65, ["http://orchestrator:8002"]),
    ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector"}, 65, ["http://collector:4318"]),
    ({"SAMPLEPROC_CONSUMER_WEBHOOK_URL": "hooks"}, 65, ["https://hooks.example.com"]),
    ({"REDIS_URL_FILE": "/nosuch/url"}, 65, ["REDIS_URL_FILE", "/nosuch/url", "No such file"]),
    ({"REDIS_DB": "zero"}, 65, ["REDIS_DB", '"zero"', "whole number"]),
    ({"REDIS_PASSWORD_FILE": "/nosuch/password"}, 65, ["REDIS_PASSWORD_FILE", "No such file"]),
    ({"FRAME_BUFFER_URL": "frame-buffer:8002"}, 65, ["FRAME_BUFFER_URL", "http://frame-buffer"]),
    ({"ENABLE_METRICS": "maybe"}, 65, ["ENABLE_METRICS", "true or false"]),
    ({"ALLOWED_HOSTS": "https://a.example"}, 65, ["ALLOWED_HOSTS", "without scheme"]),
    ({"DETECTION_THRESHOLD": "50%"}, 65, ["DETECTION_THRESHOLD", '"50%"', "number"]),
    ({"LOG_LEVEL": "verbose"}, 65, ["LOG_LEVEL", "debug, info, warning, error"]),
    ({"WEB_CONCURRENCY": "4"}, 0, ["WEB_CONCURRENCY", "CPU_CORES"]),
    ({"CORS_ORIGIN": "https://a.example"}, 0, ["CORS_ORIGIN:", "did you mean CORS_ORIGINS?"]),
    ({"ALLOWED_HOST": "a.example"}, 0, ["ALLOWED_HOST:", "did you mean ALLOWED_HOSTS?"]),
    ({"REDISHOST": "redis"}, 0, ["REDISHOST:", "set REDIS_HOST"]),
    ({"REDIS_ADDR": "redis:6379"}, 0, ["REDIS_ADDR:", "set REDIS_HOST and REDIS_PORT"]),
    ({"REDIS_HOSTNAME": "redis"}, 0, ["REDIS_HOSTNAME:", "set REDIS_HOST"]),
    ({"REDIS_SERVER": "redis://:s3cret@redis"}, 0, ["REDIS_SERVER:", "REDIS_URL"]),
    ({"REDIS_CONNECTION_STRING": "redis://:s3cret@h"}, 0, ["_STRING:", "set REDIS_URL"]),
    ({"REDIS_DB_INDEX": "3"}, 0, ["REDIS_DB_INDEX:", "set REDIS_DB"]),
    ({"REDIS_CLUSTER": "true"}, 0, ["REDIS_CLUSTER:", "a cluster is not looked through"]),
    ({"MQTT_URL": "mqtt://u:s3cret@h"}, 0, ["MQTT_URL:", "SAMPLEPROC_MQTT_URL"]),
    ({"MQTT_HOST": "broker"}, 0, ["MQTT_HOST:", "SAMPLEPROC_MQTT_URL=mqtt://HOST:1883"]),
    ({"MQTT_PASSWORD": "s3cret"}, 0, ["MQTT_PASSWORD:", "SAMPLEPROC_MQTT_PASSWORD_FILE"]),
    ({"MQTT_PASSWORD_FILE": "/x"}, 0, ["set SAMPLEPROC_MQTT_PASSWORD_FILE"]),
]  # fmt: skip

# A file's text; what must be said, with the place.
TOML = [
    ("[http]\nprot = 1\n", ["2:1", "http.prot", "http.port?"]),
    ("[htpp]\nport = 1\n", ["1:", "no such section", "[http]?"]),
    ("port = 8099\n", ["1:1", "port", "http.port?"]),
    ('[http]\nport = "8099"\n', ["2:8", "http.port", "expected a whole number", "found a string"]),
    ("[http]\nport = 8099,\n", ["2:", "error"]),
    ("[http]\nhost = 0.0.0.0\n", ["2:", "error"]),
    ("[http]\nport: 8099\n", ["2:", "error"]),
    ("[process]\ndeadline = 10s\n", ["2:", "error"]),
    ('[process]\ndeadline = "10 seconds"\n', ["2:12", "units are ms, s, m and h"]),
    ('[codec]\nmax_frame_bytes = "10mb"\n', ["2:19", "MiB"]),
    ('[process]\npipeline = "stats faces"\n', ["process.pipeline", "list"]),
    ('[consumer]\nsinks = "file,log"\n', ["2:9", 'write ["file", "log"]']),
    ('[camera.a]\nclasses = "person, car"\n', ["2:11", 'write ["person", "car"]']),
    ('[camera.a]\nurl = "file:///srv/x.mp4"\n', ["2:7", "a URL where a path is meant: write /srv/x.mp4"]),
    ('[camera.a]\nurl = "file://localhost/srv/x.mp4"\n', ["2:7", "write /srv/x.mp4"]),
    ('[camera.a]\nurl = "FILE:///srv/a%20b.mp4"\n', ["2:7", "write the path alone"]),
    ("[camera.a.zone]\npolygon = [[0, 0], [1, 0], [1, 1]]\n",
     ["2:1", "the zone's name is missing", "write [camera.a.zone.NAME] and polygon below it"]),
    ("[camera.a.line]\nfrom = [0, 0]\nto = [1, 0]\n",
     ["2:1", "3:1", "write [camera.a.line.NAME] and from below it", "to below it"]),
    ("[camera.front door]\nloop = true\n", ["1:", 'in quotes: [camera."front door"]']),
    ("[camera.t\u00fcr]\nloop = true\n", ["1:", "stands in quotes"]),
    ("[http\nport = 1\n", ["1:", "a section is [name], alone on its line"]),
    ('[camera.front.door]\nloop = 3\n',
     ["1:", "camera.front.door", 'write [camera."front.door"]', "2:8", 'camera."front.door".loop']),
    ('[camera.10.0.0.5]\nurl = "rtsp://h/1"\n', ["1:", 'write [camera."10.0.0.5"]']),
    ("[camera.front.door.zone.porch]\npolygon = 3\n",
     ["1:", 'write [camera."front.door"]', "2:11", 'camera."front.door".zone.porch.polygon']),
    ("[camera.a.zones.porch]\npolygon = []\n", ["1:", "did you mean zone?"]),
    ("[zone.porch]\npolygon = []\n", ["1:", "no such section", "write [camera.NAME.zone.porch]"]),
    ("[lines]\nfrom = []\n", ["1:", "no such section", "write [camera.NAME.line.NAME]"]),
    ('[process]\npipeline = ["stats", "stats"]\n', ['"stats" stands there twice']),
    ("[http]\nenabled = yes\n", ["2:", "error"]),
    ("[consumer]\nenabled = 1\n", ["consumer.enabled", "expected true or false"]),
    ("[http]\nport = 1\n[http]\nport = 2\n", ["3:", "error"]),
    ('[consumer.redis]\nauth = "s3cret"\nredis_auth = "s3cret"\n', ["2:1", "3:1", "no such key"]),
    ('[consumer.redis]\npassword = "s3cret"\n', ["2:1", "consumer.redis.password",
                                                 "consumer.redis.password_file?"]),
    ('[consumer.webhook]\nheaders = { Authorization = "Bearer s3cret" }\n',
     ["consumer.webhook.headers", "no such section"]),
    ('[consumer.webhook]\nheaders = ["X-Api-Key: s3cret"]\n', ["no such key"]),
    ('[consumer.webhook.headers]\nCookie = "s3cret"\n', ["no such"]),
    ('[consumer.redis]\nusername = "u:s3cret\n', ["2:", "error"]),
    ('[camera."rtsp://u:s3cret@h/1"]\nloop = 3\n', ['"rtsp://********@h/1"', "loop"]),
    ('camera."rtsp://u:s3cret@h/1" = 3\n', ['"rtsp://********@h/1"', "is a section"]),
    ('[camera]\nurl = "rtsp://h/1"\n', ["2:1", "camera.url", "[camera.NAME]", "url below it"]),
    ('[cameras.a]\nurl = "rtsp://h/1"\n', ["1:", "no such section", "[camera.NAME]?"]),
    ('[[cameras]]\nurl = "rtsp://h/1"\n', ["1:", "cameras", "[camera.NAME]"]),
    ('[consumer.redis]\ntls = "yes"\n', ["2:7", "write true without quotes"]),
    ('[consumer.redis]\ntls = "false"\n', ["2:7", "leave the quotes out"]),
    ('[http]\nport = "${PORT}"\n', ["2:8", "not replaced", "SAMPLEPROC_HTTP_PORT"]),
    ('[camera.a]\npipeline = ["people"]\nclasses = ["Person"]\n[resources]\nmemory_limit = 512\n',
     ["3:12", 'finds "Person"', 'did you mean "person"?', "5:16", "counts bytes", "1MiB to 1TiB"]),
    ("[http]\nproxy = True\n", ["2:", "write true"]),
    ("[http]\nport = 08\n", ["2:", "without leading zeros"]),
    ('[http]\nhost = "a\n', ["2:", "a string ends on its line"]),
    ("[http]\nport = +08\n", ["2:", "without leading zeros"]),
    ("[http]\nport = 0x\n", ["2:", "hexadecimal integer: expected digit"]),
    ("[consumer.redis]\ntls = Yes\n", ["2:", "write true, or in quotes if it is a text"]),
    ('[process]\npipeline = ["stats\\d"]\n', ["2:", "a backslash begins an escape"]),
    ("[http]\nport = 1\n[http]\n", ["3:", "a section stands once in a file"]),
    ('[resources]\nmemory_limit = "512KiB"\n', ["2:16", "512KiB is out of range", "1MiB to 1TiB"]),
    ('[process]\npipeline = ["stats" "faces"]\n', ["2:", "with commas between its elements"]),
    ("[http]\nport = 1\nport = 2\n", ["3:", "cannot redefine existing integer 'port'"]),
    ('[http]\ncors_origins = ["a", 3, "https://a.example", "b"]\n',
     ["2:17", "entry 1 is not an origin", "2:22", "an integer", "2:46", "entry 4 is not an origin"]),
    ('[camera.a]\nurl = "rtsp://h/1"\nmask = [[[0, 0], [1, 0]], [[0, 0], [1, 0], [1, 1]],\n'
     " [[0, 0], [1, 1], [0.5, 0.5]],\n [[0, 0], [2, 0], [1, 1]]]\n",
     ["3:9", "polygon 1 has 2 points", "4:2", "polygon 3 has no area", "5:2", "of polygon 4 is outside"]),
    ('[http]\ntls_key = "/nosuch/key.pem"\n', ["http.tls_key", "http.tls_cert"]),
]  # fmt: skip

JSON = {"Content-Type": "application/json"}
IMAGE = {"Content-Type": "image/jpeg"}


def form(name, content):
    text = (f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="a.jpg"\r\n'
            "Content-Type: image/jpeg\r\n\r\n").encode()  # fmt: skip
    return text + content + b"\r\n--x--\r\n"


FORM = {"Content-Type": "multipart/form-data; boundary=x"}

def as_webp(path):
    return subprocess.run(["cwebp", "-quiet", path, "-o", "-"], stdout=subprocess.PIPE, check=True,
                          timeout=cli.PATIENCE).stdout  # fmt: skip


# Method, path, headers, body, status, words of the answer.
REQUESTS = [
    ("POST", "/proces", JSON, b"{}", 404, ["no such path", "GET / lists"]),
    ("POST", "/process/", JSON, b"{}", 404, ["no such path"]),
    ("GET", "/process", {}, None, 405, ["POST"]),
    ("POST", "/health", {}, b"", 405, ["GET"]),
    ("POST", "/process", {"Content-Type": "text/plain"}, b"x", 415, ["image/*", "application/json"]),
    ("POST", "/process", {"Content-Type": "video/avi"}, b"RIFF", 415, ["content type", "image/*"]),
    ("POST", "/process", IMAGE, b"GIF89a......", 415, ["JPEG, PNG, WebP"]),
    ("POST", "/process", IMAGE, b"", 422, ["empty"]),
    ("POST", "/process?timestamp=12:00", IMAGE, "photo", 200, ["unreadable_timestamp", "ISO 8601"]),
    ("POST", "/process?timestamp=1753787696500", IMAGE, "photo", 200, ["unreadable_timestamp"]),
    ("POST", "/process", {"Content-Type": "application/x-www-form-urlencoded"}, "as text", 422,
     ["without its line breaks", "curl --data-binary @FILE"]),
    ("POST", "/process", JSON, b'{"frame_url":"http://a/b.jpg"}', 422,
     ["frame_data", "frame_url is of entries that the service pulls"]),
    ("POST", "/process", IMAGE, "cut", 422, ["truncated"]),
    ("POST", "/process", JSON, b"{frame_data: 1}", 422, ["double quotes", "byte 1"]),
    ("POST", "/process", JSON, b"[]", 422, ["must be an object"]),
    ("POST", "/process", JSON, b'{"image":"/9j/"}', 422, ["frame_data", 'not \\"image\\"']),
    ("POST", "/process", JSON, b'{"frame_data":""}', 422, ["frame_data", "must not be empty"]),
    ("POST", "/process", JSON, b'{"frame_data":7}', 422, ["frame_data", "must be a string"]),
    ("POST", "/process", JSON, b'{"frame_data":"data:image/jpeg;base64,/9j/"}', 422,
     ["data: URL", "behind the comma"]),
    ("POST", "/process", JSON, b'{"frame_data":"http://x/y.jpg?s3cret"}', 422,
     ["this is a URL", "send the picture itself", "camera.ID.url"]),
    ("POST", "/process", JSON, b'{"frame_data":"rtsp://me:s3cret@x/y"}', 422, ["this is a URL"]),
    ("POST", "/process", JSON, b'{"frame_data":"/srv/my/photo.jpg"}', 422,
     ["character 13", "the name of a file, not what is in it", "base64 -w0 FILE"]),
    ("POST", "/process", JSON, b'{"frame_data":"C:\\\\my photo.jpg"}', 422, ["the name of a file"]),
    ("POST", "/process", JSON, b'{"frame_data":"./my-photo.jpeg"}', 422, ["the name of a file"]),
    ("POST", "/process?format=rgb&width=4&height=2", {}, 24 * b"x", 415,
     ['\\"rgb\\" is no format, did you mean rgb24?']),
    ("POST", "/process?format=rgb42&width=4&height=2", {}, 24 * b"x", 415, ["did you mean rgb24?"]),
    ("POST", "/process?format=xyz&width=4&height=2", {}, 24 * b"x", 415, ['\\"xyz\\" is no format;']),
    ("POST", "/process", JSON, b'{"frame_data":"eHh4eHh4eHh4eHh4","metadata":{"format":"bgr","width":2,'
     b'"height":2}}', 415, ['\\"bgr\\" is no format, did you mean bgr24?']),
    ("POST", "/process?format=rgb&width=4&height=2", IMAGE, "photo", 200, ["format_mismatch"]),
    ("POST", "/process", JSON, b'{"frame_data":"ab-_"}', 422, ["URL-safe", "+ for -"]),
    ("POST", "/process", JSON, b'{"frame_data":"/9j/\\n/9j/"}', 422, ["line break", "base64 -w0"]),
    ("POST", "/process", JSON, b'{"frame_data":"/9g=\\n"}', 422, ["follows the padding"]),
    ("POST", "/process", JSON, b'{"frame_data":"b\'/9j/"}', 422, ["quotation mark", "decode()"]),
    ("POST", "/process", JSON, b'{"frame_data":"/9j"}', 422, ["multiple of four", "padded"]),
    ("POST", "/process", JSON, b'{"frame_data":"YWJj"}', 415, ["JPEG, PNG, WebP"]),
    ("POST", "/process", JSON, b'{"frame_data":"YWJj","metadata":"x"}', 422,
     ["body.metadata", "must be an object"]),
    ("POST", "/process", FORM, form("file", b"x"), 422, ["body.frame", 'not \\"file\\"']),
    ("POST", "/process", FORM, form("door", b"x"), 422, ["body.frame", "has this name"]),
    ("POST", "/process", {"Content-Type": "multipart/form-data"}, b"x", 422, ["boundary"]),
    ("POST", "/process?frameid=1", IMAGE, "photo", 422, ["query.frame_id", "spelling"]),
    ("POST", "/process?cameraId=1", IMAGE, "photo", 422, ["query.camera_id"]),
    ("POST", "/process?camera=door", IMAGE, "photo", 422, ["query.camera_id", "spelling"]),
    ("POST", "/process?pipeline=stats", IMAGE, "photo", 422, ["query", "process.pipeline"]),
    ("POST", "/process?min_confidence=1", JSON, b"{}", 422, ["process.detection_threshold"]),
    ("POST", "/process?width=4&width=5", IMAGE, "photo", 422, ["query.width", "more than once"]),
    ("POST", "/process?frame_id=1", JSON, b'{"frame_data":"YWJj"}', 422,
     ["query.frame_id", "metadata", "body"]),
    ("POST", "/process?camera_id=1", FORM, form("frame", b"x"), 422, ["query.camera_id"]),
    ("POST", "/process?annotate=true", IMAGE, "photo", 422, ["query.annotate", "1 or 0"]),
    ("POST", "/process-with-tracking?annotate=1", IMAGE, "photo", 422,
     ["query.annotate", "POST /process only"]),
    ("POST", "/process-batch?camera_id=1", JSON, b'{"frames":[{"frame_data":"YWJj"}]}', 422,
     ["query.camera_id", "metadata"]),
    ("POST", "/process-batch", JSON, b'{"camera_id":"1","frames":[{"frame_data":"YWJj"}]}', 422,
     ["body.camera_id", "metadata of each"]),
    ("POST", "/process", FORM, form("frame", b"x")[:-7] + form("camera", b"door"), 422,
     ["body.camera_id", "part metadata"]),
    ("POST", "/process", FORM, form("frame", b"x")[:-7] + form("meta-data", b"{}"), 422,
     ["body.metadata", "spelling"]),
    ("POST", "/process?tenant=1&_=2", IMAGE, "photo", 200, ["unknown_parameter", "ignored: 2"]),
    ("POST", "/process", FORM, "form", 200, ["unknown_part", "ignored: 1"]),
    ("POST", "/process", JSON, "frame_id", 200, ["misplaced_member", "belongs in metadata"]),
    ("POST", "/process-batch", JSON, "batch", 200, ["unknown_member", "ignored: 1"]),
    ("POST", "/process", JSON, "photo", 422, ["is a picture (jpeg)", "Content-Type: image/jpeg"]),
    ("POST", "/process-batch", JSON, "photo", 422, ["is a picture (jpeg)"]),
    ("POST", "/process", {"Content-Type": "image/png"}, "PNG as text", 422, ["--data-binary"]),
    ("POST", "/process", {"Content-Type": "application/x-www-form-urlencoded"}, "PNG as text", 422,
     ["--data-binary"]),
    ("POST", "/process", {"Content-Type": "image/webp"}, "WebP as text", 422, ["--data-binary"]),
    ("POST", "/process", FORM, b'--x\r\nContent-Disposition: form-data; name="frame"\r\n\r\np.png'
     b"\r\n--x--\r\n", 422, ["body.frame", "name of a file", "frame=@FILE"]),
    ("POST", "/process?frame%5Fid=x1y", IMAGE, "photo", 200, ['"frame_id":"x1y"']),
    ("POST", "/process?frame%69d=1", IMAGE, "photo", 422, ["query.frame_id", "spelling"]),
    ("GET", "/events?%63amera=a&camera=a", {}, None, 400, ["camera", "once at most"]),
    ("POST", "/process?frame_id=%zz", IMAGE, "photo", 422, ["query.frame_id", "%25"]),
    ("POST", "/process?frame_id=" + 300 * "a", IMAGE, "photo", 422, ["300 bytes", "256"]),
    ("POST", "/process", IMAGE | {"Content-Encoding": "gzip"}, b"x", 415, ["gzip", "as it is"]),
    ("POST", "/process", IMAGE | {"Accept": "text/html"}, "photo", 406, ["application/json"]),
    ("GET", "/health", {"Host": "evil.example"}, None, 400, ["http.allowed_hosts"]),
    ("POST", "/process-batch", JSON, b'[{"frame_data":"YWJj"}]', 422, ["must be an object"]),
    ("POST", "/process-batch", FORM, form("frames", b"x"), 415, ["application/json", "frames"]),
]  # fmt: skip

# What CLI11 says when it is asked to speak for itself.
FOREIGN = re.compile(r"At Most|but received|\d+ required|Could not convert|The following argument")


class Mistakes(cli.TestCase):
    def judge(self, said, words):
        for word in words:
            self.assertIn(word, said)
        self.assertNotRegex(said, FOREIGN)
        self.assertNotIn("s3cret", said)

    def test_there_are_enough(self):
        self.assertGreaterEqual(sum(map(len, (COMMAND_LINE, ENVIRONMENT, TOML, REQUESTS))), 100)

    def test_at_the_command_line(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in (("README", "This is text.\n"), ("empty.mp4", ""), ("pointer.jpg", POINTER)):
                with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    file.write(text)
            for line, code, words in COMMAND_LINE:
                with self.subTest(line):
                    result = cli.run(*line.split(), cwd=folder)
                    self.assertEqual(result.returncode, code, result.err + result.out)
                    self.judge(result.err + result.out, words)

    def test_in_the_environment(self):
        for variables, code, words in ENVIRONMENT:
            with self.subTest(str(variables)):
                result = cli.run("validate-config", env=variables)
                self.assertEqual(result.returncode, code, result.err)
                self.judge(result.err, words)

    def test_in_files(self):
        for text, words in TOML:
            with self.subTest(text):
                result = cli.run("validate-config", "--offline", "-", stdin=text.encode())
                self.assertEqual(result.returncode, 65, result.err)
                self.judge(result.err, ["<stdin>:", *words])
                for kind in ("json", "github"):
                    result = cli.run("validate-config", "--offline", "--format", kind, "-",
                                     stdin=text.encode())  # fmt: skip
                    self.judge(result.out, [])

    def test_in_requests(self):
        photo = pictures.sample("messi5.jpg")
        data = b'"frame_data":"' + base64.b64encode(photo) + b'"'
        bodies = {
            "photo": photo,
            "cut": photo[:1000],
            "as text": photo.translate(None, b"\0\r\n"),
            "PNG as text": pictures.sample("templ.png").translate(None, b"\0\r\n"),
            "WebP as text": as_webp(PHOTO).translate(None, b"\0\r\n"),
            "form": form("frame", photo)[:-7] + form("tenant", b"x"),
            "frame_id": b'{"frame_id":"s3cret",' + data + b"}",
            "batch": b'{"tenant":1,"frames":[{' + data + b"}]}",
        }
        service = Service(self, "--port", "0", "--set", "process.pipeline=stats")
        for method, path, headers, body, status, words in REQUESTS:
            with self.subTest(f"{method} {path} {body!r:.60}"):
                answer = service.ask(method, path, bodies.get(body, body), headers)
                said = answer.body.decode()
                self.assertEqual(answer.status, status, said)
                self.judge(said, words)


if __name__ == "__main__":
    cli.main()
