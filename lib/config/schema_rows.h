// How the rows of the schema are written; included by the schema_*.cc only.
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <type_traits>
#include <utility>

#include "config/schema.h"

namespace sampleproc::config {

// `text`, which is UTF-8, as a basic string of TOML.
std::string QuoteToml(std::string_view text);

// Whether it may be a key of TOML without quotes.
bool IsBareKey(std::string_view text);

// The member of that name, made when there is none; of a constant map the defaults then.
template <typename T>
T& Of(std::map<std::string, T, std::less<>>& all, const std::string& name) {
  return all[name];
}
template <typename T>
const T& Of(const std::map<std::string, T, std::less<>>& all, const std::string& name) {
  static const T kDefaults;
  const auto found = all.find(name);
  return found != all.end() ? found->second : kDefaults;
}

void AddHttpRows(std::vector<Key>& rows);
void AddHttpAccessRows(std::vector<Key>& rows);  // who may ask, and how often
void AddFrameRows(std::vector<Key>& rows);       // codec, process, resources
void AddStepRows(std::vector<Key>& rows);        // the sections of single steps below process
void AddDetectorRows(std::string_view name, std::vector<Key>& all);  // one detector's
void AddCameraRows(std::string_view id, std::vector<Key>& rows);     // one camera's
// Of the zones and lines that one of the two has.
void AddSceneRows(std::string_view id, const cameras::Options& one, const cameras::Options& other,
                  std::vector<Key>& rows);
void AddConsumerRows(std::vector<Key>& rows);
void AddSinkRows(std::vector<Key>& rows);       // consumer's sinks, and what they get
void AddSinkPlaceRows(std::vector<Key>& rows);  // where each of them is
void AddEventRows(std::vector<Key>& rows);
void AddMqttRows(std::vector<Key>& rows);
void AddNetRows(std::vector<Key>& rows);
void AddTelemetryRows(std::vector<Key>& rows);
void AddServiceRows(std::vector<Key>& rows);

inline constexpr std::int64_t kMs = 1;
inline constexpr std::int64_t kSecond = 1000 * kMs;
inline constexpr std::int64_t kMinute = 60 * kSecond;
inline constexpr std::int64_t kHour = 60 * kMinute;
inline constexpr std::int64_t kKiB = 1024;
inline constexpr std::int64_t kMiB = 1024 * kKiB;
inline constexpr std::int64_t kGiB = 1024 * kMiB;

// Completes `row` with access to the member that `ref` names: [](auto& c) -> auto& { return
// c.http.port; }. The member's type decides how it is read and written; an enumeration's
// enumerators stand in the order of the row's words.
template <typename Ref>
Key Bind(Key row, const Ref& ref) {
  using T = std::remove_cvref_t<decltype(ref(std::declval<Config&>()))>;
  if constexpr (std::is_enum_v<T>) {
    row.set = [ref, words = row.words](Config& config, const Setting& setting) {
      const std::string& word = std::get<std::string>(setting);
      for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == word) ref(config) = static_cast<T>(i);
      }
    };
    row.get = [ref, words = row.words](const Config& config) -> Setting {
      return std::string(words.at(static_cast<std::size_t>(ref(config))));
    };
  } else if constexpr (std::integral<T> && !std::same_as<T, bool>) {
    row.set = [ref](Config& config, const Setting& setting) {
      ref(config) = static_cast<T>(std::get<std::int64_t>(setting));
    };
    row.get = [ref](const Config& config) -> Setting {
      return static_cast<std::int64_t>(ref(config));
    };
  } else {
    row.set = [ref](Config& config, const Setting& setting) { ref(config) = std::get<T>(setting); };
    row.get = [ref](const Config& config) -> Setting { return ref(config); };
  }
  return row;
}

}  // namespace sampleproc::config
