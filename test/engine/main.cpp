// Tests of the engine's parts that can be had without a server: `make unit`, or `npm test -- engine-unit`.
#define DOCTEST_CONFIG_IMPLEMENT
#include "doctest.h"

#include "telemetry/counters.hpp"

int main(int argc, char** argv) {
  // Connections count and tell as they do in the engine.
  fdscope::telemetry::init();
  fdscope::telemetry::enter_thread("main");
  return doctest::Context(argc, argv).run();
}
