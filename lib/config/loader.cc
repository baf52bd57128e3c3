#include "config/loader.h"

#include <algorithm>
#include <system_error>
#include <tuple>

#include "base/ascii.h"
#include "base/suggest.h"
#include "config/assembly.h"
#include "config/judge.h"
#include "config/machine.h"
#include "config/validate.h"
#include "files/url_input.h"
#include "net/redact.h"

namespace sampleproc::config {
namespace {

void ApplyDropIns(const std::filesystem::path& directory, base::Reading reading,
                  Assembly& assembly) {
  std::error_code error;
  std::vector<std::string> paths;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::filesystem::path& path = entry->path();
    if (path.extension() == ".toml" && !path.filename().string().starts_with('.')) {
      paths.push_back(path.string());
    }
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    assembly.Report({Severity::kError,
                     code::kUnreadable,
                     {Origin::Kind::kFile, directory.string(), {}},
                     "",
                     "cannot be read: " + error.message(),
                     "",
                     ""});
  }
  std::ranges::sort(paths);
  for (const std::string& path : paths) ApplyFile(path, path, false, reading, assembly);
}

void ApplyFiles(const LoadRequest& request, Assembly& assembly) {
  if (request.files == Files::kNone) return;
  std::string named = request.file.value_or("");
  if (!request.file) {
    const auto variable = std::ranges::find(request.environment, "SAMPLEPROC_CONFIG",
                                            &Environment::value_type::first);
    if (variable != request.environment.end() && !base::TrimBlanks(variable->second).empty()) {
      named = variable->second;
    }
  }
  if (request.file || !named.empty()) {
    ApplyFile(named, named == "-" ? "<stdin>" : files::ShownName(named), false, request.reading,
              assembly);
    return;
  }
  if (request.files == Files::kNamed) return;
  const std::string system_file = request.system_file.string();
  ApplyFile(system_file, system_file, true, request.reading, assembly);
  ApplyDropIns(request.system_file.parent_path() / "conf.d", request.reading, assembly);
}

void ApplyFlags(const LoadRequest& request, Assembly& assembly) {
  for (const Flag& flag : request.flags) {
    assembly.AddDetector(flag.path);
    const Origin origin{Origin::Kind::kFlag, flag.name, {}};
    if (const auto camera = CameraKey(flag.path)) {
      assembly.Take(*camera, ConvertText(*camera, flag.text, PlainUnit(camera->kind)), origin);
    } else if (const Key* key = FindKey(assembly.schema, flag.path)) {
      assembly.Take(*key, ConvertText(*key, flag.text, PlainUnit(key->kind)), origin);
    } else {
      assembly.Report({Severity::kError, code::kUnknownKey, origin, Shown(flag.path), "no such key",
                       SuggestKey(assembly.schema, flag.path), ""});
    }
  }
}

// What the rules would say of the entries of a list that can be read beside those that cannot.
std::vector<Refusal> RefusedByRules(const Key& key, const Refusal& unread, Config config) {
  std::vector<Refusal> refusals;
  if (unread.texts.empty()) return refusals;
  key.set(config, unread.texts);
  for (Finding& finding : Validate(config)) {
    const bool is_read = finding.key == key.path && finding.entry &&
                         *finding.entry < unread.texts.size() &&
                         !unread.texts[*finding.entry].empty();
    if (!is_read || finding.severity != Severity::kError) continue;
    refusals.push_back(
        {finding.code, std::move(finding.message), std::move(finding.hint), finding.entry});
  }
  return refusals;
}

}  // namespace

void Assembly::Take(const Key& key, std::expected<Setting, Refusal> converted, Origin origin,
                    std::string_view source_line, EntryPlaces places) {
  const std::string path(key.path);
  if (converted) {
    key.set(result.config, *converted);
    result.origins[path] = std::move(origin);
    source_lines[path] = key.secret ? "" : std::string(source_line);
    entries.erase(path);
    if (!places.empty()) entries[path] = std::move(places);
    refused.erase(path);
    return;
  }
  const auto report = [&](Refusal& refusal) {
    Origin at = origin;
    std::string line = key.secret ? "" : std::string(source_line);
    if (refusal.entry && *refusal.entry < places.size()) {
      std::tie(at.place, line) = places[*refusal.entry];
    }
    Report({Severity::kError, refusal.code, std::move(at), path, std::move(refusal.message),
            std::move(refusal.hint), std::move(line)});
  };
  refused[path] = {key, origin, converted.error().texts};
  std::vector<Refusal> refusals = RefusedByRules(key, converted.error(), result.config);
  for (Refusal& refusal : converted.error().more) refusals.push_back(std::move(refusal));
  refusals.push_back(std::move(converted.error()));
  std::ranges::stable_sort(refusals, {}, &Refusal::entry);
  for (Refusal& refusal : refusals) report(refusal);
}

