#include "watch/process_tree.hpp"

#include <dirent.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <sstream>
#include <string>

#include "sys/clock.hpp"
#include "sys/proc_text.hpp"

namespace fdscope::watch {

namespace {

constexpr uint64_t tick_ns = 10'000'000;

std::string folder_of(int32_t pid) { return "/proc/" + std::to_string(pid); }

// Names in a folder that are numbers.
std::vector<int32_t> numbers_in(const std::string& path) {
  std::vector<int32_t> numbers;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
  if (!folder) return numbers;
  while (const dirent* entry = ::readdir(folder.get()))
    if (entry->d_name[0] != '.') numbers.push_back(static_cast<int32_t>(std::strtol(entry->d_name, nullptr, 10)));
  return numbers;
}

// Of the process with all of its threads, those that have ended too; 0 where it is gone.
uint64_t cpu_ns_of(int32_t pid) {
  timespec cpu{};
  return clock_gettime(proc::cpu_clock(pid, false), &cpu) == 0 ? to_ns(cpu) : 0;
}

}  // namespace

void ProcessTree::scan() {
  pids_ = {root_};
  tasks_.clear();
  workers_.clear();
  for (size_t i = 0; i < pids_.size(); ++i) {
    const int32_t pid = pids_[i];
    bool has_children = false;
    for (const int32_t tid : numbers_in(folder_of(pid) + "/task")) {
      tasks_.insert({pid, tid});
      std::istringstream children(proc::read_whole(folder_of(pid) + "/task/" + std::to_string(tid) + "/children"));
      for (int32_t child; children >> child;) {
        has_children = true;
        if (std::ranges::find(pids_, child) == pids_.end()) pids_.push_back(child);
      }
    }
    if (!has_children) workers_.insert(pid);
  }
  const bool is_shell =
      pids_.size() > 1 && proc::read_once(folder_of(root_) + "/stat").find("(sh)") != std::string::npos;
  if (is_shell) {
    pids_.erase(pids_.begin());
    std::erase_if(tasks_, [&](const Task& task) { return task.pid == root_; });
  }
  for (const int32_t pid : pids_) {
    if (times_.contains(pid)) continue;
    Times times;
    const std::string stat = proc::read_once(folder_of(pid) + "/stat");
    // Who was there at the first look had a life before it.
    if (!has_scanned_) {
      times.base_ns = times.last_ns = cpu_ns_of(pid);
      times.base_reaped_ticks = times.reaped_ticks =
          proc::stat_field(stat, proc::reaped_user) + proc::stat_field(stat, proc::reaped_system);
    }
    times_[pid] = times;
  }
  has_scanned_ = true;
}

ProcessFigures ProcessTree::figures() const {
  static const auto page_bytes = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  ProcessFigures sum;
  for (const int32_t pid : pids_) {
    sum.rss_bytes += proc::number_after(proc::read_once(folder_of(pid) + "/statm"), " ") * page_bytes;
    struct stat fds {};
    // Since Linux 6.2 the size of the folder is their number; before, it is 0.
    if (::stat((folder_of(pid) + "/fd").c_str(), &fds) == 0)
      sum.open_fds += fds.st_size > 0 ? static_cast<uint64_t>(fds.st_size) : numbers_in(folder_of(pid) + "/fd").size();
  }
  sum.threads = tasks_.size();
  return sum;
}

telemetry::Usage ProcessTree::cpu() {
  telemetry::Usage now;
  uint64_t live_ns = 0, reaped_ticks = ended_reaped_ticks_, system_ns = 0;
  for (auto at = times_.begin(); at != times_.end();) {
    auto& [pid, times] = *at;
    const std::string stat = proc::read_once(folder_of(pid) + "/stat");
    if (stat.empty()) {
      ended_ns_ += times.last_ns - times.base_ns;
      ended_reaped_ticks_ += times.reaped_ticks - times.base_reaped_ticks;
      at = times_.erase(at);
      continue;
    }
    times.last_ns = std::max(times.last_ns, cpu_ns_of(pid));
    const uint64_t user = proc::stat_field(stat, proc::user), system = proc::stat_field(stat, proc::system);
    if (user + system > 0) times.system_share = static_cast<double>(system) / static_cast<double>(user + system);
    times.reaped_ticks = proc::stat_field(stat, proc::reaped_user) + proc::stat_field(stat, proc::reaped_system);
    const uint64_t own_ns = times.last_ns - times.base_ns;
    live_ns += own_ns;
    system_ns += static_cast<uint64_t>(static_cast<double>(own_ns) * times.system_share);
    reaped_ticks += times.reaped_ticks - times.base_reaped_ticks;
    ++at;
  }
  // Of children that have ended: as we saw them last, or as their parents have it, whichever is more.
  const uint64_t ended_ns = std::max(ended_ns_, reaped_ticks * tick_ns);
  now.cpu_system_ns = system_ns;
  now.cpu_user_ns = live_ns + ended_ns - system_ns;
  cpu_.rise_to(now);
  return cpu_;
}

}  // namespace fdscope::watch
