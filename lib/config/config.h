// Everything that can be configured: the Options of each folder side by side. The defaults are the
// members' own; how each is named in files and variables is in config/schema.h.
#pragma once

#include "cameras/options.h"
#include "codec/options.h"
#include "config/service_options.h"
#include "consumer/options.h"
#include "frame/options.h"
#include "history/options.h"
#include "http/options.h"
#include "mqtt/options.h"
#include "net/options.h"
#include "process/options.h"
#include "resources/options.h"
#include "telemetry/options.h"

namespace sampleproc::config {

struct Config {
  http::Options http;
  codec::Options codec;
  process::Options process;
  frame::Options frame;
  resources::Options resources;
  consumer::Options consumer;
  history::Options events;
  history::SnapshotOptions snapshots;  // of events
  history::ClipOptions clips;          // likewise
  mqtt::Options mqtt;
  net::Options net;
  telemetry::Options telemetry;
  ServiceOptions service;
  cameras::AllOptions cameras;
};

}  // namespace sampleproc::config
