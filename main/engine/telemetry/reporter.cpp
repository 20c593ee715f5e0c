#include "telemetry/reporter.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "sys/clock.hpp"
#include "telemetry/steps.hpp"

namespace fdscope::telemetry {

namespace {

constexpr uint64_t heartbeat_ns = 1'000'000'000;
// Reading one thread's /proc files takes some 30 µs: with thousands of threads they are read in turn, so that
// telemetry stays within a few percent of a core.
constexpr uint64_t usage_budget_ns = 1'500'000;
// A frame says when its totals were so. Who lost its core for longer than this while it read them reads again, as what
// it has would be told of a moment that it is not of; whoever loses it each time tells what it has.
constexpr uint64_t held_up_ns = 500'000;
constexpr int most_readings = 3;
// No two frames are closer: one that was late is not followed by the next at once.
constexpr auto shortest_interval = std::chrono::milliseconds(wire::frame_interval_ms * 4 / 5);

// The four values that come from the kernel stand in a row.
constexpr size_t usage_base = static_cast<size_t>(Counter::cpu_user_ns), usage_values = 4;
static_assert(static_cast<size_t>(Counter::involuntary_switches) == usage_base + usage_values - 1);

std::array<uint64_t, usage_values> in_row(const Usage& u) {
  return {u.cpu_user_ns, u.cpu_system_ns, u.voluntary_switches, u.involuntary_switches};
}

size_t values_in_use() { return step_base + step_sites().size(); }

BlockState state_of(const Block& b) { return static_cast<BlockState>(b.state.load(std::memory_order_acquire)); }

}  // namespace

Reporter::Reporter(FrameWriter& writer, std::function<uint64_t()> open_connections)
    : writer_(writer),
      open_connections_(std::move(open_connections)),
      own_pid_(getpid()),
      inspector_(writer),
      retired_(values_in_use(), 0) {}

void Reporter::start() {
  thread_ = std::thread([this] { loop(); });
}

void Reporter::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Reporter::loop() {
  // Signals that interrupt or stop the server are not for this thread.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  enter_thread("telemetry");
  std::unique_lock lock(mutex_);
  constexpr auto interval = std::chrono::milliseconds(wire::frame_interval_ms);
  auto next = std::chrono::steady_clock::now();
  bool last = false;
  do {
    // After a pause (a stopped process, a reader that is slow) the frames go on from now; none are made up for.
    next = std::max(next + interval, std::chrono::steady_clock::now() + shortest_interval);
    last = wake_.wait_until(lock, next, [this] { return stopping_; });
    tick();
  } while (!last);
  lock.unlock();
  leave_thread();
}

void Reporter::tick() {
  const Totals totals = collect(false);
  send_all(totals, 0);
  if (totals.time_ns >= next_heartbeat_ns_) {
    next_heartbeat_ns_ = totals.time_ns + heartbeat_ns;
    writer_.send(wire::FrameKind::heartbeat, Payload().put(totals.time_ns).bytes());
  }
}

void Reporter::meet_threads() {
  seen_.resize(block_high_water());
  for (size_t i = 0; i < seen_.size(); ++i) {
    const Block& b = block(i);
    const BlockState state = state_of(b);
    if (state != BlockState::active && state != BlockState::ended) continue;
    if (seen_[i].thread_id == b.thread_id.load()) continue;
    seen_[i] = {b.thread_id.load(), std::vector<uint64_t>(values_in_use(), 0), {}, 0, true};
    inspector_.meet(i, seen_[i].thread_id);
    const std::string_view name = b.name;
    writer_.send(wire::FrameKind::thread_started, Payload()
                                                      .put(seen_[i].thread_id)
                                                      .put(static_cast<uint32_t>(b.tid.load()))
                                                      .put(static_cast<uint16_t>(name.size()))
                                                      .text(name)
                                                      .bytes());
  }
}

void Reporter::read_usages(bool every_child) {
  const uint64_t until = now_ns() + usage_budget_ns;
  bool in_time = true;
  for (size_t looked = 0; looked < seen_.size() && (in_time || every_child); ++looked) {
    usage_cursor_ = usage_cursor_ + 1 < seen_.size() ? usage_cursor_ + 1 : 0;
    Seen& seen = seen_[usage_cursor_];
    const Block& b = block(usage_cursor_);
    if (seen.thread_id == 0 || state_of(b) != BlockState::active) continue;
    const bool is_child = b.pid.load() != own_pid_;
    // A thread that did nothing since the last reading sleeps in the call it is in: nothing has changed.
    if (!(is_child && every_child) && (!seen.usage_stale || !in_time)) continue;
    // Usage of single threads is only for the frames; that of children is part of the totals.
    if (!is_child && !writer_.enabled()) continue;
    read_usage(b, seen);
    in_time = now_ns() < until;
  }
}

void Reporter::read_usage(const Block& b, Seen& seen) {
  const int32_t pid = b.pid.load();
  seen.usage_stale = false;
  if (pid == own_pid_) {
    ProcessStats::thread_usage(b.tid.load(), seen.usage);  // where it has just ended, its block will tell
  } else if (ProcessStats::child_usage(pid, seen.usage)) {
    seen.private_bytes = ProcessStats::private_bytes(pid);
  }
}

Totals Reporter::collect(bool every_child) {
  Totals totals;
  meet_threads();
  read_usages(every_child);
  for (int reading = 1;; ++reading) {
    totals.time_ns = now_ns();
    const uint64_t cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    sum_up(totals);
    const uint64_t took_ns = now_ns() - totals.time_ns, worked_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns;
    if (took_ns < worked_ns + held_up_ns || reading == most_readings) break;
  }
  inspector_.read(totals.time_ns);
  totals.step_ns = inspector_.step_ns();
  inspector_.fill(totals.gauges);
  const auto gauge = [&](wire::Gauge g) -> uint64_t& { return totals.gauges[static_cast<size_t>(g)]; };
  gauge(wire::Gauge::rss_bytes) += process_.rss_bytes();
  gauge(wire::Gauge::threads) += process_.threads();
  gauge(wire::Gauge::open_fds) = process_.open_fds();
  gauge(wire::Gauge::open_connections) = open_connections_();
  totals.max_rss_bytes = max_rss_bytes_ = std::max(max_rss_bytes_, gauge(wire::Gauge::rss_bytes));
  totals.peak_threads = peak_threads_ = std::max(peak_threads_, gauge(wire::Gauge::threads));
  totals.peak_fds = peak_fds_ = std::max(peak_fds_, gauge(wire::Gauge::open_fds));
  return totals;
}

// All that grows, one soon after the other: the moment is theirs. Of gauges, what children add to those of the process.
void Reporter::sum_up(Totals& totals) {
  totals.values = retired_;
  totals.gauges = {};
  const size_t used = values_in_use();
  const auto gauge = [&](wire::Gauge g) -> uint64_t& { return totals.gauges[static_cast<size_t>(g)]; };
  // Before the children are looked at: one that is still unreaped afterwards was not part of this figure. One that is
  // reaped in between is for this once in neither, and the last figure holds. So none is ever counted twice.
  Usage usage = process_.usage();
  const auto add_block = [&](const Block& b) {
    for (size_t i = 0; i < used; ++i) totals.values[i] += b.get(i);
  };
  add_block(overflow_block());
  for (size_t i = 0; i < block_high_water(); ++i) {
    const Block& b = block(i);
    const BlockState state = state_of(b);
    if (state != BlockState::active && state != BlockState::ended) continue;
    add_block(b);
    const int32_t pid = b.pid.load();
    if (pid == own_pid_ || !ProcessStats::is_unreaped(pid)) continue;
    if (i < seen_.size() && seen_[i].thread_id == b.thread_id.load()) {
      Usage child = seen_[i].usage;
      // One that has left its block has put its exact figures there.
      child.rise_to({b.get(usage_base), b.get(usage_base + 1), b.get(usage_base + 2), b.get(usage_base + 3)});
      usage += child;
      gauge(wire::Gauge::rss_bytes) += seen_[i].private_bytes;
    }
    ++gauge(wire::Gauge::threads);
  }
  usage_.rise_to(usage);
  // Not the sum of the blocks: their threads' CPU and switches are in the process's already.
  std::ranges::copy(in_row(usage_), totals.values.begin() + usage_base);
}

Totals Reporter::totals() {
  const std::lock_guard lock(mutex_);
  return collect(true);
}

void Reporter::set_detail(wire::DetailLevel level, bool switches) {
  const std::lock_guard lock(mutex_);
  inspector_.set_detail(level, switches);
}

void Reporter::snapshot(uint32_t id) {
  const std::lock_guard lock(mutex_);
  send_all(collect(true), id);
}

// The counters last, so that whoever waits for the answer to a snapshot has all.
void Reporter::send_all(const Totals& totals, uint32_t snapshot_id) {
  inspector_.send(totals.time_ns);
  report_threads(totals.time_ns);
  send_counters(totals, snapshot_id);
}

void Reporter::send_counters(const Totals& totals, uint32_t snapshot_id) {
  if (!writer_.enabled()) return;
  Payload payload;
  payload.put(totals.time_ns)
      .put(sequence_++)
      .put(static_cast<uint8_t>(snapshot_id != 0))
      .put(static_cast<uint8_t>(wire::gauge_count));
  payload.put(static_cast<uint16_t>(wire::counter_count)).put(static_cast<uint16_t>(wire::syscall_count));
  payload.put(static_cast<uint16_t>(step_sites().size())).put(snapshot_id);
  for (const uint64_t value : totals.gauges) payload.put(value);
  for (const uint64_t value : totals.values) payload.put(value);
  for (const uint64_t ns : totals.step_ns) payload.put(ns);
  writer_.send(wire::FrameKind::counters, payload.bytes());
}

void Reporter::report_threads(uint64_t time_ns) {
  const size_t used = values_in_use();
  Payload payload, entries;
  uint32_t threads = 0;
  const auto begin = [&] {
    payload.clear();
    payload.put(time_ns).put(uint32_t{0});
    threads = 0;
  };
  const auto flush = [&] {
    if (threads == 0) return;
    payload.patch(8, threads);
    writer_.send(wire::FrameKind::threads, payload.bytes());
    begin();
  };
  begin();
  for (size_t i = 0; i < seen_.size(); ++i) {
    Block& b = block(i);
    Seen& seen = seen_[i];
    const BlockState state = state_of(b);
    if ((state != BlockState::active && state != BlockState::ended) || seen.thread_id != b.thread_id.load()) continue;
    // A child's block is kept until the child is reaped, as only then its time is in the figures of the process.
    const int32_t pid = b.pid.load();
    const bool ended = state == BlockState::ended && (pid == own_pid_ || !ProcessStats::is_unreaped(pid));
    const auto usage = in_row(seen.usage);
    entries.clear();
    uint16_t changed = 0;
    for (size_t v = 0; v < used; ++v) {
      uint64_t value = b.get(v);
      // Zero until the thread has left, and then exact; a child that was killed never leaves.
      if (v - usage_base < usage_values) value = std::max(value, usage[v - usage_base]);
      if (value == seen.values[v]) continue;
      seen.values[v] = value;
      entries.put(static_cast<uint16_t>(v)).put(value);
      ++changed;
    }
    if (changed > 0) seen.usage_stale = true;
    if (changed > 0 || ended) {
      payload.put(seen.thread_id).put(static_cast<uint8_t>(ended)).put(uint8_t{0}).put(changed).raw(entries.bytes());
      ++threads;
      if (payload.size() > split_bytes) flush();
    }
    if (ended) {
      for (size_t v = 0; v < used; ++v) retired_[v] += seen.values[v];
      inspector_.end(i, time_ns);
      seen = {};
      recycle(b);
    }
  }
  flush();
}

}  // namespace fdscope::telemetry
