// A shared library that is opened while the program runs, where it is there. A static program cannot: there it is said.
#pragma once

#include <string>

namespace fdscope {

// nullptr where it cannot be opened; `why` then says so, for people.
void* open_library(const char* name, std::string& why);
// nullptr where the library has no such function.
void* find_function(void* library, const char* name);

}  // namespace fdscope
