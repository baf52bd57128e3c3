// What every program built with AddressSanitizer starts with; ASAN_OPTIONS still has the last word.
//
// The leak check of g++ 12's runtime scans the thread-local blocks of loaded modules. It takes a
// block at the address of a page plus 16 for one with the header of a glibc before 2.25, reads a
// length out of what is really the heap's, and now and then dies at exit with "Tracer caught
// signal 11". Without this interceptor it does not look at such blocks at all; nothing of ours is
// held by them alone. (Mended in GCC 14 and LLVM 17.)
extern "C" __attribute__((visibility("default"))) const char* __asan_default_options();

const char* __asan_default_options() { return "intercept_tls_get_addr=0"; }

// The RTP reader of FFmpeg 5.1 (libavformat/rtpdec.c) notes the sender's clock in a packet also
// where that could not be parsed, and begins the next one over it without giving that back.
extern "C" __attribute__((visibility("default"))) const char* __lsan_default_suppressions();

const char* __lsan_default_suppressions() { return "leak:av_packet_add_side_data\n"; }
