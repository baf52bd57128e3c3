// The head of a request, as far as it is the same for all of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sampleproc::loadtest {

struct HeadOptions {
  std::string method = "GET";
  std::string path = "/";
  std::string host;                 // of the Host field
  std::string authorization;        // "" = none
  std::vector<std::string> fields;  // further ones, "Name: value"
  bool keep_alive = true;
};

// The fields that every request has, each with its CRLF: Host, User-Agent, Accept, Authorization,
// Connection when it is not kept, and the further ones, which replace those of the same name.
std::string FixedFields(const HeadOptions& options);

// Whether `field` is "NAME: value", whatever the case of its letters.
bool HasName(std::string_view field, std::string_view name);

// Whether `field` is "Name: value" and can be sent as it is.
bool IsField(std::string_view field);

}  // namespace sampleproc::loadtest
