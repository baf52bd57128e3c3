// What helps with a value that cannot be converted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/convert.h"
#include "config/schema.h"

namespace sampleproc::config {

// For what people write as a size elsewhere: "10mb", "10 Mb", "10m", "10MBytes".
std::string SizeHint(std::string_view text);

// For a number with a decimal comma; "" for anything else.
std::string PointHint(std::string_view text);

// For what is no duration.
std::string DurationHint(std::string_view text);

// For a string in the place of a number or a truth value; "" when nothing is known to help.
std::string QuotesHint(const Key& key, std::string_view text);

// How to write the several entries that the text of a list is; "" when it is one.
std::string OneAloneHint(const Key& key, std::string_view text);

// What stands between commas, without blanks around it.
std::vector<std::string> SplitAtCommas(std::string_view text);

// "it ends with a blank", "" where a URL has none: they are pasted along and are hard to see.
std::string_view BlankIn(std::string_view url);

// For `text`, which is no URL such as `example`.
Refusal NoUrl(std::string_view text, std::string_view example, std::string hint);

}  // namespace sampleproc::config
