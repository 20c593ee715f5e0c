// fdscope-engine: hosts one server under one I/O model, drives one with simulated clients, or watches a stranger.
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>

#include "bench/actor.hpp"
#include "bench/bench.hpp"
#include "load/load.hpp"
#include "place.hpp"
#include "probe.hpp"
#include "runtime/crew.hpp"
#include "serve.hpp"
#include "sources.hpp"
#include "switch_cost/switch_cost.hpp"
#include "sys/json.hpp"
#include "telemetry/counters.hpp"
#include "watch/watch.hpp"

int main(int argc, char** argv) {
  using namespace fdscope;
  const std::string command = argc > 1 ? argv[1] : "";
  // A program under the bench has nothing of the engine's: no threads, no telemetry.
  if (command == "bench-actor") return bench::actor_process(argc - 2, argv + 2);
  try {
    std::signal(SIGPIPE, SIG_IGN);  // a write to a closed socket is an error of that connection, not the end of all
    telemetry::init();
    telemetry::enter_thread("main");
    Crew::init();
    if (command == "models") return models_command();
    if (command == "doctor") return doctor_command();
    if (command == "source") return source_command(parse_arguments(argc - 2, argv + 2));
    if (command == "serve") return serve_command(parse_arguments(argc - 2, argv + 2));
    if (command == "load") return load_command(parse_arguments(argc - 2, argv + 2));
    if (command == "switch-cost") return switch_cost_command(parse_arguments(argc - 2, argv + 2));
    if (command == "watch") return watch_command(parse_arguments(argc - 2, argv + 2));
    if (command == "bench") return bench_command(parse_arguments(argc - 2, argv + 2));
    if (command == "place") return place_command();
    throw BadInput(
        "Say what to do: fdscope-engine models, source, doctor, serve, load, watch, bench, place or switch-cost.");
  } catch (const BadInput& bad) {
    std::fprintf(stderr, "%s\n", bad.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "The engine failed: %s.\n", error.what());
    return 1;
  }
}
