// Where the build has put what tests load, and where the sources are. One file alone is compiled
// with these paths, so that a compiler cache serves every checkout with the others.
#pragma once

namespace sampleproc::testing {

extern const char* const kSourceDir;
extern const char* const kOpencvModule;
extern const char* const kDnnModule;
extern const char* const kVideoModule;
extern const char* const kSlowNetworks;  // integration tests alone

}  // namespace sampleproc::testing
