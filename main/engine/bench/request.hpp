// What the lab asks an actor to do, read into the form that actors take; impossible arguments are refused here.
#pragma once

#include <string>

#include "bench/board.hpp"
#include "sys/json.hpp"

namespace fdscope::bench {

// Fills request and sent bytes of the slot. Throws BadInput: of what no kernel was ever asked.
void read_request(const std::string& call, const JsonValue& arguments, ActorSlot& slot);

// As the lab calls it.
const char* name_of(Op op);

}  // namespace fdscope::bench
