#include <unistd.h>

#include "apps/dispatch.h"

int main(int argc, char** argv) { return sampleproc::apps::Main(argc, argv, environ); }
