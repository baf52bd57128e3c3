#include "api/console_handler.h"

#include <memory>
#include <string>

#include "http/digest.h"

namespace sampleproc::api {
namespace {

// " 'sha256-…'" for the text of each such element.
std::string Hashes(std::string_view page, std::string_view tag) {
  const std::string begin = "<" + std::string(tag) + ">";
  const std::string end = "</" + std::string(tag) + ">";
  std::string hashes;
  for (auto at = page.find(begin); at != page.npos; at = page.find(begin, at)) {
    at += begin.size();
    const std::string_view text = page.substr(at, page.find(end, at) - at);
    hashes += " 'sha256-" + http::Sha256Base64(text) + "'";
  }
  return hashes.empty() ? " 'none'" : hashes;
}

}  // namespace

// Pictures are fetched with the token and shown as blobs; the page's icon is data.
std::string ConsolePolicy(std::string_view page) {
  return "default-src 'none'; script-src" + Hashes(page, "script") + "; style-src" +
         Hashes(page, "style") +
         "; img-src blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
         "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
}

http::Handler MakeConsoleHandler(std::string_view page) {
  const std::string policy = ConsolePolicy(page);
  const std::string etag = '"' + http::Sha256Base64(page) + '"';
  return [policy, etag, text = std::make_shared<const std::string>(page)](http::Request& request,
                                                                          http::Responder respond) {
    http::Response response;
    response.AddField("Content-Security-Policy", policy);
    response.AddField("ETag", etag);
    const auto known = request.Find("If-None-Match");
    if (known && (*known == "*" || known->find(etag) != known->npos)) {
      response.status = 304;
      return respond.Send(std::move(response));
    }
    response.content_type = "text/html; charset=utf-8";
    response.body = text;
    respond.Send(std::move(response));
  };
}

}  // namespace sampleproc::api
