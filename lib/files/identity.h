// Which file a name leads to, so that two names of one file are seen to be one.
#pragma once

#include <sys/types.h>

#include <compare>
#include <optional>
#include <string>

namespace sampleproc::files {

struct Identity {
  dev_t device = 0;
  ino_t file = 0;

  auto operator<=>(const Identity&) const = default;
};

// Of what holds bytes that writing would destroy: a regular file or a block device, also behind
// links. Nothing for what does not exist and for anything else.
std::optional<Identity> IdentityOf(const std::string& path);
std::optional<Identity> IdentityOf(int descriptor);

}  // namespace sampleproc::files
