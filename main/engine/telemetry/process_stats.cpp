#include "telemetry/process_stats.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

namespace fdscope::telemetry {

namespace {

// Plain calls, not sys::: telemetry's own calls are not the server's.
std::string slurp(const std::string& path) {
  std::string text;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  char buffer[4096];
  for (ssize_t n; (n = ::read(fd, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<size_t>(n));
  ::close(fd);
  return text;
}

uint64_t number_after(std::string_view text, std::string_view key) {
  const size_t at = text.find(key);
  return at == std::string_view::npos ? 0 : std::strtoull(text.data() + at + key.size(), nullptr, 10);
}

// Field `index` of a /proc/PID/stat line, counted from the one behind the command name, which may hold spaces itself.
uint64_t stat_field(std::string_view text, int index) {
  size_t at = text.rfind(')');
  if (at == std::string_view::npos) return 0;
  at += 2;
  for (int i = 0; i < index; ++i) {
    at = text.find(' ', at);
    if (at == std::string_view::npos) return 0;
    ++at;
  }
  return std::strtoull(text.data() + at, nullptr, 10);
}

uint64_t to_ns(const timeval& t) {
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(t.tv_usec) * 1'000u;
}

void add(Usage& sum, const rusage& r) {
  sum.cpu_user_ns += to_ns(r.ru_utime);
  sum.cpu_system_ns += to_ns(r.ru_stime);
  sum.voluntary_switches += static_cast<uint64_t>(r.ru_nvcsw);
  sum.involuntary_switches += static_cast<uint64_t>(r.ru_nivcsw);
}

bool read_usage(const std::string& folder, Usage& usage) {
  const std::string stat = slurp(folder + "/stat"), status = slurp(folder + "/status");
  if (stat.empty() || status.empty()) return false;
  static const uint64_t tick_ns = 1'000'000'000u / static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  usage.cpu_user_ns = stat_field(stat, 11) * tick_ns;
  usage.cpu_system_ns = stat_field(stat, 12) * tick_ns;
  usage.voluntary_switches = number_after(status, "\nvoluntary_ctxt_switches:");
  usage.involuntary_switches = number_after(status, "\nnonvoluntary_ctxt_switches:");
  return true;
}

}  // namespace

ProcessStats::ProcessStats() : page_bytes_(static_cast<uint64_t>(sysconf(_SC_PAGESIZE))) {}

bool ProcessStats::thread_usage(int32_t tid, Usage& usage) {
  return read_usage("/proc/self/task/" + std::to_string(tid), usage);
}

Usage ProcessStats::usage(const std::vector<int32_t>& live_children) {
  Usage sum;
  // Live children first: one that ends and is reaped in between is then counted in neither, and `most_` holds the
  // figure until the next look, rather than counted twice.
  std::vector<Usage> children;
  for (const int32_t pid : live_children)
    if (Usage u; read_usage("/proc/" + std::to_string(pid), u)) children.push_back(u);
  rusage self{}, reaped{};
  getrusage(RUSAGE_SELF, &self);
  getrusage(RUSAGE_CHILDREN, &reaped);
  add(sum, self);
  add(sum, reaped);
  for (const Usage& u : children) {
    sum.cpu_user_ns += u.cpu_user_ns;
    sum.cpu_system_ns += u.cpu_system_ns;
    sum.voluntary_switches += u.voluntary_switches;
    sum.involuntary_switches += u.involuntary_switches;
  }
  most_.cpu_user_ns = std::max(most_.cpu_user_ns, sum.cpu_user_ns);
  most_.cpu_system_ns = std::max(most_.cpu_system_ns, sum.cpu_system_ns);
  most_.voluntary_switches = std::max(most_.voluntary_switches, sum.voluntary_switches);
  most_.involuntary_switches = std::max(most_.involuntary_switches, sum.involuntary_switches);
  return most_;
}

uint64_t ProcessStats::rss_bytes(const std::vector<int32_t>& live_children) const {
  // statm: size resident shared ..., in pages; shared counts file and shared-memory pages.
  const auto pages = [](const std::string& statm, int field) {
    const char* at = statm.c_str();
    char* end = nullptr;
    uint64_t value = 0;
    for (int i = 0; i <= field; ++i, at = end) value = std::strtoull(at, &end, 10);
    return value;
  };
  uint64_t sum = pages(slurp("/proc/self/statm"), 1);
  for (const int32_t pid : live_children) {
    const std::string statm = slurp("/proc/" + std::to_string(pid) + "/statm");
    if (!statm.empty()) sum += pages(statm, 1) - pages(statm, 2);
  }
  return sum * page_bytes_;
}

uint64_t ProcessStats::threads() const { return stat_field(slurp("/proc/self/stat"), 17); }

uint64_t ProcessStats::open_fds() const {
  struct stat info {};
  // Since Linux 6.2 the size of this folder is the number of open descriptors.
  if (::stat("/proc/self/fd", &info) == 0 && info.st_size > 0) return static_cast<uint64_t>(info.st_size);
  uint64_t count = 0;
  if (DIR* folder = ::opendir("/proc/self/fd")) {
    while (const dirent* entry = ::readdir(folder)) count += entry->d_name[0] != '.';
    ::closedir(folder);
    --count;  // the folder itself
  }
  return count;
}

}  // namespace fdscope::telemetry
