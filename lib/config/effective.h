// A configuration written back as TOML.
#pragma once

#include <string>

#include "config/loader.h"
#include "config/schema.h"

namespace sampleproc::config {

enum class Which {
  kAll,        // every key
  kFromFiles,  // only keys that a file set
};

// Sections and keys in the order of the schema, each line with where its value came from:
//
//   [http]
//   host = "127.0.0.1"  # default
//   port = 9000  # environment PORT
//
// A section ends with the names of the keys that a reload applies: #reloadable = ["tls_cert"].
// Read again it gives the same configuration, up to secrets: a secret value, a URL with a user or a
// password in it, and the whole section of a camera whose name has one, stand there as a comment
// with stars. What nobody set and follows from other keys, from variables or from files of
// process.model_dir stands there as a comment, too, and follows from them again. `loaded` has no
// errors.
std::string EffectiveToml(const Loaded& loaded, Which which);

// Reports each value that was set and of which EffectiveToml writes but stars, as a comment.
void ReportLeftOut(Loaded& loaded);

// The value of `key` as TOML with what is secret in it replaced by stars.
std::string MaskedSetting(const Key& key, const Setting& setting);

}  // namespace sampleproc::config
