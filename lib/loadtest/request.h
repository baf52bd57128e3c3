// A request as it is written to the wire, and who makes and checks them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "loadtest/pacer.h"
#include "loadtest/response_reader.h"

namespace sampleproc::loadtest {

// head, body and tail follow each other on the wire. The body is shared between requests and
// belongs to the maker, so that a frame is never copied.
struct Request {
  std::string head;       // up to where the shared body begins
  std::string_view body;  // shared; may be empty
  std::string_view tail;  // shared; what closes JSON or multipart
  bool is_head = false;   // HEAD: its answer has no body
  bool is_hostile = false;
  std::string frame_id;  // what the answer must repeat; "" = not looked at
  std::string camera_id;
  std::size_t frame = 0;  // which of the maker's frames
};

// Makes the requests of one thread and judges their answers.
class RequestMaker {
 public:
  virtual ~RequestMaker() = default;

  // Overwrites `request`, whose strings are reused.
  virtual void Make(const Arrival& arrival, Request& request) = 0;

  // How many bytes of an answer's body Check needs to see.
  virtual std::size_t KeptBytes() const = 0;

  // "" when the answer is right, else the name of the error it counts as. May destroy the body.
  virtual std::string Check(const Request& request, ResponseReader& answer) = 0;
};

}  // namespace sampleproc::loadtest
