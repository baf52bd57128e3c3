// Times and sizes as units, manifests and compose files write them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sampleproc::deploy {

// "40s", "90" (seconds), "1m30s", as compose and Kubernetes write it. Nothing for what is none.
std::optional<std::chrono::milliseconds> ReadDuration(std::string_view text);

inline constexpr std::chrono::milliseconds kForever = std::chrono::hours(24 * 365 * 100);

// A time span of systemd.time(7): "40" (seconds), "20seconds", "1min 30s", "1.5h", "infinity"
// (kForever, as is what is longer). Nothing for what is none.
std::optional<std::chrono::milliseconds> ReadTimeSpan(std::string_view text);

// "1Gi" and "1G" are the same number only where `letters_are_binary`: to systemd and compose, to
// which G, g and GB are 2^30, not to Kubernetes, to which G is 10^9. Nothing for "infinity", a
// percentage and what is none.
std::optional<std::int64_t> ReadSize(std::string_view text, bool letters_are_binary);

// What a shell would sleep: of "sleep 15" and "... sleep 15 && ..." 15 s. 0 without a sleep.
std::chrono::milliseconds SleepIn(std::string_view command);

// The words of a command line: blanks separate, quotes hold together.
std::vector<std::string> SplitWords(std::string_view text);

}  // namespace sampleproc::deploy
