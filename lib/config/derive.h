// What follows from a configuration without being written in it.
#pragma once

#include "config/assembly.h"

namespace sampleproc::config {

// Spreads consumer.redis.url over the keys of its parts, and turns on what naming an upstream or a
// collector turns on (consumer/activation.h says when); the origin of such a value is that of the
// setting it follows from. With `report`, what contradicts that and what this version cannot do are
// warnings.
void Derive(bool report, Assembly& assembly);

}  // namespace sampleproc::config
