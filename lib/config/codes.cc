#include "config/codes.h"

#include <algorithm>

#include "base/suggest.h"

namespace sampleproc::config {
namespace {

constexpr CodeText kTexts[] = {
    {code::kUnreadable, "file cannot be read",
     "The file does not exist, may not be read by this user, is a directory, or is longer than "
     "16MiB. A file that is named (as an operand, by --config or by SAMPLEPROC_CONFIG) must exist; "
     "/etc/sampleproc/sampleproc.toml may be missing."},
    {code::kSyntax, "not valid TOML",
     "The text is not TOML 1.0 in UTF-8 at this place. Strings need quotes, a key may be set once, "
     "a [section] may be opened once. Only the first such mistake of a file is shown, since the "
     "ones after it are often its consequences; the lines that can be read are checked all the "
     "same."},
    {code::kUnknownKey, "no such key",
     "No key or section has this name, so the line would have no effect: most often a slip of the "
     "pen or the wrong section. sampleproc.toml(5) lists every key. Nothing unknown is ever "
     "ignored in a file."},
    {code::kRange, "value out of range",
     "The value is of the right type, but smaller or larger than the key allows; the message says "
     "what is allowed, in which unit."},
    {code::kType, "value of the wrong type",
     "The key takes another type of TOML value: a number where a string stands, a table where a "
     "value should stand. In a file \"8099\" is a string and no number; variables and flags are "
     "read more leniently."},
    {code::kWord, "not one of the allowed words",
     "The key takes one word, or a list of words, out of those that the message names. Capitals "
     "do not matter."},
    {code::kForm, "cannot be read as what it should be",
     "The text is not a duration (\"30s\", \"1m30s\", \"100ms\"), a size (\"10MiB\", \"10MB\"), a "
     "number, true or false, a URL, or clean UTF-8 text on one line, whichever the key takes. A "
     "bare K, M or G is refused because people read it both ways: 1000 and 1024."},
    {code::kUnknownVariable, "no such variable",
     "A variable begins with SAMPLEPROC_ and yet names no key, so it would have no effect. The "
     "name of a key's variable is SAMPLEPROC_, the section, _ and the key, in capitals. serve "
     "only warns about it, since it must start in whatever environment it finds. What Kubernetes "
     "sets for services that are called sampleproc is known and passed over."},
    {code::kTwoNames, "two variables disagree",
     "The key can be set by several variables of the service that this one replaces, and two of "
     "them are set to different values. The one that sampleproc.toml(5) lists first is used. Unset "
     "the other, or set the SAMPLEPROC_ variable, which beats both. The same where two places to "
     "pull frames from are named, of which one is used."},
    {code::kIgnored, "variable without effect",
     "The service that this one replaces, or OpenTelemetry, has this variable, and this one has "
     "nothing that it could change. It is safe to unset it, unless it asks for what has to be: "
     "then "
     "the hint says what to do instead."},
    {code::kRepeated, "repeated in a list",
     "A list may have each of its words once; a step of the pipeline runs once."},
    {code::kVariableLine, "line of an environment file that sets nothing",
     "Each line of an environment file is NAME=VALUE, NAME=\"VALUE\" or NAME='VALUE', with or "
     "without export in front, or a comment that begins with #. A line with a name alone takes the "
     "value from whoever starts the container, which a file cannot know."},
    {code::kVariableTwice, "variable set twice",
     "An environment file sets the same variable on two lines; the last one counts, as it does for "
     "docker, systemd and shells."},
    {code::kVariableComment, "comment behind a value",
     "compose and shells end a value without quotes before \" #\"; docker run --env-file and "
     "systemd take the rest of the line as part of the value. Put the comment on a line of its "
     "own, or the value in quotes."},
    {code::kMisspelt, "variable that looks misspelt",
     "This service does not read the variable, and its name is nearly that of one which it does: "
     "by two letters in an environment file, by one in a long name where the service is started. "
     "If it is meant for another program, all is well; else correct it, since it has no effect as "
     "it stands."},
    {code::kForeign, "variable that other services read",
     "Services of this kind often have a setting of this name, and this one reads another: the "
     "hint says which. The variable has no effect as it stands. If it is meant for another "
     "program, all is well."},
    {code::kDepth, "nested too deeply",
     "Sections, dotted keys and lists stand in each other more than 64 deep at this place. No key "
     "needs more than eight; such a text is a mistake of what wrote it, or meant to exhaust what "
     "reads it. The other lines are checked all the same."},
    {code::kUrlPart, "part of a URL that is not applied",
     "consumer.redis.url names a host, a port, a user, a password and a database, and its scheme "
     "says whether TLS is spoken: rediss:// is with TLS, redis:// never, whatever stands behind a "
     "\"?\". Of its query only db counts. Other parameters, which some clients know, have no "
     "effect: what they ask for has a key of its own or is not there."},
    {code::kDrainDelay, "no time left after the drain delay",
     "service.drain_delay is part of service.shutdown_timeout: as long or longer, and nothing is "
     "left in which requests could be finished."},
    {code::kFrameLimits, "largest frame does not fit in a request",
     "A request that carries the longest frame_data and the largest metadata is longer than "
     "http.max_request_bytes, so that it would be refused before either limit counts."},
    {code::kIdleTimeout, "idle timeout shorter than a load balancer's",
     "Load balancers keep connections open for 60 seconds or so and send the next request into "
     "one of them. When the service closes it at that moment the request is lost (502). The "
     "service's http.idle_timeout has to be the longer one."},
    {code::kHeadLimits, "limit behind another one",
     "The request's target is part of its head: http.max_target_bytes can never be reached unless "
     "it is smaller than http.max_head_bytes."},
    {code::kDeadlines, "deadline behind another one",
     "Decoding is part of processing and processing is part of answering: codec.deadline, "
     "process.deadline and http.request_deadline should grow in this order, or the inner one "
     "can never be reached."},
    {code::kMemory, "memory budget too small",
     "resources.memory_limit has to hold at least one whole request (http.max_request_bytes) and "
     "one decoded picture of the largest size (codec.max_frame_bytes); what never fits is "
     "always refused with 503."},
    {code::kTls, "key without its certificate",
     "http.tls_key is the key of http.tls_cert and means nothing alone: the service would answer "
     "in "
     "plain text where TLS was meant."},
    {code::kDetached, "consumer off although an upstream is named",
     "ORCHESTRATOR_URL, REDIS_HOST or FRAME_BUFFER_URL (or their keys) name where frames come "
     "from, which turns the consumer on, and ENABLE_FRAME_CONSUMER or consumer.enabled turns it "
     "off again. That may be what you want for a while; health answers call the component "
     "degraded."},
    {code::kStreams, "stream used for two things",
     "Frames are read from consumer.redis.stream; results and dead letters have to go elsewhere, "
     "or the service would read what it wrote."},
    {code::kClaim, "frames taken over while in work",
     "A frame whose owner has been silent for consumer.redis.claim_idle is taken over by another "
     "process. Unless that is longer than process.deadline, frames are taken from owners that are "
     "still at work, and done twice."},
    {code::kHostPattern, "no host or pattern of hosts",
     "http.allowed_hosts and consumer.frame_url_hosts take host names and addresses, "
     "without scheme, port and path; \"*.example.com\" for every name below example.com; \"*\" "
     "alone for any."},
    {code::kOrigin, "no origin",
     "http.cors_origins takes origins as browsers send them: \"https://app.example.com\", with a "
     "port only where it is not the scheme's own, in lower case, without a path or a slash at the "
     "end; or \"*\" for any."},
    {code::kCorsAny, "any origin together with credentials",
     "With \"*\" in http.cors_origins and http.cors_credentials every web page in the world could "
     "act as whoever is looking at it. Browsers refuse that, and so does the service, at start. "
     "List the origins."},
    {code::kProxies, "no address or network",
     "http.trusted_proxies takes addresses, networks in the form of \"10.0.0.0/8\" or "
     "\"2001:db8::/32\", and \"unix\" for peers on a Unix socket."},
    {code::kShutdown, "stop shorter than a request",
     "After service.drain_delay, service.shutdown_timeout leaves less time than one request may "
     "take (http.request_deadline), so that a stop can cut off requests which were accepted."},
    {code::kCascade, "step cascade without what it needs",
     "The step \"cascade\" of process.pipeline looks for what a Haar or LBP cascade was trained "
     "on: "
     "process.cascade.file has to name one, and process.cascade.scale, the ratio of two sizes "
     "looked "
     "for, has to be above 1. The service does not start without."},
    {code::kSinks, "results that go nowhere, or twice",
     "consumer.sinks lists where results and events go, and consumer.deliver which: \"results\" "
     "are "
     "those of pulled frames and of cameras with a url, \"http_results\" those of requests. "
     "\"file\" "
     "needs "
     "consumer.file.path "
     "and "
     "\"webhook\" needs consumer.webhook.url, and each of those means nothing unless its sink is "
     "listed. \"redis\" is for frames from a frame buffer: results of frames from Redis go to "
     "consumer.redis.results_stream anyway. A frame buffer takes no results, so that without a "
     "sink they are only counted, unless they are events that events.history keeps. \"log\" writes "
     "them at level info, which telemetry.log_level must not leave out. "
     "consumer.deliver has \"events\" for what the step \"track\" of "
     "some camera's pipeline makes."},
    {code::kHost, "no host alone",
     "http.host and consumer.redis.host take a name, an address or (Redis) the path of a Unix "
     "socket. A URL, a port behind a colon and the brackets that an IPv6 address has in URLs do "
     "not "
     "belong there: port, user and password have keys of their own. What ends in a number is an "
     "address of four numbers, each 255 at most."},
    {code::kDetector, "detector without a model",
     "A detector in process.pipeline, such as \"objects\", is a neural network: the key model of "
     "its section, [detector.objects], has to name the file. The service does not start without. "
     "packaging/fetch-models.sh brings models; validate-config --online opens the model and runs "
     "it once."},
    {code::kWritten, "output that is an input or another output",
     "consumer.file.path, or a full file that it is renamed to, is a file that the service reads: "
     "its configuration, a certificate, a token or password file, a detector's model or labels, a "
     "recording that is a camera's url. Results would be written into it, or it would be renamed "
     "away. The same in a folder that is a camera's url, of which every file is a picture, and for "
     "events.history, events.snapshots, events.clips and http.unix_socket. Two of them at one "
     "path, also where "
     "one is a file beside the history (-wal, -shm, -journal, .lock), would destroy each other."},
    {code::kScene, "zone or line that cannot work",
     "A zone of a camera, [camera.ID.zone.NAME], needs its polygon, and a line, "
     "[camera.ID.line.NAME], two different points, from and to; a camera may have 32 of each. As a "
     "warning: they are for what the step track follows, so the camera's pipeline has to have "
     "that step behind its detectors, and the classes of a zone or line have to be among those "
     "that the camera reports."},
    {code::kCameras, "camera that is not whole",
     "password_file holds the password of the user that the camera's url names, as in "
     "\"rtsp://user@host/\": without a user, or with a password in the url, it is of no use. loop "
     "is for files, transport and decode are for rtsp, ca_file is for https and rtsps, and rtsps "
     "is "
     "encrypted over tcp alone. The "
     "service takes the pictures of 256 cameras itself, at most; the others' come by other ways. "
     "As "
     "a warning: without \"rtsp://\" or \"http://\" before it a url is the path of a file, and "
     "this one begins as a host does, with \"~\", which is not expanded, or names a webcam, which "
     "is "
     "not read."},
    {code::kHistory, "history without events",
     "events.history names a file for events, which the step \"track\" makes, and no pipeline has "
     "that step: nothing new will come into the history. What is in it can be asked for."},
    {code::kTrackOrder, "step track without a detector before it",
     "The steps of a pipeline run in its order, and track follows from frame to frame what "
     "the steps before it have found. Without a detector before it (people, faces, cascade, a "
     "section "
     "[detector.NAME]; motion only where process.track.classes names it) there is nothing to "
     "follow, no ids and no events. The right order is motion, detectors, track."},
    {code::kSnapshots, "pictures of events without events",
     "events.snapshots names a folder for pictures of events, which the step \"track\" makes, and "
     "no "
     "pipeline has that step: no new pictures will come. Those that are there can be asked for."},
    {code::kClasses, "class that no step finds",
     "The steps of this camera's pipeline are all built in: people finds \"person\", faces finds "
     "\"face\" and motion finds \"motion\"; or validate-config --online has read the labels of its "
     "detectors. A camera, zone or line that wants another class gets nothing. Classes are "
     "compared letter by letter, capitals too."},
    {code::kClips, "clips of events that cannot be",
     "A clip shows events.clip_before, its event and events.clip_after, and is no longer than "
     "events.clip_max: that has to be both together and 5 seconds more, or nothing of the event "
     "would be in it. One camera may not have more of events.clip_memory than there is. As a "
     "warning: events.clips names a folder for clips of events, which the step \"track\" makes, "
     "and no pipeline has that step: no new clips will come."},
    {code::kMqtt, "MQTT broker that cannot be used so",
     "mqtt.password_file is the password of mqtt.username, which has to be there, and mqtt.ca is "
     "for a URL of mqtts. mqtt.topic and mqtt.discovery_prefix must not lie below one another. As "
     "a warning: without mqtt.url the other keys do nothing, and without the step \"track\" in "
     "some pipeline there is nothing to publish."},
    {code::kSpanRoom, "too little room for spans",
     "The spans of one trace wait together to be sent, and are dropped together when "
     "telemetry.span_queue (OTEL_BSP_MAX_QUEUE_SIZE) has no room for all of them. A request with "
     "one frame has about ten, one with a batch of 32 frames some 250: with less room than that no "
     "trace of it is ever sent."},
    {code::kLeftOut, "secret that is not printed",
     "validate-config --from-env writes an environment file as TOML, which others may read, and so "
     "leaves out what is secret: its line is a comment, and what is printed is not the whole "
     "configuration. A password goes into a file of its own, which a key names (password_file) or "
     "a variable (NAME_FILE)."},
    {code::kNoGpu, "no GPU",
     "process.prefer_gpu is a wish: the service looks for a GPU that a step of the pipeline can "
     "use, finds none, says so once and in its health answers, and works on the CPUs."},
    {code::kOtlpPort, "port of another protocol for spans",
     "telemetry.otlp_endpoint names the port of OTLP over gRPC (4317) or of Jaeger's own protocol "
     "(14268), as older deployments do. Spans are sent by OTLP over HTTP to port 4318 of the same "
     "host instead, where Jaeger and the OpenTelemetry Collector take them. With another port, and "
     "telemetry.otlp_protocol = \"grpc\", they are sent by OTLP over HTTP to that port, which may "
     "not take it."},
    {code::kNoCollector, "no collector for spans",
     "telemetry.tracing asks for spans to be sent, and no endpoint says where. None are made."},
    {code::kOtlpHeaders, "header field for the collector that cannot be sent",
     "telemetry.otlp_headers is \"name=value,name=value\", values percent-encoded. What has "
     "another "
     "form is left out. Fields that each request sets itself (Host, Connection, Content-Type and "
     "the like) and names with a '%' are refused: they could make another request of it."},
    {code::kOtlpQuery, "query of the collector's address",
     "By the OpenTelemetry specification /v1/traces is put behind the path of "
     "telemetry.otlp_endpoint, and a query has no place there: it is not sent. "
     "telemetry.otlp_traces_endpoint is used as it stands, query included."},
    {code::kNoFile, "file that is named cannot be read",
     "A key names a file (a certificate, tokens, a password, a detector's model or labels) that is "
     "missing, that this user may not read, or that holds something else, or a part of sampleproc "
     "is "
     "not installed that a step, a camera or MQTT needs: the service would not start. The same for "
     "events.history and consumer.file.path where something is that never "
     "can be such a file: a folder, a pipe, a photo. A camera's url whose file is not there is a "
     "warning: it may come later. Check as the user that the service runs as, "
     "or with --offline when the file is only on the machine that the configuration is for. With "
     "--online also whether events.history can be written."},
    {code::kOpenSecret, "secret that everybody can read",
     "The file holds a secret, and its mode lets every user of the machine read it. Take that away "
     "(chmod o-r), and count the secret as known if others are on the machine."},
    {code::kTooMuchMemory, "more memory than the machine gives",
     "resources.memory_limit is above the limit of the control group that this process is in, so "
     "the kernel would end the service where it should answer 503. Use --offline to check a "
     "configuration that is meant for another machine."},
    {code::kTooManyWorkers, "more workers than CPUs",
     "Frames are worked on by the CPU, so that more workers than CPUs make each frame slower and "
     "take more memory, without more frames a second. Use --offline to check a configuration that "
     "is meant for another machine."},
    {code::kListen, "address or socket that cannot be listened on",
     "http.host is a name that does not resolve here, an address that this machine does not have, "
     "the name of an interface, or a link-local address without its interface; or http.unix_socket "
     "names something that is there and is no socket, or a path in a folder that is not there: the "
     "service would not start. Use --offline to check a configuration that is meant for another "
     "machine."},
    {code::kListCors, "Configure CORS origins (not wildcard)",
     "Item of the production checklist. Fails when http.cors_origins has \"*\": every web page "
     "could read the answers. An empty list passes; it lets no other origin in."},
    {code::kListHosts, "Set allowed hosts",
     "Item of the production checklist. Fails when http.allowed_hosts is empty, as clients then "
     "reach the service by the names it has by itself only, or has \"*\", as the Host field then "
     "protects nothing. Name what clients call the service, if only service.name."},
    {code::kListRateLimit, "Enable rate limiting",
     "Item of the production checklist. Fails when http.max_requests_per_minute is 0."},
    {code::kListHttps, "Use HTTPS only",
     "Item of the production checklist. Passes when http.tls_cert is set, which leaves no way in "
     "over TCP without TLS, or when http.host is a loopback address, so that only a proxy on this "
     "machine, which can speak HTTPS to the world, reaches the service in plain text."},
    {code::kListTimeouts, "Configure proper timeouts",
     "Item of the production checklist. Fails when a timeout is off, is longer than a minute where "
     "clients are waited for (ten minutes between two requests of a connection, five for an "
     "answer), or contradicts another one (SP1103, SP1105, SP1115)."},
    {code::kListResources, "Set resource limits",
     "Item of the production checklist. Fails when neither resources.memory_limit nor the control "
     "group sets a limit of memory, so that a built-in guess of 1GiB counts, or when a limit does "
     "not fit (SP1106, SP1303, SP1304). With --offline no control group is looked at."},
    {code::kListHeaders, "Enable security headers",
     "Item of the production checklist. Always passes: X-Content-Type-Options, X-Frame-Options, "
     "X-XSS-Protection and Referrer-Policy are on every answer, Strict-Transport-Security with "
     "TLS; no key turns them off."},
    {code::kListInputs, "Validate all inputs",
     "Item of the production checklist. Validation cannot be turned off; fails when a limit is "
     "above what the checklist's document promises: 10485760 bytes a request, 10000000 characters "
     "of frame_data, 100000 bytes of metadata, 100MiB a decoded frame."},
    {code::kListErrorRates, "Monitor error rates",
     "Item of the production checklist. Fails when telemetry.metrics is off: GET /metrics then "
     "says nothing of requests by status and frames by outcome."},
    {code::kListUpdates, "Regular security updates",
     "Item of the production checklist that no configuration can show. It neither passes nor "
     "fails: keep this package and the libraries it uses up to date."},
    {code::kListCallers, "Answer known callers only",
     "Item of the production checklist, beyond the document's list and shown only when it fails: "
     "when http.host can be reached from other machines and http.auth_tokens_file is not set, so "
     "that whoever reaches the service can have frames worked on."},
    {code::kDeployFile, "unit, manifest or compose file that cannot be understood",
     "--with takes a systemd unit with its drop-ins, Kubernetes manifests, a kustomization or a "
     "compose file. It looks for every container or service whose image or command has sampleproc "
     "in it, else its name, and checks each. Patches of a kustomization are not applied: render it "
     "with \"kustomize build\" and check what comes out. A compose file's variables come from .env "
     "beside it or their defaults. What the file sets as variables and on the "
     "command line counts as it will for the service; the variables of this shell do not."},
    {code::kDeployStart, "service that is started in the wrong way",
     "The command of the unit or the container has to be \"sampleproc serve\" with options that it "
     "has. A shell's line is looked into when it is one plain command; a unit with a "
     "watchdog has to be of a type that reports to systemd."},
    {code::kDeployPort, "port or address that nobody answers",
     "A probe, a Service, a published port or a socket leads to another port than http.port, or "
     "http.host is a loopback address, which nothing outside the container can reach."},
    {code::kDeployProbe, "probe that asks for the wrong thing",
     "Liveness is /livez, readiness is /readyz, start-up is /startupz, each over HTTPS when "
     "http.tls_cert is set. /health and /readyz answer 503 during a drain and when the service is "
     "overloaded for long: as liveness probes they have instances killed in the middle of their "
     "work. /livez as readiness has requests sent to instances that are about to end. In a "
     "container the command [\"sampleproc\", \"health\"] asks; curl and wget are not in the "
     "image."},
    {code::kDeployGrace, "killed before the stop is through",
     "From the stop signal, or from the beginning of a preStop hook, the system waits "
     "terminationGracePeriodSeconds, TimeoutStopSec= or stop_grace_period and then kills. That has "
     "to be longer than the hook and service.shutdown_timeout together, or requests and frames in "
     "work are lost. In Kubernetes requests still arrive for some seconds after the signal; "
     "service.drain_delay (5s) keeps answering them."},
    {code::kDeployMemory, "memory limit that does not fit",
     "The container's or unit's limit of memory has to be above resources.memory_limit, which "
     "counts frames and requests only and neither the program nor its libraries; three quarters "
     "of the limit are what \"auto\" takes. It has to have room for one whole request and one "
     "decoded frame."},
    {code::kDeployCredential, "file of the configuration that will not be there",
     "A certificate, a password or a token file is named by the configuration, but no volume, "
     "secret or LoadCredential= brings it to where the service looks, or the service's user cannot "
     "read it there. What LoadCredential= brings is a copy from the unit's start: after a renewal "
     "the unit has to be restarted."},
};

}  // namespace

std::span<const CodeText> CodeTexts() { return kTexts; }

const CodeText* FindCode(std::string_view code) {
  const auto found = std::ranges::find_if(
      kTexts, [code](const CodeText& entry) { return base::EditDistance(code, entry.code) == 0; });
  return found == std::end(kTexts) ? nullptr : found;
}

}  // namespace sampleproc::config
