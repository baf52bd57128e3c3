// GET /livez, /readyz and /startupz: yes or no, for whoever starts, stops and routes.
#pragma once

#include "api/service_facts.h"
#include "http/router.h"

namespace sampleproc::api {

// Each answers 200 or 503 with {"status": ...}; with `?verbose` the facts behind it are in
// "checks":
// {"started", "draining", "workers", "stuck_workers"}.

// Alive until every worker is stuck: while starting, draining and overloaded as well, because a
// restart would help none of these.
http::Handler MakeLivezHandler(AskFacts facts);

// Ready when requests should come: started, not draining, no worker stuck.
http::Handler MakeReadyzHandler(AskFacts facts);

// Started once all parts are there, for ever after.
http::Handler MakeStartupzHandler(AskFacts facts);

}  // namespace sampleproc::api
