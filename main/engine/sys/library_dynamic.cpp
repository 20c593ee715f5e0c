#include <dlfcn.h>

#include "sys/library.hpp"

namespace fdscope {

void* open_library(const char* name, std::string& why) {
  void* library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
  // Its text names the file twice; whoever reads it knows which it was.
  if (library == nullptr) why = std::string(name) + " is not installed here, or cannot be loaded";
  return library;
}

void* find_function(void* library, const char* name) { return ::dlsym(library, name); }

}  // namespace fdscope
