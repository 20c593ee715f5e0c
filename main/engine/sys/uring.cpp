#include "sys/uring.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "sys/calls.hpp"
#include "sys/clock.hpp"

namespace fdscope {

namespace {

// By number where headers of Linux 5.15 do not have them.
constexpr unsigned setup_submit_all = 1u << 7, setup_coop_taskrun = 1u << 8, setup_single_issuer = 1u << 12,
                   setup_defer_taskrun = 1u << 13;
constexpr unsigned register_buffer_ring = 22, unregister_buffer_ring = 23;

// A multishot operation reports many times, so more completions than submissions are under way. What does not fit the
// kernel keeps aside (IORING_FEAT_NODROP), but that is slower and ends multishot operations.
constexpr unsigned completions_per_entry = 8;

// How often an enter that the kernel refuses for want of memory is tried again.
constexpr int most_tries = 1000;

struct BufferRingDescription {
  uint64_t address;
  uint32_t entries;
  uint16_t group, flags;
  uint64_t reserved[3];
};

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

uint32_t acquire(const uint32_t* at) { return __atomic_load_n(at, __ATOMIC_ACQUIRE); }
void release(uint32_t* at, uint32_t value) { __atomic_store_n(at, value, __ATOMIC_RELEASE); }

// Asks for the best that this kernel knows: it refuses flags that it does not (EINVAL).
int set_up(unsigned entries, io_uring_params& parameters) {
  int fd = -1;
  for (const unsigned flags : {setup_single_issuer | setup_defer_taskrun, setup_coop_taskrun, 0u}) {
    parameters = {};
    parameters.flags = flags | setup_submit_all | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
    parameters.cq_entries = entries * completions_per_entry;
    fd = sys::io_uring_setup(entries, &parameters);
    if (fd >= 0 || errno != EINVAL) break;
  }
  if (fd < 0) fail("io_uring_setup");
  return fd;
}

size_t queue_bytes(const io_uring_params& p) {
  return std::max<size_t>(p.sq_off.array + p.sq_entries * sizeof(uint32_t),
                          p.cq_off.cqes + p.cq_entries * sizeof(io_uring_cqe));
}

}  // namespace

Mapping::Mapping(size_t bytes, int fd, uint64_t offset) : bytes_(bytes) {
  telemetry::count(wire::Syscall::mmap);
  const int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED | MAP_POPULATE;
  memory_ = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, fd, static_cast<off_t>(offset));
  if (memory_ == MAP_FAILED) fail("no memory for a ring");
}

Mapping::~Mapping() {
  telemetry::count(wire::Syscall::munmap);
  ::munmap(memory_, bytes_);
}

Uring::Uring(unsigned entries)
    : fd_(set_up(entries, parameters_)),
      // Both queues are one mapping (IORING_FEAT_SINGLE_MMAP, Linux 5.4).
      queues_(queue_bytes(parameters_), fd_.get(), IORING_OFF_SQ_RING),
      entry_memory_(parameters_.sq_entries * sizeof(io_uring_sqe), fd_.get(), IORING_OFF_SQES),
      entries_(entry_memory_.at<io_uring_sqe>(0)) {
  const auto& sq = parameters_.sq_off;
  const auto& cq = parameters_.cq_off;
  submit_head_ = queues_.at<uint32_t>(sq.head);
  submit_tail_ = queues_.at<uint32_t>(sq.tail);
  submit_mask_ = *queues_.at<uint32_t>(sq.ring_mask);
  done_head_ = queues_.at<uint32_t>(cq.head);
  done_tail_ = queues_.at<uint32_t>(cq.tail);
  done_mask_ = *queues_.at<uint32_t>(cq.ring_mask);
  completions_ = queues_.at<io_uring_cqe>(cq.cqes);
  // The queue names entries by number; here place n is always entry n.
  for (uint32_t i = 0; i < parameters_.sq_entries; ++i) queues_.at<uint32_t>(sq.array)[i] = i;
}

Uring::~Uring() { sys::close(fd_.release()); }

io_uring_sqe& Uring::prepare(uint8_t opcode, int fd, uint64_t tag) {
  for (int tries = 0; tail_ - acquire(submit_head_) > submit_mask_; ++tries)
    if (enter(0, never) < 0 && tries == most_tries) fail("io_uring_enter");
  io_uring_sqe& entry = entries_[tail_++ & submit_mask_];
  std::memset(&entry, 0, sizeof entry);
  entry.opcode = opcode;
  entry.fd = fd;
  entry.user_data = tag;
  return entry;
}

void Uring::wait(uint64_t until_ns, unsigned certain) {
  if (certain > 0) until_ns = std::min(until_ns, now_ns() + patience_ns);
  for (int tries = 0; enter(1 + certain, until_ns) < 0; ++tries) {
    if (errno == ETIME || errno == EINTR) break;
    // EAGAIN and EBUSY: no memory just now, or completions must be taken out first, which the caller is about to do.
    if (acquire(done_tail_) != head_) break;
    if ((errno != EAGAIN && errno != EBUSY) || tries == most_tries) fail("io_uring_enter");
  }
  ready_ = acquire(done_tail_) - head_;
  sys::woke(static_cast<int>(ready_));
}

int Uring::enter(unsigned wait_for, uint64_t until_ns) {
  release(submit_tail_, tail_);
  const unsigned submit = tail_ - acquire(submit_head_);
  timespec timeout{};
  io_uring_getevents_arg argument{};
  if (until_ns != never) {
    const uint64_t now = now_ns();
    timeout = to_timespec(until_ns > now ? until_ns - now : 0);
    argument.ts = reinterpret_cast<uintptr_t>(&timeout);
  }
  static_assert(sizeof(timespec) == sizeof(__kernel_timespec), "the kernel reads two 64-bit numbers");
  const unsigned flags = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG;
  return sys::io_uring_enter(fd_.get(), submit, wait_for, flags, &argument, sizeof argument);
}

std::optional<Completion> Uring::next() {
  if (ready_ == 0) return std::nullopt;
  --ready_;
  const io_uring_cqe& entry = completions_[head_ & done_mask_];
  const Completion done{entry.user_data, entry.res, entry.flags};
  release(done_head_, ++head_);
  return done;
}

BufferRing::BufferRing(Uring& ring, uint16_t group, uint32_t count, uint32_t bytes)
    : ring_(ring),
      group_(group),
      count_(count),
      bytes_(bytes),
      table_memory_(count * sizeof(Entry), -1, 0),
      memory_(size_t{count} * bytes, -1, 0),
      table_(table_memory_.at<Entry>(0)) {
  static_assert(sizeof(Entry) == 16, "as the kernel lays it out");
  BufferRingDescription description{reinterpret_cast<uintptr_t>(table_), count, group, 0, {}};
  if (sys::io_uring_register(ring.fd(), register_buffer_ring, &description, 1) != 0) fail("io_uring's buffer ring");
  for (uint32_t i = 0; i < count; ++i) give_back(static_cast<uint16_t>(i));
}

BufferRing::~BufferRing() {
  BufferRingDescription description{0, 0, group_, 0, {}};
  // Cannot fail for a group that was registered; the ring is about to go anyhow.
  sys::io_uring_register(ring_.fd(), unregister_buffer_ring, &description, 1);
}

void BufferRing::give_back(uint16_t buffer) {
  Entry& entry = table_[tail_ & (count_ - 1)];
  entry.address = reinterpret_cast<uintptr_t>(at(buffer));
  entry.bytes = bytes_;
  entry.buffer = buffer;
  __atomic_store_n(&table_[0].tail, ++tail_, __ATOMIC_RELEASE);
}

}  // namespace fdscope
