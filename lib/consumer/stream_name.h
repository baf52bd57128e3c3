// What streams and their group are called.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sampleproc::consumer {

// `name` as it is configured, with Options::processor_id in each place that stands for it.
inline std::string StreamName(std::string name, const std::string& processor_id) {
  constexpr std::string_view kPlace = "<processor_id>";
  for (std::size_t at = name.find(kPlace); at != std::string::npos;
       at = name.find(kPlace, at + processor_id.size())) {
    name.replace(at, kPlace.size(), processor_id);
  }
  return name;
}

}  // namespace sampleproc::consumer
