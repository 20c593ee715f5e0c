#include "telemetry/process_stats.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sys/clock.hpp"
#include "sys/proc_text.hpp"

namespace fdscope::telemetry {

namespace {

using proc::number_after, proc::read_once, proc::reread, proc::stat_field, proc::cpu_clock;

// Listing takes about a microsecond for each; with more, the descriptors that calls in progress have reserved are taken
// to be as many as when they were last counted.
constexpr uint64_t most_listed_fds = 256;

uint64_t timeval_ns(const timeval& t) {
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(t.tv_usec) * 1'000u;
}

Usage rusage_of(int who) {
  rusage r{};
  getrusage(who, &r);  // cannot fail for a valid `who` and pointer
  return {timeval_ns(r.ru_utime), timeval_ns(r.ru_stime), static_cast<uint64_t>(r.ru_nvcsw),
          static_cast<uint64_t>(r.ru_nivcsw)};
}

bool read_usage(const std::string& folder, clockid_t clock, bool of_child, Usage& usage) {
  const std::string stat = read_once(folder + "/stat"), status = read_once(folder + "/status");
  timespec cpu{};
  if (stat.empty() || status.empty() || clock_gettime(clock, &cpu) != 0) return false;
  // Its number may belong to a stranger by now.
  if (of_child && stat_field(stat, proc::parent) != static_cast<uint64_t>(getpid())) return false;
  usage.rise_to(usage_from(stat, status, to_ns(cpu)));
  return true;
}

}  // namespace

Usage usage_from(const std::string& stat, const std::string& status, uint64_t total_ns) {
  const uint64_t user = stat_field(stat, proc::user), system = stat_field(stat, proc::system);
  Usage now;
  // Before the first tick the kernel itself, too, calls it all user time.
  const double system_share = user + system > 0 ? static_cast<double>(system) / static_cast<double>(user + system) : 0;
  now.cpu_system_ns = std::min(total_ns, static_cast<uint64_t>(static_cast<double>(total_ns) * system_share));
  now.cpu_user_ns = total_ns - now.cpu_system_ns;
  now.voluntary_switches = number_after(status, "\nvoluntary_ctxt_switches:");
  now.involuntary_switches = number_after(status, "\nnonvoluntary_ctxt_switches:");
  return now;
}

Usage& Usage::operator+=(const Usage& other) {
  cpu_user_ns += other.cpu_user_ns;
  cpu_system_ns += other.cpu_system_ns;
  voluntary_switches += other.voluntary_switches;
  involuntary_switches += other.involuntary_switches;
  return *this;
}

void Usage::rise_to(const Usage& newer) {
  const uint64_t total = std::max(cpu_user_ns + cpu_system_ns, newer.cpu_user_ns + newer.cpu_system_ns);
  const uint64_t system = std::max(cpu_system_ns, std::min(newer.cpu_system_ns, total - cpu_user_ns));
  cpu_user_ns = total - system;
  cpu_system_ns = system;
  voluntary_switches = std::max(voluntary_switches, newer.voluntary_switches);
  involuntary_switches = std::max(involuntary_switches, newer.involuntary_switches);
}

ProcessStats::ProcessStats()
    : page_bytes_(static_cast<uint64_t>(sysconf(_SC_PAGESIZE))),
      reaped_before_(rusage_of(RUSAGE_CHILDREN)),
      statm_(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC)),
      stat_(::open("/proc/self/stat", O_RDONLY | O_CLOEXEC)),
      fds_(::opendir("/proc/self/fd")) {}

Usage ProcessStats::usage() const {
  Usage sum = rusage_of(RUSAGE_SELF), reaped = rusage_of(RUSAGE_CHILDREN);
  // A probe that ran before the server is not the server's.
  reaped.cpu_user_ns -= reaped_before_.cpu_user_ns;
  reaped.cpu_system_ns -= reaped_before_.cpu_system_ns;
  reaped.voluntary_switches -= reaped_before_.voluntary_switches;
  reaped.involuntary_switches -= reaped_before_.involuntary_switches;
  return sum += reaped;
}

bool ProcessStats::thread_usage(int32_t tid, Usage& usage) {
  return read_usage("/proc/self/task/" + std::to_string(tid), cpu_clock(tid, true), false, usage);
}

bool ProcessStats::child_usage(int32_t pid, Usage& usage) {
  return read_usage("/proc/" + std::to_string(pid), cpu_clock(pid, false), true, usage);
}

bool ProcessStats::is_unreaped(int32_t pid) { return ::kill(pid, 0) == 0; }

char ProcessStats::state_letter(int32_t pid, int32_t tid) {
  return proc::state_letter(read_once("/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) + "/stat"));
}

uint64_t ProcessStats::private_bytes(int32_t pid) {
  const std::string smaps = read_once("/proc/" + std::to_string(pid) + "/smaps_rollup");
  return (number_after(smaps, "\nPrivate_Clean:") + number_after(smaps, "\nPrivate_Dirty:")) * 1024;
}

uint64_t ProcessStats::rss_bytes() const {
  // statm: size resident shared text lib data dirty, in pages.
  const std::string statm = reread(statm_.get());
  return number_after(statm, " ") * page_bytes_;
}

uint64_t ProcessStats::threads() const { return stat_field(reread(stat_.get()), proc::threads); }

uint64_t ProcessStats::open_fds() {
  struct stat info {};
  // Since Linux 6.2 the size of this folder is the number of descriptors in use. That counts those that calls in
  // progress have reserved, too: each thread that sleeps in accept has one. Entries in the folder are what is open.
  const bool is_sized = ::stat("/proc/self/fd", &info) == 0 && info.st_size > 0;
  const uint64_t in_use = static_cast<uint64_t>(info.st_size);
  if (is_sized && in_use > most_listed_fds) return in_use - reserved_fds_;
  if (!fds_) return in_use;
  ::rewinddir(fds_.get());
  uint64_t count = 0;
  while (const dirent* entry = ::readdir(fds_.get())) count += entry->d_name[0] != '.';
  reserved_fds_ = in_use > count ? in_use - count : 0;
  return count;
}

}  // namespace fdscope::telemetry
