#include <fcntl.h>
#include <unistd.h>

#include "apps/dispatch.h"

namespace {

// The first file or socket would take the number of a standard descriptor that is closed, and what
// is printed would go there. /dev/null takes it instead, opened the wrong way round, so that using
// it is the error that it should be.
void TakeClosedDescriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) != -1) continue;
    // open(2) gives the lowest number that is free: this one.
    (void)!::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

}  // namespace

int main(int argc, char** argv) {
  TakeClosedDescriptors();
  return sampleproc::apps::Main(argc, argv, environ);
}
