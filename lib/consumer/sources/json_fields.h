// A JSON object as fields of text, for upstreams that write one thing now as fields, now as JSON.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "consumer/sources/entry_fields.h"
#include "frame/options.h"

namespace sampleproc::consumer {

// `text` is an object, or a string that contains one. Fails with kInvalidFrame, saying what is
// wrong and at which byte. Thread-safe.
base::Result<std::vector<EntryField>> ReadJsonFields(std::string text,
                                                     const frame::Options& options);

// The objects of the array that the object `text` has as `member`, each as above; of an element
// that is no object nothing. An object with two members of one name is taken as it is, since
// whoever sent it will not send it again. Fails with kInvalidFrame when `text` is not JSON or has
// no such array, or one of more than `most` elements. All of them together have the limits of a
// hundred objects under `options`. Thread-safe.
base::Result<std::vector<std::optional<std::vector<EntryField>>>> ReadJsonFieldsOfEach(
    std::string text, std::string_view member, std::size_t most, const frame::Options& options);

}  // namespace sampleproc::consumer