void Assembly::Report(Diagnostic diagnostic) {
  diagnostic.key = net::RedactCredentials(diagnostic.key);
  result.diagnostics.push_back(std::move(diagnostic));
}

bool Assembly::AddDetector(std::string_view path) {
  const std::size_t before = schema.size();
  if (!config::AddDetector(path, schema)) return false;
  if (schema.size() == before) return true;
  for (const Key& key : schema) result.origins.try_emplace(std::string(key.path));
  return true;
}

std::string_view NearestKey(const std::vector<Key>& schema, std::string_view path) {
  std::vector<std::string_view> paths;
  for (const Key& key : schema) paths.push_back(key.path);
  std::string_view near;
  // The first section left out: redis.url for consumer.redis.url.
  const std::string end = "." + std::string(path);
  for (const std::string_view candidate : paths) {
    if (near.empty() && path.contains('.') && candidate.ends_with(end)) near = candidate;
  }
  if (near.empty()) near = base::Suggest(path, paths);
  if (near.empty()) {
    // The right word in the wrong section: http.workers for process.workers.
    const std::string_view name = path.substr(path.rfind('.') + 1);
    for (const std::string_view candidate : paths) {
      if (near.empty() && candidate.substr(candidate.rfind('.') + 1) == name) near = candidate;
    }
  }
  if (near.empty()) {
    // A name cut short: consumer.redis.password for consumer.redis.password_file.
    for (const std::string_view candidate : paths) {
      if (near.empty() && candidate.starts_with(std::string(path) + "_")) near = candidate;
    }
  }
  return near;
}

std::string SuggestKey(const std::vector<Key>& schema, std::string_view path) {
  const std::string_view near = NearestKey(schema, path);
  return near.empty() ? std::string() : "did you mean " + std::string(near) + "?";
}

void Assembly::NoteMeant(std::string_view path, Origin origin) {
  const Key* const known = FindKey(schema, path);
  const std::optional<Key> key = known == nullptr ? CameraKey(path) : std::optional(*known);
  if (!key) return;
  const auto set = result.origins.find(std::string(path));
  if (set != result.origins.end() && set->second.kind != Origin::Kind::kDefault) return;
  refused.try_emplace(std::string(path), Refused{*key, std::move(origin), {}});
}

bool Loaded::HasErrors() const { return Count(Severity::kError) > 0; }

std::size_t Loaded::Count(Severity severity) const {
  return static_cast<std::size_t>(std::ranges::count(diagnostics, severity, &Diagnostic::severity));
}

Loaded Load(const LoadRequest& request) {
  Assembly assembly{MakeSchema(), {}, {}};
  for (const Key& key : assembly.schema) assembly.result.origins[std::string(key.path)] = {};
  ApplyFiles(request, assembly);
  ApplyEnvironment(request, assembly);
  ApplyFlags(request, assembly);
  Judge(request.original_names, assembly);
  CheckWrittenFiles(assembly);
  if (request.machine) CheckMachine(*request.machine, assembly);
  if (request.looks_for_modules) CheckModules(assembly);
  return std::move(assembly.result);
}

base::Error ToError(const Loaded& loaded) {
  std::vector<base::Problem> problems;
  for (const Diagnostic& diagnostic : loaded.diagnostics) {
    if (diagnostic.severity != Severity::kError) continue;
    std::vector<std::string> loc{diagnostic.key.empty() ? diagnostic.origin.name : diagnostic.key};
    problems.push_back({std::string(diagnostic.code), std::move(loc), diagnostic.message});
  }
  return base::Fail(base::ErrorCode::kConfig, std::move(problems)).error();
}

}  // namespace sampleproc::config
