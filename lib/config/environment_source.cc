#include <algorithm>
#include <optional>
#include <span>

#include "base/ascii.h"
#include "base/suggest.h"
#include "base/text_file.h"
#include "config/assembly.h"
#include "config/foreign_variables.h"
#include "config/otel_variables.h"
#include "config/units.h"

namespace sampleproc::config {
namespace {

constexpr std::string_view kPrefix = "SAMPLEPROC_";
constexpr std::string_view kConfigVariable = "SAMPLEPROC_CONFIG";
constexpr std::string_view kDemo = "RUN_DEMO";

// The variable's value. One that is empty or has nothing but blanks counts as absent: that is what
// `PORT=` in an environment file, ${PORT:-} and "PORT: ' '" in a compose file mean.
std::optional<std::string_view> Lookup(const Environment& environment, std::string_view name) {
  for (const auto& [key, value] : environment) {
    if (key != name) continue;
    return base::TrimBlanks(value).empty() ? std::nullopt : std::optional<std::string_view>(value);
  }
  return std::nullopt;
}

bool IsLinkAddress(std::string_view value) {
  return value.starts_with("tcp://") || value.starts_with("udp://") || value.starts_with("sctp://");
}

// Kubernetes and container links describe each service of the namespace to every process. For
// services called sampleproc, sampleproc-http and the like those variables begin with our prefix:
//
//   SAMPLEPROC_PORT=tcp://10.0.0.7:8099   SAMPLEPROC_SERVICE_HOST=10.0.0.7
//   SAMPLEPROC_SERVICE_PORT=8099          SAMPLEPROC_SERVICE_PORT_HTTP=8099
//   SAMPLEPROC_PORT_8099_TCP=tcp://...    SAMPLEPROC_PORT_8099_TCP_PROTO=tcp  (_PORT, _ADDR)
bool IsServiceLink(std::string_view name, std::string_view value) {
  if (name.ends_with("_PORT") && IsLinkAddress(value)) return true;
  if (name.ends_with("_SERVICE_HOST") || name.ends_with("_SERVICE_PORT")) return true;
  if (name.find("_SERVICE_PORT_") != std::string_view::npos) return true;
  const std::size_t port = name.find("_PORT_");
  if (port == std::string_view::npos) return false;
  std::string_view rest = name.substr(port + 6);
  const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  rest.remove_prefix(digits);
  return digits > 0 &&
         (rest.starts_with("_TCP") || rest.starts_with("_UDP") || rest.starts_with("_SCTP"));
}

Origin FromVariable(std::string_view name) {
  return {Origin::Kind::kEnvironment, std::string(name), {}};
}

// A value, and the variable that it is from.
struct Given {
  std::string name;
  std::string value;
};

// What the file that the variable `name` names holds: one line, whose end is not part of it.
std::optional<Given> ReadValueFile(const Key& key, const std::string& name, std::string path,
                                   const LoadRequest& request, Assembly& assembly) {
  const auto report = [&](Severity severity, std::string_view code, std::string message,
                          std::string hint) {
    assembly.Report({severity, code, FromVariable(name), std::string(key.path), std::move(message),
                     std::move(hint), ""});
    return std::nullopt;
  };
  if (!request.value_files) {
    return report(Severity::kWarning, code::kNoFile,
                  "the file that it names is not looked at here, so that the value is not known",
                  "check on the machine that it is for, without --offline");
  }
  if (path == "-") path = "./-";  // a file here, not standard input
  assembly.result.inputs.push_back({"the file of " + name, path});
  auto text = base::ReadOneLine(path, request.reading);
  if (!text) {
    return report(Severity::kError, code::kUnreadable,
                  "the file " + Shown(path, 200) + " cannot be read: " + text.error().message,
                  "name a file with the value on its only line");
  }
  return Given{name, std::move(*text)};
}

// What the variable `name` says, or the file that its neighbour `name`_FILE names.
std::optional<Given> GivenBy(const Key& key, const std::string& name, const LoadRequest& request,
                             Assembly& assembly) {
  std::optional<std::string_view> value = Lookup(request.environment, name);
  if (value && IsServiceLink(name, *value)) value = std::nullopt;  // REDIS_PORT=tcp://...
  const std::string file_name = name + "_FILE";
  const auto path = MayBeInFile(key) ? Lookup(request.environment, file_name) : std::nullopt;
  if (value && path) {
    assembly.Report({Severity::kWarning, code::kTwoNames, FromVariable(file_name),
                     std::string(key.path), name + " is set too, and is used instead",
                     "unset one of them", ""});
  }
  if (value) return Given{name, std::string(*value)};
  if (path) return ReadValueFile(key, file_name, std::string(*path), request, assembly);
  return std::nullopt;
}

void ApplyOriginalNames(const Key& key, const LoadRequest& request, bool overridden,
                        Assembly& assembly) {
  std::optional<Given> first;
  for (const OriginalName& original : key.original_names) {
    std::optional<Given> given = GivenBy(key, std::string(original.name), request, assembly);
    if (!given) continue;
    if (!first) {
      if (overridden) return;
      assembly.Take(key, ConvertText(key, given->value, original.plain_unit),
                    FromVariable(given->name));
      first = std::move(given);
    } else if (given->value != first->value) {
      assembly.Report({Severity::kWarning, code::kTwoNames, FromVariable(given->name),
                       std::string(key.path),
                       "differs from " + first->name + ", which is used instead",
                       "unset one of them, or set " + VariableName(key.path), ""});
    }
  }
}

bool IsSet(const std::string& key, const LoadRequest& request, Assembly& assembly) {
  return assembly.result.origins[key].kind != Origin::Kind::kDefault ||
         std::ranges::find(request.flags, key, &Flag::path) != request.flags.end();
}

void ReportLink(std::string_view name, const std::string& key, std::string_view link,
                Assembly& assembly) {
  const std::string variable = VariableName(key);
  const std::string set =
      name == variable ? "set it yourself, which wins over the link" : "set " + variable;
  assembly.Report({Severity::kWarning, code::kIgnored, FromVariable(name), key,
                   "is a service link" + std::string(link) +
                       ", as Kubernetes and Docker set them, and is not read",
                   set + "; enableServiceLinks: false keeps the link away", ""});
}

// SAMPLEPROC_CONSUMER_REDIS_PORT=tcp://10.0.0.1:6379 of a service that is called
// sampleproc-consumer-redis. And REDIS_PORT=tcp://10.0.0.3:6380 beside REDIS_HOST: whoever has
// Redis there means that port, and the link alone does not say that it is the same Redis.
void ReportLinkedPorts(const LoadRequest& request, Assembly& assembly) {
  for (const Key& key : assembly.schema) {
    const std::string name = VariableName(key.path);
    const auto link = Lookup(request.environment, name);
    if (!link || !IsServiceLink(name, *link)) continue;
    const std::string path(key.path);
    if (!IsSet(path, request, assembly)) ReportLink(name, path, "", assembly);
  }
  constexpr std::string_view kName = "REDIS_PORT";
  const std::string port = "consumer.redis.port";
  const auto link = Lookup(request.environment, kName);
  if (!request.original_names || !link || !IsServiceLink(kName, *link) ||
      !IsSet("consumer.redis.host", request, assembly) || IsSet(port, request, assembly)) {
    return;
  }
  const auto linked = ParseInteger(link->substr(link->rfind(':') + 1));
  const std::int64_t used = assembly.result.config.consumer.redis.port;
  if (!linked || *linked == used) return;
  ReportLink(kName, port,
             " with port " + std::to_string(*linked) + " beside the port " + std::to_string(used) +
                 " in use",
             assembly);
}

// What was meant by a variable with our prefix that is no key's: SAMPLEPROC_LOG_LEVEL, whose key is
// in a section, or SAMPLEPROC_ before an original name.
std::string HintFor(std::string_view name, std::span<const std::string_view> known,
                    const std::vector<Key>& schema) {
  const std::string_view rest = name.substr(kPrefix.size());
  for (const std::string_view section : {"camera", "detector"}) {
    if (base::Lowercase(rest).starts_with(std::string(section) + "_")) {
      return "what has a name of its own is set in a file, in [" + std::string(section) +
             ".NAME], or by --set " + std::string(section) + ".NAME.KEY=VALUE";
    }
  }
  std::string meant;
  for (const Key& key : schema) {
    const std::string variable = VariableName(key.path);
    const bool ours = !rest.empty() && variable.ends_with("_" + std::string(rest));
    if (!ours && std::ranges::find(key.original_names, rest, &OriginalName::name) ==
                     key.original_names.end()) {
      continue;
    }
    meant += (meant.empty() ? "" : " or ") + variable;
  }
  if (meant.empty()) meant = base::Suggest(name, known);
  if (meant.empty()) {
    return "sampleproc.toml(5) and `sampleproc validate-config --print-effective` have all "
           "settings";
  }
  return "did you mean " + meant + "?";
}

void ReportUnknown(const LoadRequest& request, Assembly& assembly) {
  std::vector<std::string> known{std::string(kConfigVariable)};
  for (const Key& key : assembly.schema) {
    known.push_back(VariableName(key.path));
    if (MayBeInFile(key)) known.push_back(known.back() + "_FILE");
  }
  const std::vector<std::string_view> names(known.begin(), known.end());
  for (const auto& [name, value] : request.environment) {
    if (!name.starts_with(kPrefix) || std::ranges::find(names, name) != names.end()) continue;
    if (IsServiceLink(name, value)) continue;
    assembly.Report({request.unknown_variable, code::kUnknownVariable, FromVariable(Shown(name)),
                     "", "no such setting", HintFor(name, names, assembly.schema), ""});
  }
}

// The original names have no prefix, so that only nearness tells a slip from another program's
// variable: two edits at most, and fewer in short names. Among variables that other programs have
// as well (not of a file that is this service's alone) it is one edit of a name that is long enough
// to be nobody else's: CORS_ORIGIN, ALLOWED_HOST.
void ReportMisspelt(const LoadRequest& request, Assembly& assembly) {
  std::vector<std::string_view> names{kDemo};
  for (const Key& key : assembly.schema) {
    for (const OriginalName& original : key.original_names) names.push_back(original.name);
  }
  for (const auto& [name, value] : request.environment) {
    if (name.starts_with(kPrefix) || std::ranges::find(names, name) != names.end()) continue;
    const std::string_view near = base::Suggest(name, names);
    constexpr std::size_t kShortName = 8;
    const std::size_t most = name.size() < kShortName || !request.misspelt_names ? 1 : 2;
    if (!request.misspelt_names && (name.size() < kShortName || !name.contains('_'))) continue;
    // Beside the right name it is something else.
    if (near.empty() || base::EditDistance(name, near) > most ||
        Lookup(request.environment, near) || IsForeignVariable(name) ||
        (name.ends_with("_FILE") && name.size() == near.size() + 5)) {
      continue;
    }
    assembly.Report({Severity::kWarning, code::kMisspelt, FromVariable(Shown(name)), "",
                     "has no effect, and is nearly " + std::string(near),
                     "did you mean " + std::string(near) + "?", ""});
  }
}

}  // namespace

void ApplyEnvironment(const LoadRequest& request, Assembly& assembly) {
  for (const Key& key : assembly.schema) {
    const std::optional<Given> given = GivenBy(key, VariableName(key.path), request, assembly);
    if (request.original_names) ApplyOriginalNames(key, request, given.has_value(), assembly);
    if (given) {
      assembly.Take(key, ConvertText(key, given->value, PlainUnit(key.kind)),
                    FromVariable(given->name));
    }
  }
  if (request.original_names && Lookup(request.environment, kDemo)) {
    assembly.Report({Severity::kWarning, code::kIgnored, FromVariable(kDemo), "",
                     "has no effect: there is no demo mode", "unset it", ""});
  }
  ReportLinkedPorts(request, assembly);
  if (request.original_names) ReportForeignVariables(request, assembly);
  if (request.original_names) ReportOtelVariables(request, assembly);
  ReportUnknown(request, assembly);
  if (request.original_names) ReportMisspelt(request, assembly);
}

}  // namespace sampleproc::config
