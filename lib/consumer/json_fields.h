// A JSON object as fields of text, for upstreams that write one thing now as fields, now as JSON.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "consumer/entry_fields.h"
#include "frame/options.h"

namespace sampleproc::consumer {

// `text` is an object, or a string that contains one. Fails with kInvalidFrame, saying what is
// wrong and at which byte. Thread-safe.
base::Result<std::vector<EntryField>> ReadJsonFields(std::string text,
                                                     const frame::Options& options);

}  // namespace sampleproc::consumer
