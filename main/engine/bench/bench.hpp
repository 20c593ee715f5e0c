// `fdscope-engine bench`: actors that each make one system call when they are told, and the kernel's own account of how
// things stand after it.
//
// Commands, beside stop, as JSON lines; each sends a frame `bench` with its id, and is then answered:
//   actor  {name, process}            a thread more, in a process of its own where that name is new
//   call   {actor, call, arguments}   as shared/bench/calls.ts has them, with numbers for descriptors
//   signal {actor}                    ends the call in which it sleeps: EINTR
//   kill   {actor}                    SIGKILL to its process
//   look   {}
// A call that sleeps is told as blocked, and once more, in `woken` of a later frame, when it has returned. Where that
// comes by itself (a timer), the frame has the id 0. When nothing happens nothing runs: there are no heartbeats.
#pragma once

#include "sys/json.hpp"

namespace fdscope {

int bench_command(const JsonValue& settings);

}  // namespace fdscope
