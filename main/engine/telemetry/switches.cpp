#include "telemetry/switches.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>

#include "sys/clock.hpp"
#include "sys/json.hpp"
#include "sys/perf_switches.hpp"

namespace fdscope::telemetry {

namespace {

// By block index. Of this process alone: a forked child's rings belong to its parent.
std::atomic<PerfSwitches*> rings[max_blocks];
std::atomic<bool> is_recording{false};
std::atomic<int32_t> recording_pid{0};
PerfMemory memory;
// Why a ring could not be had: for want of memory, or errno of something else.
std::atomic<int> refusal{0};
std::atomic<bool> short_of_memory{false};

// A ring for the thread, where one can be had.
void open_ring(size_t index, int32_t tid) {
  int error = 0;
  bool is_memory = false;
  auto ring = memory.open(tid, error, is_memory);
  if (ring == nullptr) {
    if (is_memory)
      short_of_memory.store(true);
    else if (error != ESRCH)  // it has just ended
      refusal.store(error);
    return;
  }
  PerfSwitches* none = nullptr;
  if (rings[index].compare_exchange_strong(none, ring.get()))
    (void)ring.release();  // belongs to the table now
  else
    memory.give_back(std::move(ring));  // the other side was faster
}

void close_ring(size_t index) { memory.give_back(std::unique_ptr<PerfSwitches>(rings[index].exchange(nullptr))); }

bool is_running(const Block& b) { return b.state.load() == static_cast<uint32_t>(BlockState::active); }

}  // namespace

void record_own_switches(const Block& block) {
  if (!is_recording.load(std::memory_order_acquire) || recording_pid.load() != getpid()) return;
  open_ring(static_cast<size_t>(&block - &telemetry::block(0)), 0);
}

bool SwitchRecorder::recording() const { return is_recording.load(); }
uint64_t SwitchRecorder::ring_bytes() { return memory.used(); }

std::string SwitchRecorder::set_recording(bool wanted) {
  if (wanted == recording()) return {};
  if (!wanted) {
    is_recording.store(false);
    for (size_t i = 0; i < block_high_water(); ++i) close_ring(i);
    threads_.clear();
    return {};
  }
  int error = 0;
  bool is_memory = false;
  if (PerfSwitches::open(0, 1, error, is_memory) == nullptr) {
    if (is_memory)
      return std::string("Context switches cannot be recorded: mmap of a perf ring is refused (") +
             std::strerror(error) +
             "), as this user has locked all the memory that is allowed. The counts of /proc remain. To enable it: "
             "sudo sysctl kernel.perf_event_mlock_kb=8192";
    return std::string("Context switches cannot be recorded: perf_event_open is refused (") + std::strerror(error) +
           "). The counts of /proc remain. To enable it: sudo sysctl kernel.perf_event_paranoid=2, and in a container "
           "a profile that lets perf_event_open through.";
  }
  memory.begin();
  short_of_memory.store(false);
  refusal.store(0);
  told_shortage_ = false;
  recording_pid.store(getpid());
  is_recording.store(true, std::memory_order_release);
  return {};
}

void SwitchRecorder::tick(uint64_t time_ns, const std::vector<uint32_t>& met) {
  if (!recording()) return;
  FrameBatch batch(writer_);
  RecordFrames<SwitchRecord> frames(batch, wire::FrameKind::switches, time_ns);
  threads_.resize(std::max(threads_.size(), block_high_water()));
  for (size_t i = 0; i < met.size(); ++i) {
    const Block& b = block(i);
    if (met[i] == 0 || met[i] != b.thread_id.load()) continue;
    // Whoever ran already when recording began, and children, which cannot do it for their parent.
    if (is_running(b) && rings[i].load() == nullptr && !short_of_memory.load()) open_ring(i, b.tid.load());
    read(i, frames);
  }
  frames.close();
  if ((short_of_memory.load() || refusal.load() != 0) && !told_shortage_) tell_shortage();
}

void SwitchRecorder::end(size_t index, uint64_t time_ns) {
  if (rings[index].load() != nullptr) {
    FrameBatch batch(writer_);
    RecordFrames<SwitchRecord> frames(batch, wire::FrameKind::switches, time_ns);
    read(index, frames);
    close_ring(index);
    // There is room again for those that come.
    short_of_memory.store(false);
  }
  if (index < threads_.size()) threads_[index] = {};
}

void SwitchRecorder::account(Block& block, Thread& thread, uint64_t until_ns) {
  if (until_ns <= thread.accounted_ns) return;
  const auto counter = thread.state.kind == wire::SwitchKind::in        ? Counter::on_cpu_ns
                       : thread.state.kind == wire::SwitchKind::blocked ? Counter::blocked_ns
                                                                        : Counter::preempted_ns;
  if (thread.accounted_ns != 0 && thread.state.known)
    block.add(static_cast<size_t>(counter), until_ns - thread.accounted_ns);
  thread.accounted_ns = until_ns;
}

void SwitchRecorder::read(size_t index, RecordFrames<SwitchRecord>& frames) {
  PerfSwitches* ring = rings[index].load();
  Block& b = block(index);
  if (ring == nullptr) return;
  threads_.resize(std::max(threads_.size(), index + 1));
  Thread& thread = threads_[index];
  if (thread.thread_id != b.thread_id.load()) thread = {b.thread_id.load(), {}, 0};
  // Before the ring is read: what it holds by then reaches at least as far. The kernel leaves no record of the switch
  // at the end of a thread (Linux 6.18), which would be on a core for ever.
  const uint64_t ended = b.ended_ns.load(std::memory_order_acquire);
  const uint64_t now = ended != 0 ? ended : now_ns();
  const uint64_t lost = ring->drain([&](const PerfSwitches::Record& record) {
    // Until its first record a thread did the opposite of what that says: on a core before it left one.
    if (!thread.state.known) {
      thread.accounted_ns = record.time_ns;
    } else {
      account(b, thread, record.time_ns);
    }
    thread.state = {true, record.kind, record.time_ns};
    if (record.kind == wire::SwitchKind::blocked) b.add(static_cast<size_t>(Counter::recorded_blocked), 1);
    if (record.kind == wire::SwitchKind::preempted) b.add(static_cast<size_t>(Counter::recorded_preempted), 1);
    frames.add({record.time_ns, thread.thread_id, static_cast<uint8_t>(record.kind), {}});
  });
  if (lost > 0) b.add(static_cast<size_t>(Counter::switches_lost), lost);
  account(b, thread, now);
}

void SwitchRecorder::tell_shortage() {
  told_shortage_ = true;
  size_t recorded = 0;
  for (size_t i = 0; i < block_high_water(); ++i) recorded += rings[i].load() != nullptr;
  const std::string those =
      "Context switches of " + std::to_string(recorded) + " threads are recorded, and not those of further ones: ";
  // As a descriptor is needed for a moment, this may be the limit of those.
  const std::string text =
      short_of_memory.load()
          ? those + "their rings have taken all the memory that may be locked for it (" +
                std::to_string(memory.used() / 1024) +
                " KiB). The counts of /proc are complete. A normal user has more after: sudo sysctl "
                "kernel.perf_event_mlock_kb=16384"
          : those + "perf_event_open is refused (" + std::strerror(refusal.load()) +
                "). The counts of /proc are complete. They are recorded once the kernel allows it: `ulimit -n` tells "
                "the limit of descriptors.";
  writer_.json(wire::FrameKind::notice,
               "{\"level\":\"warning\",\"code\":\"switchesMemory\",\"text\":" + json_quote(text) + "}");
}

}  // namespace fdscope::telemetry
