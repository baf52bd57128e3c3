#include "apps/failure_names.h"

#include <unistd.h>

#include <cstddef>

#include "config/convert.h"
#include "files/identity.h"
#include "files/name_text.h"

namespace sampleproc::apps {

FailureNames::FailureNames(const ProcessFileOptions& options, files::Progress& progress)
    : is_wanted_(!options.quiet &&
                 (options.output != "-" || files::IdentityOf(STDOUT_FILENO).has_value())),
      progress_(progress) {}

void FailureNames::Add(const files::Record& record) {
  if (!is_wanted_ || record.result || record.source.source == last_) return;
  last_ = record.source.source;
  constexpr std::size_t kLongest = 1000;
  std::string place = last_;
  if (record.of_many) place += "#" + std::to_string(record.source.index);
  const std::string message = files::NameAsText(record.result.error().message);
  progress_.Say(
      "sampleproc: " +
      // Names are without secrets already, as in the record.
      config::Printable(message.starts_with(last_) ? message : place + ": " + message, kLongest));
}

}  // namespace sampleproc::apps
