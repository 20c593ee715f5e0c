#include "sys/perf_switches.hpp"

#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "sys/fd.hpp"

namespace fdscope {

namespace {

perf_event_mmap_page& page_of(uint8_t* memory) { return *reinterpret_cast<perf_event_mmap_page*>(memory); }

}  // namespace

std::unique_ptr<PerfSwitches> PerfSwitches::open(int32_t tid, size_t pages, int& error, bool& is_memory) {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.config = PERF_COUNT_SW_DUMMY;
  attributes.sample_type = PERF_SAMPLE_TIME;
  attributes.sample_id_all = 1;
  attributes.context_switch = 1;
  attributes.exclude_kernel = 1;
  attributes.exclude_hv = 1;
  attributes.use_clockid = 1;
  attributes.clockid = CLOCK_MONOTONIC;
  is_memory = false;
  const Fd fd{static_cast<int>(::syscall(SYS_perf_event_open, &attributes, tid, -1, -1, PERF_FLAG_FD_CLOEXEC))};
  if (!fd) {
    error = errno;
    return nullptr;
  }
  const size_t bytes = (pages + 1) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) {
    error = errno;
    is_memory = true;
    return nullptr;
  }
  // The mapping keeps the event alive. The descriptor is let go, as the server may need the number for a client.
  return std::unique_ptr<PerfSwitches>(new PerfSwitches(memory, bytes));
}

PerfSwitches::~PerfSwitches() { ::munmap(memory_, bytes_); }

uint64_t PerfSwitches::head() const {
  return std::atomic_ref(page_of(memory_).data_head).load(std::memory_order_acquire);
}
void PerfSwitches::set_tail() { std::atomic_ref(page_of(memory_).data_tail).store(tail_, std::memory_order_release); }

PerfSwitches::Next PerfSwitches::next(uint64_t head, Record& record, uint64_t& lost) {
  if (tail_ >= head) return Next::none;
  const auto& page = page_of(memory_);
  const uint8_t* data = memory_ + page.data_offset;
  const uint64_t size = page.data_size;
  // A record may go on at the ring's start.
  uint64_t words[8]{};
  const auto copy = [&](size_t bytes) {
    for (size_t i = 0; i < bytes; i += sizeof(uint64_t))
      std::memcpy(&words[i / sizeof(uint64_t)], data + (tail_ + i) % size, sizeof(uint64_t));
  };
  copy(sizeof(perf_event_header));
  perf_event_header header;
  std::memcpy(&header, words, sizeof header);
  if (header.size < sizeof header) return Next::none;  // not a record: nothing behind it could be trusted
  copy(std::min<size_t>(header.size, sizeof words));
  tail_ += header.size;
  if (header.type == PERF_RECORD_LOST) {
    lost = words[2];  // behind the header: id, lost
    return Next::lost;
  }
  if (header.type != PERF_RECORD_SWITCH) return Next::other;
  record.time_ns = words[1];
  record.kind = (header.misc & PERF_RECORD_MISC_SWITCH_OUT) == 0           ? wire::SwitchKind::in
                : (header.misc & PERF_RECORD_MISC_SWITCH_OUT_PREEMPT) != 0 ? wire::SwitchKind::preempted
                                                                           : wire::SwitchKind::blocked;
  return Next::record;
}

}  // namespace fdscope
