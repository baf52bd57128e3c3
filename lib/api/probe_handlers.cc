#include "api/probe_handlers.h"

#include <memory>
#include <string>
#include <utility>

#include "json/writer.h"

namespace sampleproc::api {
namespace {

// The two answers of a probe, made once: probes are asked for all the time.
struct Words {
  http::SharedText yes;
  http::SharedText no;
};

http::SharedText Shared(const std::string& word) {
  return std::make_shared<const std::string>("{\"status\":\"" + word + "\"}");
}

http::SharedText WithChecks(std::string_view answer, const ServiceFacts& facts) {
  std::string text(answer.substr(0, answer.size() - 1));
  text += ",\"checks\":";
  json::JsonWriter json(text);
  json.BeginObject();
  json.Member("started", !facts.starting);
  json.Member("draining", facts.draining);
  json.Member("workers", facts.load.workers);
  json.Member("stuck_workers", facts.load.stuck_workers);
  json.EndObject();
  return std::make_shared<const std::string>(text + "}");
}

http::Handler MakeHandler(AskFacts facts, bool (*holds)(const ServiceFacts&), const Words& words) {
  return [facts = std::move(facts), holds, words](http::Request& request, http::Responder respond) {
    const ServiceFacts now = facts();
    const bool yes = holds(now);
    http::SharedText text = yes ? words.yes : words.no;
    if (!request.query.empty() && http::HasQueryParameter(request.query, "verbose")) {
      text = WithChecks(*text, now);
    }
    http::Response response = http::JsonResponse(std::move(text));
    if (!yes) response.status = 503;
    respond.Send(std::move(response));
  };
}

}  // namespace

http::Handler MakeLivezHandler(AskFacts facts) {
  return MakeHandler(std::move(facts), [](const ServiceFacts& now) { return now.Alive(); },
                     {Shared("alive"), Shared("stuck")});
}

http::Handler MakeReadyzHandler(AskFacts facts) {
  return MakeHandler(std::move(facts), [](const ServiceFacts& now) { return now.Ready(); },
                     {Shared("ready"), Shared("not ready")});
}

http::Handler MakeStartupzHandler(AskFacts facts) {
  return MakeHandler(std::move(facts), [](const ServiceFacts& now) { return !now.starting; },
                     {Shared("started"), Shared("starting")});
}

}  // namespace sampleproc::api
