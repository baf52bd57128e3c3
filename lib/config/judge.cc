#include "config/judge.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "config/convert.h"
#include "config/derive.h"
#include "config/validate.h"
#include "net/redact.h"

namespace sampleproc::config {
namespace {

// An entry of a list that a rule refuses as such, whatever the other keys are.
using WrongEntry = std::pair<std::string, std::size_t>;

// A finding is reported where the blamed key was set.
std::vector<WrongEntry> DeriveAndApply(bool original_names, Assembly& assembly) {
  std::vector<WrongEntry> wrong;
  Derive(original_names, assembly);
  for (Finding& finding : Validate(assembly.result.config)) {
    const std::string& key = finding.key;
    Origin origin = assembly.result.origins[key];
    std::string source_line = assembly.source_lines[key];
    const auto& entries = assembly.entries[key];
    if (finding.entry && *finding.entry < entries.size()) {
      std::tie(origin.place, source_line) = entries[*finding.entry];
    }
    if (finding.entry && finding.severity == Severity::kError) {
      wrong.emplace_back(key, *finding.entry);
    }
    assembly.Report({finding.severity, finding.code, std::move(origin), key,
                     std::move(finding.message), std::move(finding.hint), std::move(source_line)});
  }
  return wrong;
}

// Texts that a key may have been meant to be: rules look whether there is one, and how a URL
// begins.
std::vector<Setting> PossibleTexts(const Key& key) {
  constexpr std::string_view kPossible[] = {"",
                                            "x",
                                            "rtsp://user@host/",
                                            "rtsps://user@host/",
                                            "https://user@host/",
                                            "mqtts://user@host",
                                            "redis://host"};
  std::vector<Setting> possible;
  for (const std::string_view text : kPossible) {
    if (auto value = ConvertText(key, text, PlainUnit(key.kind))) {
      possible.push_back(std::move(*value));
    }
  }
  return possible;
}

// Values of `refused` between which each rule that looks at it decides differently, as far as can
// be known; none of places in pictures, of which no rule beside their own is.
std::vector<Setting> PossibleValues(const Assembly::Refused& refused) {
  const Key& key = refused.key;
  // Rules add such numbers up.
  const std::int64_t most = std::min(key.max, std::int64_t{1} << 40);
  switch (key.kind) {
    case Kind::kBool:
      return {false, true};
    case Kind::kInt:
    case Kind::kSize:
      return {key.min, most};
    case Kind::kReal:
      return {static_cast<double>(key.min), static_cast<double>(most)};
    case Kind::kDuration:
      return {std::chrono::milliseconds(key.min), std::chrono::milliseconds(most)};
    case Kind::kEnum: {
      std::vector<Setting> words;
      for (const std::string_view word : key.words) words.emplace_back(std::string(word));
      return words;
    }
    case Kind::kString:
      return PossibleTexts(key);
    case Kind::kStringList: {
      std::vector<std::string> read = refused.texts;
      std::erase(read, "");
      std::vector<std::string> all = read;
      for (const std::string_view word : key.words) {
        if (std::ranges::find(all, word) == all.end()) all.emplace_back(word);
      }
      return {std::move(read), std::move(all)};
    }
    default:
      return {};
  }
}

// Adds to what is refused a list of which an entry is.
void NoteWrongEntry(const std::string& path, std::size_t entry, Assembly& assembly) {
  const Key* const known = FindKey(assembly.schema, path);
  const std::optional<Key> key = known == nullptr ? CameraKey(path) : std::optional(*known);
  if (!key || key->kind != Kind::kStringList) return;
  const auto noted = assembly.refused.find(path);
  if (noted == assembly.refused.end()) {
    assembly.refused[path] = {*key, assembly.result.origins[path],
                              std::get<std::vector<std::string>>(key->get(assembly.result.config))};
  }
  std::vector<std::string>& texts = assembly.refused[path].texts;
  if (entry < texts.size()) texts[entry].clear();
}

struct Alternatives {
  const Assembly::Refused* refused;
  std::vector<Setting> values;
};

// What is reported when each key that was refused has the `turn`th of its alternatives.
std::vector<Diagnostic> ReportedWith(const std::vector<Alternatives>& all, std::size_t turn,
                                     bool original_names, Assembly assembly) {
  for (const auto& [refused, values] : all) {
    if (values.empty()) continue;
    refused->key.set(assembly.result.config, values[turn % values.size()]);
    assembly.result.origins[std::string(refused->key.path)] = refused->origin;
  }
  DeriveAndApply(original_names, assembly);
  return std::move(assembly.result.diagnostics);
}

bool IsSame(const Diagnostic& a, const Diagnostic& b) {
  return a.code == b.code && a.key == b.key && a.origin.place == b.origin.place;
}

}  // namespace

void Judge(bool original_names, Assembly& assembly) {
  Assembly before = assembly;
  before.result.diagnostics.clear();
  std::vector<Diagnostic>& reported = assembly.result.diagnostics;
  const auto told = static_cast<std::ptrdiff_t>(reported.size());
  const std::vector<WrongEntry> wrong = DeriveAndApply(original_names, assembly);
  if (wrong.empty() && assembly.refused.empty()) return;

  // Names as reports have them.
  std::set<std::string> refused_before;
  std::set<std::string> refused_by_rules;
  for (const auto& [path, refused] : assembly.refused) {
    refused_before.insert(net::RedactCredentials(path));
  }
  for (const auto& [path, entry] : wrong) {
    refused_by_rules.insert(net::RedactCredentials(path));
    NoteWrongEntry(path, entry, assembly);
  }
  std::vector<Alternatives> all;
  std::size_t turns = 0;
  for (const auto& [path, refused] : assembly.refused) {
    all.push_back({&refused, PossibleValues(refused)});
    turns = std::max(turns, all.back().values.size());
  }

  const auto drop = [&](const auto& is_false) {
    reported.erase(std::remove_if(reported.begin() + told, reported.end(), is_false),
                   reported.end());
  };
  drop([&](const Diagnostic& each) { return refused_before.contains(each.key); });
  for (std::size_t turn = 0; turn < turns && std::ssize(reported) > told; ++turn) {
    const std::vector<Diagnostic> then = ReportedWith(all, turn, original_names, before);
    drop([&](const Diagnostic& each) {
      if (each.severity == Severity::kError && refused_by_rules.contains(each.key)) return false;
      return std::ranges::none_of(then, [&](const Diagnostic& one) { return IsSame(one, each); });
    });
  }
}

}  // namespace sampleproc::config
