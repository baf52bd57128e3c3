// Measured numbers as text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sampleproc::loadtest {

// Three or four significant digits, no exponent: "0.042", "12.3", "1234".
std::string FormatNumber(double value);

// With so many decimals: "12.30".
std::string FormatFixed(double value, int decimals);

// With blanks in front, `width` characters.
std::string PadLeft(std::string_view text, std::size_t width);

// The same of a latency over all requests, with its unit when there is one: "failed" when it is
// infinite, because too many failed, "-" when nothing was finished.
std::string FormatLatency(double value, std::string_view unit = "");

// Text that others wrote, for a terminal: control characters as \\xNN, so that they move nothing.
std::string Printable(std::string_view text);

}  // namespace sampleproc::loadtest
