#include "http/multipart.h"

#include <catch2/catch.hpp>
#include <string>

namespace sampleproc::http {
namespace {

constexpr const char* kType = "multipart/form-data; boundary=xyz";

// "name[content type]=content" of each part and ';' behind it; "!type" for a problem.
std::string Read(std::string_view body, std::string_view content_type = kType) {
  const auto parts = ReadMultipart(content_type, base::AsBytes(body));
  if (!parts) {
    CHECK(parts.error().loc == std::vector<std::string>{"body"});
    CHECK_FALSE(parts.error().msg.empty());
    return "!" + parts.error().type;
  }
  std::string text;
  for (const Part& part : *parts) {
    text += part.name + "[" + std::string(part.content_type) +
            "]=" + std::string(base::AsText(part.content)) + ";";
  }
  return text;
}

std::string Field(std::string_view name, std::string_view more = "") {
  return "Content-Disposition: form-data; name=" + std::string(name) + "\r\n" + std::string(more);
}

TEST_CASE("parts are read as curl and browsers send them") {
  CHECK(Read("--xyz\r\n" +
             Field("\"frame\"; filename=\"a b;c.jpg\"", "Content-Type: image/jpeg\r\n") +
             "\r\n\x01\r\n--xy\r\n\r\n--xyz\r\n" + Field("metadata") + "\r\n{}\r\n--xyz--\r\n") ==
        "frame[image/jpeg]=\x01\r\n--xy\r\n;metadata[]={};");
  // Preamble, white space behind the boundary, no line end and an epilogue behind the last.
  CHECK(Read("read me\r\n--xyz \t\r\n" + Field("a") + "\r\n1\r\n--xyz--bye") == "a[]=1;");
  CHECK(Read("--xyz\r\n" + Field("a") + "\r\n\r\n--xyz--") == "a[]=;");
  CHECK(Read("--xyz--\r\n").empty());
  CHECK(Read("--xyz\r\ncontent-disposition:form-data;  NAME=\"a\\\"b\"\r\nX-Other: "
             "1\r\n\r\n1\r\n--xyz--") == "a\"b[]=1;");
  CHECK(Read("--a b'()+_,-./:=?\r\n" + Field("a") + "\r\n1\r\n--a b'()+_,-./:=?--",
             "multipart/form-data; charset=utf-8; boundary=\"a b'()+_,-./:=?\"") == "a[]=1;");
}

TEST_CASE("where two readers could disagree the body is refused") {
  const std::string good = "--xyz\r\n" + Field("a") + "\r\n1\r\n--xyz--\r\n";
  REQUIRE(Read(good) == "a[]=1;");
  for (const std::string_view type :
       {"multipart/form-data", "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"xyz", "multipart/form-data; boundary=xyz; boundary=xyz",
        "multipart/form-data; boundary=\"xyz \"", "multipart/form-data; boundary=\"x\xC3\xA4\"",
        "multipart/form-data; boundary=abc", "multipart/form-data; boundary xyz"}) {
    INFO(type);
    CHECK(Read(good, type) == "!multipart_invalid");
  }
  CHECK(Read(good, "multipart/form-data; boundary=" + std::string(71, 'x')) ==
        "!multipart_invalid");
  for (const std::string& body :
       {std::string(), std::string("--xyz"),
        std::string("--xyz\n") + Field("a") + "\r\n1\r\n--xyz--",
        "--xyz\r\n" + Field("a") + "\r\n1", "--xyz\r\n" + Field("a") + "\r\n1\n--xyz--",
        "--xyz\r\n" + Field("a") + "1\r\n--xyz--", std::string("--xyz\r\n\r\n1\r\n--xyz--"),
        "--xyz\r\n" + Field("a") + Field("b") + "\r\n1\r\n--xyz--",
        "--xyz\r\n" + Field("a; name=b") + "\r\n1\r\n--xyz--",
        "--xyz\r\n" + Field("\"a") + "\r\n1\r\n--xyz--",
        "--xyz\r\n" + Field("") + "\r\n1\r\n--xyz--",
        std::string("--xyz\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--xyz--"),
        "--xyz\r\n folded: x\r\n" + Field("a") + "\r\n1\r\n--xyz--",
        "--xyz\r\n" + Field("a", "Content-Transfer-Encoding: base64\r\n") + "\r\nMQ==\r\n--xyz--",
        "--xyz\r\n" + Field("a", "X: " + std::string(kMaxPartHead, 'x') + "\r\n") +
            "\r\n1\r\n--xyz--"}) {
    INFO(body.substr(0, 200));
    CHECK(Read(body) == "!multipart_invalid");
  }
}

TEST_CASE("parts are counted, and every cut of a body is refused or shorter") {
  std::string many;
  for (std::size_t i = 0; i < kMaxParts; ++i) many += "--xyz\r\n" + Field("a") + "\r\n\r\n";
  CHECK_FALSE(Read(many + "--xyz--").starts_with('!'));
  CHECK(Read(many + "--xyz\r\n" + Field("a") + "\r\n\r\n--xyz--") == "!too_many");

  const std::string whole =
      "--xyz\r\n" + Field("a") + "\r\n1\r\n--xyz\r\n" + Field("b") + "\r\n2\r\n--xyz--";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK(Read(whole.substr(0, size)) == "!multipart_invalid");
  }
}

}  // namespace
}  // namespace sampleproc::http
