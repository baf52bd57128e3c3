// A broken JPEG decoder, for tests alone: loaded before the real library (LD_PRELOAD, ld.so(8)), it
// dies over pictures that say "poison: crash" at their beginning, sleeps for ever over "poison:
// hang" and turns in circles over "poison: spin". All others it leaves to the library.
#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

// jpeglib.h wants FILE and size_t declared before it.
#include <jpeglib.h>

#include <algorithm>
#include <string_view>

namespace {

std::string_view Beginning(const jpeg_source_mgr& source) {
  constexpr std::size_t kEnough = 64;
  return {reinterpret_cast<const char*>(source.next_input_byte),
          std::min(source.bytes_in_buffer, kEnough)};
}

}  // namespace

extern "C" int jpeg_read_header(j_decompress_ptr cinfo, boolean require_image) {
  const std::string_view begin = Beginning(*cinfo->src);
  if (begin.find("poison: crash") != std::string_view::npos) std::abort();
  while (begin.find("poison: hang") != std::string_view::npos) ::pause();
  const volatile bool spins = begin.find("poison: spin") != std::string_view::npos;
  while (spins) {
  }
  const auto real =
      reinterpret_cast<decltype(&jpeg_read_header)>(::dlsym(RTLD_NEXT, "jpeg_read_header"));
  return real(cinfo, require_image);
}
