#include "telemetry/reporter.hpp"

#include <signal.h>
#include <unistd.h>

#include <chrono>

#include "sys/clock.hpp"
#include "telemetry/steps.hpp"

namespace fdscope::telemetry {

namespace {

constexpr uint64_t heartbeat_ns = 1'000'000'000;
// Reading one thread's /proc files takes some 30 µs: with thousands of threads they are read in turn, so that
// telemetry stays within a few percent of a core.
constexpr uint64_t usage_budget_ns = 1'500'000;
constexpr size_t children_looked_at = 64;
constexpr size_t split_bytes = 256 * 1024;

size_t values_in_use() { return step_base + step_sites().size(); }

}  // namespace

Reporter::Reporter(FrameWriter& writer, std::function<uint64_t()> open_connections)
    : writer_(writer), open_connections_(std::move(open_connections)), retired_(values_in_use(), 0) {}

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
  auto next = std::chrono::steady_clock::now();
  while (!stopping_) {
    next += std::chrono::milliseconds(wire::frame_interval_ms);
    wake_.wait_until(lock, next, [this] { return stopping_; });
    tick();
  }
  leave_thread();
}

void Reporter::tick() {
  const Totals totals = collect();
  send_counters(totals, 0, 0);
  if (writer_.enabled()) read_usage_of_threads();
  report_threads(totals.time_ns);
  if (totals.time_ns >= next_heartbeat_ns_) {
    next_heartbeat_ns_ = totals.time_ns + heartbeat_ns;
    writer_.send(wire::FrameKind::heartbeat, Payload().put(totals.time_ns).bytes());
  }
}

Totals Reporter::collect() {
  Totals totals;
  totals.time_ns = now_ns();
  totals.values = retired_;
  const size_t used = values_in_use();
  std::vector<int32_t> children;
  const int32_t own_pid = getpid();
  const auto add_block = [&](const Block& b) {
    for (size_t i = 0; i < used; ++i) totals.values[i] += b.get(i);
  };
  add_block(overflow_block());
  for (size_t i = 0; i < block_high_water(); ++i) {
    const Block& b = block(i);
    const auto state = static_cast<BlockState>(b.state.load(std::memory_order_acquire));
    if (state != BlockState::active && state != BlockState::ended) continue;
    add_block(b);
    if (b.pid.load() != own_pid && state == BlockState::active && children.size() < children_looked_at)
      children.push_back(b.pid.load());
  }
  const Usage usage = process_.usage(children);
  const auto set = [&](Counter c, uint64_t value) { totals.values[static_cast<size_t>(c)] = value; };
  set(Counter::cpu_user_ns, usage.cpu_user_ns);
  set(Counter::cpu_system_ns, usage.cpu_system_ns);
  set(Counter::voluntary_switches, usage.voluntary_switches);
  set(Counter::involuntary_switches, usage.involuntary_switches);
  const auto gauge = [&](wire::Gauge g) -> uint64_t& { return totals.gauges[static_cast<size_t>(g)]; };
  gauge(wire::Gauge::rss_bytes) = process_.rss_bytes(children);
  gauge(wire::Gauge::threads) = process_.threads() + children.size();
  gauge(wire::Gauge::open_fds) = process_.open_fds();
  gauge(wire::Gauge::open_connections) = open_connections_();
  peaks_.max_rss_bytes = std::max(peaks_.max_rss_bytes, gauge(wire::Gauge::rss_bytes));
  peaks_.peak_threads = std::max(peaks_.peak_threads, gauge(wire::Gauge::threads));
  peaks_.peak_fds = std::max(peaks_.peak_fds, gauge(wire::Gauge::open_fds));
  totals.max_rss_bytes = peaks_.max_rss_bytes;
  totals.peak_threads = peaks_.peak_threads;
  totals.peak_fds = peaks_.peak_fds;
  return totals;
}

Totals Reporter::totals() {
  const std::lock_guard lock(mutex_);
  return collect();
}

void Reporter::snapshot(uint32_t id) {
  const std::lock_guard lock(mutex_);
  send_counters(collect(), 1, id);
}

void Reporter::send_counters(const Totals& totals, uint8_t flags, uint32_t snapshot_id) {
  if (!writer_.enabled()) return;
  Payload payload;
  payload.put(totals.time_ns).put(sequence_++).put(flags).put(static_cast<uint8_t>(wire::gauge_count));
  payload.put(static_cast<uint16_t>(wire::counter_count)).put(static_cast<uint16_t>(wire::syscall_count));
  payload.put(static_cast<uint16_t>(step_sites().size())).put(snapshot_id);
  for (const uint64_t value : totals.gauges) payload.put(value);
  for (const uint64_t value : totals.values) payload.put(value);
  writer_.send(wire::FrameKind::counters, payload.bytes());
}

void Reporter::read_usage_of_threads() {
  const uint64_t until = now_ns() + usage_budget_ns;
  const size_t count = seen_.size();
  for (size_t looked = 0; looked < count && now_ns() < until; ++looked) {
    usage_cursor_ = usage_cursor_ + 1 < count ? usage_cursor_ + 1 : 0;
    Seen& seen = seen_[usage_cursor_];
    Block& b = block(usage_cursor_);
    // A thread that made no call since the last reading sleeps in the one it is in: nothing has changed.
    if (!seen.usage_stale || b.state.load() != static_cast<uint32_t>(BlockState::active)) continue;
    if (b.pid.load() != getpid()) continue;
    Usage usage;
    if (!ProcessStats::thread_usage(b.tid.load(), usage)) continue;
    // The thread writes these values only as it ends, so for once another thread may.
    b.set(static_cast<size_t>(Counter::cpu_user_ns), usage.cpu_user_ns);
    b.set(static_cast<size_t>(Counter::cpu_system_ns), usage.cpu_system_ns);
    b.set(static_cast<size_t>(Counter::voluntary_switches), usage.voluntary_switches);
    b.set(static_cast<size_t>(Counter::involuntary_switches), usage.involuntary_switches);
    seen.usage_stale = false;
  }
}

void Reporter::report_threads(uint64_t time_ns) {
  const size_t used = values_in_use();
  Payload payload;
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
  seen_.resize(block_high_water());
  for (size_t i = 0; i < seen_.size(); ++i) {
    Block& b = block(i);
    Seen& seen = seen_[i];
    const auto state = static_cast<BlockState>(b.state.load(std::memory_order_acquire));
    if (state != BlockState::active && state != BlockState::ended) continue;
    if (seen.thread_id != b.thread_id.load()) {
      seen = {b.thread_id.load(), std::vector<uint64_t>(used, 0), true};
      const std::string_view name = b.name;
      writer_.send(wire::FrameKind::thread_started, Payload()
                                                        .put(seen.thread_id)
                                                        .put(static_cast<uint32_t>(b.tid.load()))
                                                        .put(static_cast<uint16_t>(name.size()))
                                                        .text(name)
                                                        .bytes());
    }
    const bool ended = state == BlockState::ended;
    Payload entries;
    uint16_t changed = 0;
    for (size_t v = 0; v < used; ++v) {
      const uint64_t value = b.get(v);
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
      // What it counted lives on in the totals; CPU and switches do not, as the process's own include them.
      for (size_t v = 0; v < used; ++v) retired_[v] += seen.values[v];
      seen = {};
      recycle(b);
    }
  }
  flush();
}

}  // namespace fdscope::telemetry
