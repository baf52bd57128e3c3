#include "api/probe_handlers.h"

#include <string>
#include <utility>

#include "json/writer.h"

namespace sampleproc::api {
namespace {

http::Response Answer(const http::Request& request, const ServiceFacts& facts, bool yes,
                      std::string_view word) {
  std::string text;
  json::JsonWriter json(text);
  json.BeginObject();
  json.Member("status", word);
  if (!request.query.empty() && http::QueryParameter(request.query, "verbose")) {
    json.Key("checks");
    json.BeginObject();
    json.Member("started", !facts.starting);
    json.Member("draining", facts.draining);
    json.Member("workers", facts.gauges.workers);
    json.Member("stuck_workers", facts.gauges.stuck_workers);
    json.EndObject();
  }
  json.EndObject();
  http::Response response = http::JsonResponse(std::move(text));
  if (!yes) response.status = 503;
  return response;
}

}  // namespace

http::Handler MakeLivezHandler(AskFacts facts) {
  return [facts = std::move(facts)](http::Request& request, http::Responder respond) {
    const ServiceFacts now = facts();
    respond.Send(Answer(request, now, now.Alive(), now.Alive() ? "alive" : "stuck"));
  };
}

http::Handler MakeReadyzHandler(AskFacts facts) {
  return [facts = std::move(facts)](http::Request& request, http::Responder respond) {
    const ServiceFacts now = facts();
    respond.Send(Answer(request, now, now.Ready(), now.Ready() ? "ready" : "not ready"));
  };
}

http::Handler MakeStartupzHandler(AskFacts facts) {
  return [facts = std::move(facts)](http::Request& request, http::Responder respond) {
    const ServiceFacts now = facts();
    respond.Send(Answer(request, now, !now.starting, now.starting ? "starting" : "started"));
  };
}

}  // namespace sampleproc::api
