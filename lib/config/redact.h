// Takes out of text what nobody should read: messages quote lines and values of configurations.
#pragma once

#include <string>
#include <string_view>

namespace sampleproc::config {

// `text` with the user and password of each URL in it ("scheme://user:password@host") replaced by
// stars, one for each byte, so that columns still fit.
std::string RedactCredentials(std::string_view text);

// One line of a TOML or environment file, redacted likewise. When what is set on it is called a
// password, a secret or a token, its whole value becomes stars.
std::string RedactLine(std::string_view line);

// Whether `text` has a URL with a user or a password in it.
bool HasCredentials(std::string_view text);

}  // namespace sampleproc::config
