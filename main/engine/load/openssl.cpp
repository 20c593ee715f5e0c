#include "load/openssl.hpp"

#include "sys/library.hpp"

namespace fdscope::openssl {

namespace {

struct Loaded {
  Functions functions;
  std::string why;
  Loaded() {
    void* library = open_library("libssl.so.3", why);
    if (library == nullptr) return;
#define FDSCOPE_FIND(name, result, arguments)                                                 \
  functions.name = reinterpret_cast<decltype(functions.name)>(find_function(library, #name)); \
  if (functions.name == nullptr && why.empty()) why = "libssl.so.3 has no function " #name;
    FDSCOPE_OPENSSL(FDSCOPE_FIND)
#undef FDSCOPE_FIND
  }
};

}  // namespace

const Functions* functions(std::string& why) {
  // Never unloaded: it has handlers for the end of threads and of the process.
  static const Loaded* loaded = new Loaded;
  why = loaded->why;
  return why.empty() ? &loaded->functions : nullptr;
}

}  // namespace fdscope::openssl
