// Whether the status page and the pictures of cameras are served.
#pragma once

#include <string_view>

#include "http/options.h"

namespace sampleproc::http {

// A loopback address, or localhost.
bool IsOnThisMachine(std::string_view host);

// Whether only this machine asks, as far as is configured: what listens is on loopback, and no
// proxy is named that others come through.
bool IsPrivateToMachine(const Options& options);

// Whether GET /console and the cameras' pictures are there. kAuto serves them where they are not
// shown to everybody: with bearer tokens, or to this machine only. `handed_sockets`: the process
// was handed sockets that listen elsewhere than http.host says.
bool ServesConsole(const Options& options, bool handed_sockets);

}  // namespace sampleproc::http
