#include "api/index_handler.h"

#include "json/writer.h"

namespace sampleproc::api {

http::Handler MakeIndexHandler(const std::string& service_name, const std::string& service_version,
                               const std::vector<std::string>& endpoints) {
  std::string text;
  json::JsonWriter json(text);
  json.BeginObject();
  json.Member("name", service_name);
  json.Member("version", service_version);
  json.Key("endpoints");
  json.BeginArray();
  for (const std::string& endpoint : endpoints) json.String(endpoint);
  json.EndArray();
  json.EndObject();
  return
      [text](http::Request&, http::Responder respond) { respond.Send(http::JsonResponse(text)); };
}

}  // namespace sampleproc::api
