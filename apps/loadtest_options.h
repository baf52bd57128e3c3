// The command line of loadtest.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "apps/config_options.h"

namespace CLI {
class App;
}

namespace sampleproc::apps {

struct LoadtestOptions {
  // What is driven.
  std::string via = "http";
  // Where the Redis is: with --via redis, or when it is given.
  std::shared_ptr<ConfigOptions> config = std::make_shared<ConfigOptions>();
  std::string target;
  std::string path;  // "" = that of the target, or /health, or /process with frames
  std::string method;
  std::string host;
  std::string unix_socket;
  std::string ca;
  std::string token_file;
  std::string body_file;
  std::vector<std::string> fields;
  std::vector<std::string> allowed;

  // The frames that are sent.
  std::vector<std::string> frames;
  std::string form;  // "" = json
  std::string hostile;
  std::string golden;
  std::string raw;  // of *.raw files: "640x480:bgr24"

  // How.
  std::string rate;
  std::string stages;
  std::string arrivals = "constant";
  std::string arrivals_file;
  std::string fps;
  std::string duration;
  std::string timeout;  // "" = 10s
  std::string settle;   // "" = one second, of a stream
  bool closed = false;
  bool no_keep_alive = false;
  std::size_t connections = 0;  // 0 = as many as the loop needs
  std::size_t requests = 0;     // 0 = as long as the time lasts
  std::size_t cameras = 0;
  std::size_t threads = 1;
  std::size_t seed = 1;

  // Checks instead of a load.
  bool audit = false;
  bool production = false;
  std::string origin;
  std::size_t burst = 0;  // 0 = 120
  std::size_t pid = 0;    // 0: shutdown is not looked at

  // What comes out.
  std::string json;
  std::string html;
  std::string percentiles;
  std::string series;
  std::string junit;
  std::string fail;
  std::string find_capacity;
  std::string baseline;
  bool abort_on_fail = false;
  std::string during;
  bool no_server_metrics = false;
  std::string max_send_lag;  // "" = 10ms
  bool quiet = false;
};

// Declares the options, which must outlive the app.
void DeclareLoadtest(CLI::App& app, LoadtestOptions& options);

}  // namespace sampleproc::apps
