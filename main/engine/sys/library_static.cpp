#include "sys/library.hpp"

namespace fdscope {

void* open_library(const char*, std::string& why) {
  why = "this program is static and loads no libraries; fdscope-engine-tls, which is built beside it, does";
  return nullptr;
}

void* find_function(void*, const char*) { return nullptr; }

}  // namespace fdscope
