#pragma once

namespace fdscope {

// `models`: every model with its options and whether it is available here, as JSON on stdout.
int models_command();
// `doctor`: what only a program can find out about this machine, as JSON on stdout.
int doctor_command();

}  // namespace fdscope
