// Text to time, bytes and truth, and back.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sampleproc::config {

// A sum of numbers with units, largest first or not: "30s", "100ms", "1m30s", "1.5h". A number
// alone counts in `plain_unit`. Nothing when it is none of these or not a whole number of
// milliseconds. Values beyond 30,000 years come back as that.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text,
                                                       std::chrono::milliseconds plain_unit);

// Bytes: a number with B, kB/KB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (powers of
// 1024). A number alone counts in `plain_unit` bytes. Nothing when it is none of these, a fraction
// of a byte, or written with a bare K, M or G, which people read both ways.
std::optional<std::int64_t> ParseSize(std::string_view text, std::int64_t plain_unit);

// true false 1 0 yes no on off, in any case.
std::optional<bool> ParseBool(std::string_view text);

// A whole number in decimal digits, leading zeros and a sign allowed.
std::optional<std::int64_t> ParseInteger(std::string_view text);

// A finite decimal number.
std::optional<double> ParseReal(std::string_view text);

// The shortest text that reads back the same: "30s", "1500ms", "2h"; "0s" for none.
std::string FormatDuration(std::chrono::milliseconds duration);

// "10MiB", "16KiB", and a plain number where no binary unit divides it.
std::string FormatSize(std::int64_t bytes);

// The shortest decimal that reads back the same.
std::string FormatReal(double value);

}  // namespace sampleproc::config
