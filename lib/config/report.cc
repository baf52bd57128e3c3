#include "config/report.h"

#include "config/codes.h"
#include "config/print.h"
#include "json/writer.h"

namespace sampleproc::config {
namespace {

std::string_view KindName(Origin::Kind kind) {
  switch (kind) {
    case Origin::Kind::kDefault:
      return "default";
    case Origin::Kind::kFile:
      return "file";
    case Origin::Kind::kEnvironment:
      return "environment";
    case Origin::Kind::kFlag:
      return "flag";
  }
  return {};
}

std::string_view SeverityName(Severity severity) {
  return severity == Severity::kError ? "error" : "warning";
}

std::string_view TitleOf(std::string_view code) {
  const CodeText* text = FindCode(code);
  return text == nullptr ? std::string_view() : text->title;
}

void WriteOrigin(const Origin& origin, json::JsonWriter& json) {
  json.BeginObject();
  json.Member("kind", KindName(origin.kind));
  json.Member("name", origin.name);
  if (origin.place.line != 0) {
    json.Member("line", origin.place.line);
    json.Member("column", origin.place.column);
    json.Member("length", origin.place.length);
  }
  json.EndObject();
}

void WriteDiagnostic(const Diagnostic& diagnostic, json::JsonWriter& json) {
  json.BeginObject();
  json.Member("severity", SeverityName(diagnostic.severity));
  json.Member("code", diagnostic.code);
  json.Member("title", TitleOf(diagnostic.code));
  json.Member("key", diagnostic.key);
  json.Member("message", diagnostic.message);
  json.Member("hint", diagnostic.hint);
  json.Key("origin");
  WriteOrigin(diagnostic.origin, json);
  json.Member("source_line", diagnostic.source_line);
  json.EndObject();
}

void WriteItem(const ChecklistItem& item, json::JsonWriter& json) {
  json.BeginObject();
  json.Member("code", item.code);
  json.Member("title", TitleOf(item.code));
  json.Member("verdict", VerdictName(item.verdict));
  json.Member("key", item.key);
  json.Member("message", item.message);
  json.Member("hint", item.hint);
  if (!item.key.empty()) {
    json.Key("origin");
    WriteOrigin(item.origin, json);
  }
  json.EndObject();
}

void WriteChange(const Change& change, json::JsonWriter& json) {
  json.BeginObject();
  json.Member("key", change.key);
  json.Member("before", change.before);
  json.Member("after", change.after);
  json.Member("applied_by", change.reloadable ? "reload" : "restart");
  json.Key("origin");
  WriteOrigin(change.origin, json);
  json.EndObject();
}

void WriteCounts(std::size_t errors, std::size_t warnings, json::JsonWriter& json) {
  json.Member("valid", errors == 0);
  json.Member("errors", errors);
  json.Member("warnings", warnings);
}

// Escaped as the runner's own toolkit does it: %, CR and LF in the text, and : and , in a property.
std::string Escaped(std::string_view text, bool property) {
  std::string out;
  for (const char c : text) {
    if (c == '%') {
      out += "%25";
    } else if (c == '\r') {
      out += "%0D";
    } else if (c == '\n') {
      out += "%0A";
    } else if (property && c == ':') {
      out += "%3A";
    } else if (property && c == ',') {
      out += "%2C";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string FormatJson(const std::vector<Checked>& checked, const std::vector<Change>* changes) {
  std::size_t errors = 0;
  std::size_t warnings = 0;
  for (const Checked& each : checked) {
    errors += each.loaded.Count(Severity::kError);
    warnings += each.loaded.Count(Severity::kWarning);
  }
  std::string text;
  json::JsonWriter json(text);
  json.BeginObject();
  WriteCounts(errors, warnings, json);
  json.Key("configurations");
  json.BeginArray();
  for (const Checked& each : checked) {
    json.BeginObject();
    json.Member("subject", each.subject);
    WriteCounts(each.loaded.Count(Severity::kError), each.loaded.Count(Severity::kWarning), json);
    json.Key("files");
    json.BeginArray();
    for (const std::string& file : each.loaded.files) json.String(file);
    json.EndArray();
    json.Key("diagnostics");
    json.BeginArray();
    for (const Diagnostic& diagnostic : each.loaded.diagnostics) WriteDiagnostic(diagnostic, json);
    json.EndArray();
    if (each.production) {
      json.Key("production");
      json.BeginArray();
      for (const ChecklistItem& item : *each.production) WriteItem(item, json);
      json.EndArray();
    }
    json.EndObject();
  }
  json.EndArray();
  if (changes != nullptr) {
    json.Key("changes");
    json.BeginArray();
    for (const Change& change : *changes) WriteChange(change, json);
    json.EndArray();
  }
  json.EndObject();
  return text + "\n";
}

std::string FormatGithub(const Diagnostic& diagnostic) {
  const Origin& origin = diagnostic.origin;
  std::string text = "::" + std::string(SeverityName(diagnostic.severity)) + " ";
  const bool in_file = origin.kind == Origin::Kind::kFile;
  if (in_file) text += "file=" + Escaped(origin.name, true) + ",";
  if (in_file && origin.place.line != 0) {
    text += "line=" + std::to_string(origin.place.line) +
            ",col=" + std::to_string(origin.place.column) +
            ",endColumn=" + std::to_string(origin.place.column + origin.place.length) + ",";
  }
  text += "title=" + std::string(diagnostic.code) + " " + Escaped(TitleOf(diagnostic.code), true) +
          "::";
  std::string message = in_file ? "" : Where(origin) + ": ";
  if (!diagnostic.key.empty()) message += diagnostic.key + ": ";
  message += diagnostic.message;
  if (!diagnostic.hint.empty()) message += "\nhint: " + diagnostic.hint;
  return text + Escaped(message, false) + "\n";
}

}  // namespace sampleproc::config
