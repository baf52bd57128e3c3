#include "http/error_response.h"

#include <string>

#include "json/writer.h"

namespace sampleproc::http {

using base::ErrorCode;

namespace {

// When an error does not say after what time trying again is worth it.
constexpr std::chrono::seconds kRetryAfter{1};

}  // namespace

int StatusOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kBadRequest:
      return 400;
    case ErrorCode::kUnauthorized:
      return 401;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kMethodNotAllowed:
      return 405;
    case ErrorCode::kNotAcceptable:
      return 406;
    case ErrorCode::kRequestTimeout:
      return 408;
    case ErrorCode::kTooLarge:
      return 413;
    case ErrorCode::kUriTooLong:
      return 414;
    case ErrorCode::kUnsupportedFormat:
      return 415;
    case ErrorCode::kExpectationFailed:
      return 417;
    case ErrorCode::kInvalidFrame:
      return 422;
    case ErrorCode::kRateLimited:
      return 429;
    case ErrorCode::kHeadTooLarge:
      return 431;
    case ErrorCode::kNotImplemented:
      return 501;
    case ErrorCode::kOverloaded:
    case ErrorCode::kShuttingDown:
    case ErrorCode::kUnavailable:
    case ErrorCode::kCancelled:  // nobody is left to read it
      return 503;
    case ErrorCode::kDeadline:
      return 504;
    case ErrorCode::kHttpVersion:
      return 505;
    case ErrorCode::kUsage:
    case ErrorCode::kConfig:
    case ErrorCode::kIo:
    case ErrorCode::kInternal:
      return 500;
  }
  return 500;
}

base::LogLevel LogLevelOf(int status) {
  switch (status) {
    case 500:
      return base::LogLevel::kError;
    case 502:
    case 503:
    case 504:
      return base::LogLevel::kWarning;
    default:
      return base::LogLevel::kInfo;
  }
}

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
}

namespace {

// `name` is of static lifetime.
Response ProblemResponse(int status, std::string_view name, const base::Error& error,
                         std::string_view path, std::string_view request_id,
                         std::string_view frame_id) {
  Response response;
  response.status = status;
  response.content_type = "application/problem+json";

  std::string text;
  json::JsonWriter json(text);
  json.BeginObject();
  json.Member("type", "urn:sampleproc:problem:" + std::string(name));
  json.Member("title", ReasonPhrase(response.status));
  json.Member("status", response.status);
  json.Member("detail", error.message);
  json.Member("instance", path);
  json.Member("request_id", request_id);
  if (!frame_id.empty()) json.Member("frame_id", frame_id);
  if (!error.problems.empty()) {
    json.Key("errors");
    json.BeginArray();
    for (const base::Problem& problem : error.problems) {
      json.BeginObject();
      json.Member("type", problem.type);
      json.Key("loc");
      json.BeginArray();
      for (const std::string& part : problem.loc) json.String(part);
      json.EndArray();
      json.Member("msg", problem.msg);
      json.EndObject();
    }
    json.EndArray();
  }
  json.EndObject();
  response.body = std::move(text);
  response.detail = error.message;
  response.error_type = name;
  if (response.status == 503 || response.status == 429) {
    const auto retry_after = error.retry_after.value_or(kRetryAfter);
    response.AddField("Retry-After", std::to_string(retry_after.count()));
  }
  return response;
}

}  // namespace

Response ErrorResponse(const base::Error& error, std::string_view path, std::string_view request_id,
                       std::string_view frame_id) {
  return ProblemResponse(StatusOf(error.code), ErrorCodeName(error.code), error, path, request_id,
                         frame_id);
}

Response RangeNotSatisfiable(std::uint64_t size, std::string_view path,
                             std::string_view request_id) {
  const std::string bytes = std::to_string(size);
  Response response = ProblemResponse(416, "range-not-satisfiable",
                                      {ErrorCode::kInvalidFrame,
                                       "none of the bytes asked for is there: there are " + bytes,
                                       {},
                                       {}},
                                      path, request_id, {});
  response.AddField("Content-Range", "bytes */" + bytes);
  return response;
}

Response BareResponse() noexcept {
  Response response;
  response.status = StatusOf(base::ErrorCode::kOverloaded);
  response.close = true;
  return response;
}

}  // namespace sampleproc::http
