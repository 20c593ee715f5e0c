#include "sys/perf_switches.hpp"

#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "sys/fd.hpp"

namespace fdscope {

namespace {

constexpr size_t most_pages = 64, most_ring_bytes = 32u << 20;
// Of what is left, each new ring may take so much: a larger share out of the first part.
constexpr size_t first_part = 8, first_share = 16, later_share = 512;

size_t page_bytes() {
  static const auto bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

perf_event_mmap_page& page_of(uint8_t* memory) { return *reinterpret_cast<perf_event_mmap_page*>(memory); }

// Bytes that the kernel lets this user lock for perf: kernel.perf_event_mlock_kb for each core, and RLIMIT_MEMLOCK; of
// what is nearly unlimited, a part that is plenty.
size_t allowance() {
  if (geteuid() == 0) return most_ring_bytes;
  std::ifstream file("/proc/sys/kernel/perf_event_mlock_kb");
  size_t kib = 0;
  file >> kib;
  rlimit limit{};
  size_t bytes = kib * 1024 * static_cast<size_t>(std::max(1l, sysconf(_SC_NPROCESSORS_ONLN)));
  if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0) bytes += std::min<size_t>(limit.rlim_cur, most_ring_bytes);
  return std::min(bytes, most_ring_bytes);
}

// Of the next ring: the first threads, which may be all there are, get large ones; where many share the cores, each of
// them switches less often.
size_t next_ring_pages(size_t allowed, size_t used) {
  const size_t left = allowed > used ? allowed - used : 0;
  const size_t share = used < allowed / first_part ? first_share : later_share;
  return std::clamp<size_t>(std::bit_floor(left / share / page_bytes()), 1, most_pages);
}

// Its pages and one for its head.
size_t ring_bytes(size_t pages) { return (pages + 1) * page_bytes(); }

}  // namespace

void PerfMemory::begin() { allowed_.store(allowance()); }

bool PerfMemory::reserve(size_t bytes) {
  if (used_.fetch_add(bytes) + bytes <= allowed_.load()) return true;
  used_.fetch_sub(bytes);
  return false;
}

std::unique_ptr<PerfSwitches> PerfMemory::open(int32_t tid, int& error, bool& is_memory) {
  for (size_t pages = next_ring_pages(allowed_.load(), used_.load()); pages > 0; pages /= 2) {
    is_memory = true;
    if (!reserve(ring_bytes(pages))) continue;
    auto ring = PerfSwitches::open(tid, pages, error, is_memory);
    if (ring != nullptr) return ring;
    used_.fetch_sub(ring_bytes(pages));
    if (!is_memory) break;
  }
  return nullptr;
}

void PerfMemory::give_back(std::unique_ptr<PerfSwitches> ring) {
  if (ring != nullptr) used_.fetch_sub(ring->bytes());
}

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
  const size_t bytes = ring_bytes(pages);
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
