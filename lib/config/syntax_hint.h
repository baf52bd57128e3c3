// What people mean who write something else than TOML.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sampleproc::config {

// What to do about the mistake in line `number` (from 1) of `text`, which is no TOML and of which
// the reader has said `said`; "" when there is nothing to guess. No value of the text is in it,
// which may be secret.
std::string SyntaxHint(std::string_view text, std::uint32_t number, std::string_view said);

}  // namespace sampleproc::config
