// Decodes the bodies that a collector was sent with the message classes of OpenTelemetry's own
// otlp-transformer, made from the public .proto files. A body has to come back from the wire as it
// was: then every name, type and number in it is one of the schema's. Prints a line for each span.
// Usage: node otlp_decode.js FOLDER, with the package in the working directory's node_modules.
"use strict";
const fs = require("fs");
const path = require("path");
const { isDeepStrictEqual } = require("util");

const modules = path.join(process.cwd(), "node_modules/@opentelemetry/otlp-transformer");
const root = require(path.join(modules, "build/src/generated/root.js"));
const proto = root.opentelemetry.proto;
const Request = proto.collector.trace.v1.ExportTraceServiceRequest;

// OTLP's JSON has ids in hexadecimal digits, where protobuf's has base64.
const IDS = new Set(["traceId", "spanId", "parentSpanId"]);
const withBytes = (name, value) => (IDS.has(name) ? Buffer.from(value, "hex") : value);

function withDigits(value) {
  if (Array.isArray(value)) return value.map(withDigits);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) =>
    [name, IDS.has(name) ? Buffer.from(each).toString("hex") : withDigits(each)]));
}

// What stands at the first place where they differ.
function difference(sent, decoded, where = "") {
  if (isDeepStrictEqual(sent, decoded)) return null;
  if (sent === null || decoded === null || typeof sent !== "object" || typeof decoded !== "object") {
    return `${where}: sent ${JSON.stringify(sent)}, decoded ${JSON.stringify(decoded)}`;
  }
  for (const name of new Set([...Object.keys(sent), ...Object.keys(decoded)])) {
    const found = difference(sent[name], decoded[name], `${where}.${name}`);
    if (found) return found;
  }
  return null;
}

function line(span) {
  const kind = proto.trace.v1.Span.SpanKind[span.kind].replace("SPAN_KIND_", "").toLowerCase();
  const links = (span.links || []).map((each) => `${each.traceId}:${each.spanId}`).join(",");
  return [span.traceId, span.spanId, span.parentSpanId || "-", kind, span.name, links || "-"].join(" ");
}

const folder = process.argv[2];
for (const name of fs.readdirSync(folder).filter((each) => each.endsWith(".json")).sort()) {
  const sent = JSON.parse(fs.readFileSync(path.join(folder, name), "utf8"));
  const message = Request.fromObject(JSON.parse(JSON.stringify(sent), withBytes));
  const decoded = withDigits(Request.toObject(Request.decode(Request.encode(message).finish()),
                                              { longs: String }));
  const found = difference(sent, decoded);
  if (found) throw new Error(`${name}${found}`);
  for (const resource of decoded.resourceSpans) {
    for (const scope of resource.scopeSpans) scope.spans.forEach((span) => console.log(line(span)));
  }
}
