// Records the context switches of all threads that have a block: a perf ring each, opened by the thread itself as it
// starts, or from outside for those that run already and for forked children. The telemetry thread reads them all.
//
// Ring memory is locked memory, which the kernel grants a user only so much of; it is shared out so that the first
// threads have large rings, and the last that find room a page. Those beyond are not recorded, and a notice says so.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "telemetry/counters.hpp"
#include "telemetry/frame_writer.hpp"
#include "telemetry/records.hpp"

namespace fdscope::telemetry {

// In enter_thread(): opens a ring for the calling thread, where switches are recorded just now.
void record_own_switches(const Block& block);

// What a thread's last switch left it doing.
struct SwitchState {
  bool known = false;
  wire::SwitchKind kind = wire::SwitchKind::in;
  uint64_t since_ns = 0;
};

class SwitchRecorder {
 public:
  explicit SwitchRecorder(FrameWriter& writer) : writer_(writer) {}
  ~SwitchRecorder() { set_recording(false); }
  // Returns why nothing can be recorded here, or an empty text.
  std::string set_recording(bool wanted);
  bool recording() const;
  // Reads the rings of threads that readers have heard of (`met`, by block index); adds to the threads' counters; sends
  // `switches` frames.
  void tick(uint64_t time_ns, const std::vector<uint32_t>& met);
  // The thread of this block has ended: reads what is left and gives its ring back.
  void end(size_t index, uint64_t time_ns);
  SwitchState state(size_t index) const { return index < threads_.size() ? threads_[index].state : SwitchState{}; }
  static uint64_t ring_bytes();

 private:
  struct Thread {
    uint32_t thread_id = 0;
    SwitchState state;
    uint64_t accounted_ns = 0;
  };

  void read(size_t index, RecordFrames<SwitchRecord>& frames);
  void account(Block& block, Thread& thread, uint64_t until_ns);
  void tell_shortage();

  FrameWriter& writer_;
  std::vector<Thread> threads_;  // by block index
  bool told_shortage_ = false;
};

}  // namespace fdscope::telemetry
