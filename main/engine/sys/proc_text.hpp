// Reading the files of /proc, which are made anew for each read at offset 0. Issued with plain calls: what telemetry
// asks is not the server's doing.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sys/fd.hpp"

namespace fdscope::proc {

// A whole small file; empty where its process has gone.
inline std::string reread(int fd) {
  char buffer[4096];
  const ssize_t n = fd < 0 ? -1 : ::pread(fd, buffer, sizeof buffer, 0);
  return n > 0 ? std::string(buffer, static_cast<size_t>(n)) : std::string();
}

inline std::string read_once(const std::string& path) {
  return reread(Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)).get());
}

// One of any length.
inline std::string read_whole(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char buffer[4096];
  for (ssize_t n; fd && (n = ::read(fd.get(), buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<size_t>(n));
  return text;
}

inline uint64_t number_after(const std::string& text, const char* key) {
  const size_t at = text.find(key);
  return at == std::string::npos ? 0 : std::strtoull(text.c_str() + at + std::string_view(key).size(), nullptr, 10);
}

// Fields of a stat file, counted from the one behind the command's name, which may hold blanks and brackets.
enum StatField { parent = 1, user = 11, system = 12, reaped_user = 13, reaped_system = 14, threads = 17 };

inline uint64_t stat_field(const std::string& text, int index) {
  size_t at = text.rfind(')');
  for (int i = -1; i < index && at != std::string::npos; ++i) at = text.find(' ', at + 1);
  return at == std::string::npos ? 0 : std::strtoull(text.c_str() + at, nullptr, 10);
}

// R, S, D...; 0 where the text is empty.
inline char state_letter(const std::string& stat) {
  const size_t at = stat.rfind(')');
  return at != std::string::npos && at + 2 < stat.size() ? stat[at + 2] : '\0';
}

// How the kernel codes the CPU-time clock of another process or of another thread of this process: the id's complement,
// 4 for a thread, 2 for "as scheduled". clock_getcpuclockid() makes the first; nothing public takes a kernel thread id.
inline clockid_t cpu_clock(int32_t id, bool thread) {
  return static_cast<clockid_t>(~static_cast<uint32_t>(id) << 3 | (thread ? 4u : 0u) | 2u);
}

}  // namespace fdscope::proc
