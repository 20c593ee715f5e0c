#include "watch/outside_threads.hpp"

#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "sys/clock.hpp"
#include "sys/json.hpp"
#include "sys/proc_text.hpp"

namespace fdscope::watch {

namespace {

using wire::Counter;

// A thread's files take some 30 µs: with many threads they are read in turns, this long a tick.
constexpr uint64_t usage_budget_ns = 700'000, look_budget_ns = 300'000;

// By the kernel's number: the name that frames have for a call, and whether its first argument is a descriptor. Calls
// that differ in a signal mask alone share a name.
struct KnownCall {
  long number;
  wire::Syscall name;
  bool has_fd;
};
constexpr KnownCall known_calls[] = {
    {SYS_read, wire::Syscall::read, true},
    {SYS_write, wire::Syscall::write, true},
    {SYS_readv, wire::Syscall::readv, true},
    {SYS_writev, wire::Syscall::writev, true},
    {SYS_recvfrom, wire::Syscall::recvfrom, true},
    {SYS_sendto, wire::Syscall::sendto, true},
    {SYS_accept, wire::Syscall::accept4, true},
    {SYS_accept4, wire::Syscall::accept4, true},
    {SYS_connect, wire::Syscall::connect, true},
    {SYS_pselect6, wire::Syscall::pselect6, false},
    {SYS_ppoll, wire::Syscall::poll, false},
    {SYS_epoll_pwait, wire::Syscall::epoll_wait, true},
    {SYS_epoll_pwait2, wire::Syscall::epoll_pwait2, true},
#ifdef SYS_select
    {SYS_select, wire::Syscall::pselect6, false},
#endif
#ifdef SYS_poll
    {SYS_poll, wire::Syscall::poll, false},
#endif
#ifdef SYS_epoll_wait
    {SYS_epoll_wait, wire::Syscall::epoll_wait, true},
#endif
    {SYS_clock_nanosleep, wire::Syscall::clock_nanosleep, false},
    {SYS_nanosleep, wire::Syscall::clock_nanosleep, false},
    {SYS_rt_sigtimedwait, wire::Syscall::rt_sigtimedwait, false},
    {SYS_io_uring_enter, wire::Syscall::io_uring_enter, true},
    {SYS_wait4, wire::Syscall::wait4, false},
    {SYS_futex, wire::Syscall::futex, false},
};

// The call that a thread sleeps in, by "number argument argument ..."; "running" and "-1 ..." are none.
const KnownCall* call_in(const std::string& text, int32_t& fd) {
  char* end = nullptr;
  const long number = std::strtol(text.c_str(), &end, 10);
  if (end == text.c_str()) return nullptr;
  const auto* call = std::ranges::find(known_calls, number, &KnownCall::number);
  if (call == std::end(known_calls)) return nullptr;
  fd = call->has_fd ? static_cast<int32_t>(std::strtoul(end, nullptr, 16)) : wire::no_fd;
  return call;
}

}  // namespace

void OutsideThreads::meet(const std::set<Task>& tasks) {
  for (auto at = threads_.begin(); at != threads_.end();) {
    if (!tasks.contains(at->first)) {
      ended_.push_back(std::move(at->second));
      at = threads_.erase(at);
    } else {
      ++at;
    }
  }
  for (const Task& task : tasks) {
    if (threads_.contains(task)) continue;
    Thread thread;
    thread.id = next_id_++;
    thread.task = task;
    thread.folder = "/proc/" + std::to_string(task.pid) + "/task/" + std::to_string(task.tid);
    // Whoever came later counts from its beginning.
    thread.has_base = !is_first_;
    std::string name = proc::read_once(thread.folder + "/comm");
    if (name.empty()) continue;  // it is gone already
    name.pop_back();             // the line's end
    // Workers and threads mostly have the name of the first.
    if (task != *tasks.begin()) name += " " + std::to_string(task.tid);
    open_ring(thread);
    read_usage(thread);
    writer_.send(wire::FrameKind::thread_started, telemetry::Payload()
                                                      .put(thread.id)
                                                      .put(static_cast<uint32_t>(task.tid))
                                                      .put(static_cast<uint16_t>(name.size()))
                                                      .text(name)
                                                      .bytes());
    threads_[task] = std::move(thread);
  }
  is_first_ = false;
}

uint16_t OutsideThreads::first_thread_of(int32_t pid) const {
  const auto at = threads_.find({pid, pid});
  return at == threads_.end() || at->second.id > UINT16_MAX ? 0 : static_cast<uint16_t>(at->second.id);
}

void OutsideThreads::open_ring(Thread& thread) {
  if (!wants_switches_ || !refusal_.empty()) return;
  int error = 0;
  bool is_memory = false;
  thread.ring = memory_.open(thread.task.tid, error, is_memory);
  if (thread.ring || (!is_memory && error == ESRCH)) return;
  refusal_ = is_memory ? "their rings have taken all the memory that may be locked for them. A normal user has more "
                         "after: sudo sysctl kernel.perf_event_mlock_kb=16384"
                       : std::string("perf_event_open is refused (") + std::strerror(error) +
                             "). To enable it: sudo sysctl kernel.perf_event_paranoid=2, and in a container a profile "
                             "that lets perf_event_open through.";
}

void OutsideThreads::tell_refusal() {
  told_refusal_ = true;
  const bool some = memory_.used() > 0;
  const std::string text = std::string(some ? "Context switches of further threads of the external server are not"
                                            : "Context switches of the external server are not") +
                           " recorded one by one; the counts of /proc remain: " + refusal_;
  writer_.json(wire::FrameKind::notice,
               "{\"level\":\"warning\",\"code\":\"switchesRefused\",\"text\":" + json_quote(text) + "}");
}

void OutsideThreads::read_usage(Thread& thread) {
  const std::string stat = proc::read_once(thread.folder + "/stat"),
                    status = proc::read_once(thread.folder + "/status"),
                    schedstat = proc::read_once(thread.folder + "/schedstat");
  if (stat.empty() || status.empty()) return;
  // Its first number is the time on a core in ns. Kernels that do not have it tell ticks of 10 ms.
  const uint64_t total = schedstat.empty()
                             ? (proc::stat_field(stat, proc::user) + proc::stat_field(stat, proc::system)) * 10'000'000
                             : std::strtoull(schedstat.c_str(), nullptr, 10);
  const telemetry::Usage now = telemetry::usage_from(stat, status, total);
  if (!thread.has_base) {
    thread.base = thread.usage = now;
    thread.has_base = true;
  }
  thread.usage.rise_to(now);
  const auto set = [&](Counter counter, uint64_t value, uint64_t base) {
    const uint64_t since = value > base ? value - base : 0;
    totals_[counter] += since - std::min(since, thread.values[counter]);
    thread.values[counter] = std::max(thread.values[counter], since);
  };
  set(Counter::cpu_user_ns, thread.usage.cpu_user_ns, thread.base.cpu_user_ns);
  set(Counter::cpu_system_ns, thread.usage.cpu_system_ns, thread.base.cpu_system_ns);
  set(Counter::voluntary_switches, thread.usage.voluntary_switches, thread.base.voluntary_switches);
  set(Counter::involuntary_switches, thread.usage.involuntary_switches, thread.base.involuntary_switches);
}

void OutsideThreads::account(Thread& thread, uint64_t until_ns) {
  if (until_ns <= thread.accounted_ns) return;
  const auto counter = thread.last_kind == wire::SwitchKind::in        ? Counter::on_cpu_ns
                       : thread.last_kind == wire::SwitchKind::blocked ? Counter::blocked_ns
                                                                       : Counter::preempted_ns;
  if (thread.accounted_ns != 0 && thread.is_switch_known) thread.values[counter] += until_ns - thread.accounted_ns;
  thread.accounted_ns = until_ns;
}

void OutsideThreads::read_switches(Thread& thread, telemetry::RecordFrames<telemetry::SwitchRecord>& frames) {
  if (!thread.ring) return;
  const Values before = thread.values;
  // Before the ring is read: what it holds by then reaches at least as far.
  const uint64_t now = now_ns();
  const uint64_t lost = thread.ring->drain([&](const PerfSwitches::Record& record) {
    if (thread.is_switch_known)
      account(thread, record.time_ns);
    else
      thread.accounted_ns = record.time_ns;
    thread.is_switch_known = true;
    thread.last_kind = record.kind;
    thread.last_ns = record.time_ns;
    if (record.kind == wire::SwitchKind::blocked) ++thread.values[Counter::recorded_blocked];
    if (record.kind == wire::SwitchKind::preempted) ++thread.values[Counter::recorded_preempted];
    frames.add({record.time_ns, thread.id, static_cast<uint8_t>(record.kind), {}});
  });
  if (lost > 0) thread.values[Counter::switches_lost] += lost;
  // The kernel leaves no record of the switch at the end of a thread (Linux 6.18), which would be on a core for ever.
  const bool may_have_ended = thread.is_switch_known && thread.last_kind == wire::SwitchKind::in;
  if (!may_have_ended || access(thread.folder.c_str(), F_OK) == 0) account(thread, now);
  for (const Counter counter : {Counter::on_cpu_ns, Counter::blocked_ns, Counter::preempted_ns,
                                Counter::recorded_blocked, Counter::recorded_preempted, Counter::switches_lost}) {
    const auto at = thread.values.find(counter);
    if (at == thread.values.end()) continue;
    const auto was = before.find(counter);
    totals_[counter] += at->second - (was == before.end() ? 0 : was->second);
  }
}

OutsideThreads::Doing OutsideThreads::look(const Thread& thread, uint64_t time_ns, bool in_time) {
  Doing doing;
  if (thread.is_switch_known) {
    doing.state = thread.last_kind == wire::SwitchKind::in          ? wire::ThreadState::running
                  : thread.last_kind == wire::SwitchKind::preempted ? wire::ThreadState::ready
                                                                    : wire::ThreadState::blocked;
  } else {
    const char letter = proc::state_letter(proc::read_once(thread.folder + "/stat"));
    if (letter == 0) return thread.doing;  // it has just ended
    doing.state = letter == 'R' ? wire::ThreadState::running : wire::ThreadState::blocked;
  }
  if (doing.state == wire::ThreadState::blocked && in_time) {
    const KnownCall* call = call_in(proc::read_once(thread.folder + "/syscall"), doing.fd);
    if (call != nullptr) doing.syscall = static_cast<uint16_t>(call->name);
  }
  const bool goes_on = thread.is_doing_sent && thread.doing.state == doing.state &&
                       thread.doing.syscall == doing.syscall && thread.doing.fd == doing.fd;
  doing.since_ns = thread.is_switch_known ? thread.last_ns : goes_on ? thread.doing.since_ns : time_ns;
  return doing;
}

// As in the frame `threads`: what changed since the last one.
void OutsideThreads::put(telemetry::Payload& payload, Thread& thread, bool ended) {
  telemetry::Payload entries;
  uint16_t changed = 0;
  for (const auto& [counter, value] : thread.values) {
    if (thread.sent[counter] == value) continue;
    thread.sent[counter] = value;
    entries.put(static_cast<uint16_t>(counter)).put(value);
    ++changed;
  }
  payload.put(thread.id).put(static_cast<uint8_t>(ended)).put(uint8_t{0}).put(changed).raw(entries.bytes());
}

void OutsideThreads::tick(uint64_t time_ns) {
  if (!refusal_.empty() && !told_refusal_) tell_refusal();
  telemetry::FrameBatch batch(writer_);
  {
    telemetry::RecordFrames<telemetry::SwitchRecord> switches(batch, wire::FrameKind::switches, time_ns);
    for (Thread& thread : ended_) read_switches(thread, switches);
    for (auto& [task, thread] : threads_) read_switches(thread, switches);
  }
  const uint64_t until = now_ns() + usage_budget_ns;
  auto turn = threads_.upper_bound(cursor_);
  for (size_t n = 0; n < threads_.size() && now_ns() < until; ++n, ++turn) {
    if (turn == threads_.end()) turn = threads_.begin();
    read_usage(turn->second);
    cursor_ = turn->first;
  }
  // Later than the counters' time: what is seen here began before it.
  const uint64_t looked_ns = now_ns(), look_until = looked_ns + look_budget_ns;
  if (level_ != wire::DetailLevel::counters) {
    telemetry::RecordFrames<telemetry::ThreadStateRecord> states(batch, wire::FrameKind::thread_states, looked_ns);
    for (auto& [task, thread] : threads_) {
      const bool in_time = now_ns() < look_until;
      // Beyond that it is as its last switch says, or as before.
      if (!in_time && !thread.is_switch_known) continue;
      const Doing doing = look(thread, looked_ns, in_time);
      if (thread.is_doing_sent && doing == thread.doing) continue;
      thread.doing = doing;
      thread.is_doing_sent = true;
      states.add({thread.id, static_cast<uint8_t>(doing.state), 0, doing.syscall, doing.fd, 0,
                  std::min(doing.since_ns, looked_ns)});
    }
  }
  batch.flush();
  telemetry::Payload payload;
  uint32_t count = 0;
  const auto flush = [&] {
    if (count == 0) return;
    payload.patch(sizeof time_ns, count);
    writer_.send(wire::FrameKind::threads, payload.bytes());
    payload.clear();
    count = 0;
  };
  const auto add = [&](Thread& thread, bool ended) {
    if (!ended && thread.values == thread.sent) return;
    if (count == 0) payload.put(time_ns).put(uint32_t{0});
    put(payload, thread, ended);
    ++count;
    if (payload.size() > telemetry::split_bytes) flush();
  };
  for (Thread& thread : ended_) {
    memory_.give_back(std::move(thread.ring));
    add(thread, true);
  }
  ended_.clear();
  for (auto& [task, thread] : threads_) add(thread, false);
  flush();
}

}  // namespace fdscope::watch
