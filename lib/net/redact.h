// Takes out of text what nobody should read: messages quote lines and values of configurations.
#pragma once

#include <string>
#include <string_view>

namespace sampleproc::net {

// `text` with what is secret replaced by stars, one for each byte, so that columns still fit: in
// each URL ("scheme://user:password@host/path?name=value") user and password, the values of the
// query, and parts of the path that look like the token of a webhook (20 characters and more,
// digits among them); "user:password@" without a scheme; what follows "password=", "passwd=",
// "pwd=" and "pass=" in any case, up to '&', ';', a quote or the line's end; the content of a
// pasted PEM. User and password go up to the last '@' of the line or before the next URL, since
// '/', blanks and quotes are pasted into them: rather too much becomes stars than too little.
std::string RedactCredentials(std::string_view text);

// The same with three stars for each secret, whatever its length: for text without columns.
std::string CutCredentials(std::string_view text);

// An id that a sender chose, as traces and metrics may show it: cameras are called by their URLs,
// logins included. The text as it is where nothing in it is secret.
std::string ShownId(std::string_view id);

// The value of the key `name`, as TOML or as it is, redacted as by RedactCredentials; of a key for
// a user also what stands behind a colon, as in "user:password".
std::string RedactValue(std::string_view name, std::string_view value);

// One line of a TOML or environment file, or of what was taken for one, redacted likewise. From the
// first name on it that is of a secret (password, token, cookie, authorization, API key and the
// like), all becomes stars that is set to it, also within a table on one line; so does a line that
// may be of the middle of a PEM. A part of a file's path is no name, and what a list of variables
// has for a name (name: A_TOKEN, value: x) has its value under "value".
std::string RedactLine(std::string_view line);

// The same of a line whose key nobody knows, as a password's that was mistyped: all behind the
// first quotation mark of its value becomes stars.
std::string RedactUnknownLine(std::string_view line);

// Whether RedactCredentials would change `text`.
bool HasCredentials(std::string_view text);

}  // namespace sampleproc::net
