#include "bench/rings.hpp"

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "bench/loopback.hpp"

namespace fdscope::bench {

namespace {

struct Ring {
  int fd = -1;
  io_uring_params parameters{};
  char* queues = nullptr;
  size_t queue_bytes = 0;
  io_uring_sqe* entries = nullptr;
  unsigned prepared = 0;  // written and not handed over

  uint32_t* word(uint32_t offset) const { return reinterpret_cast<uint32_t*>(queues + offset); }
};

struct Operation {
  bool is_used;
  int32_t tag;
  bool receives;
};

// An actor is a thread, and its rings are its own.
thread_local Ring rings[4];
thread_local Operation operations[ring_buffers];

Ring* ring_of(int fd) {
  if (fd < 0) return nullptr;
  const auto found = std::find_if(std::begin(rings), std::end(rings), [fd](const Ring& ring) { return ring.fd == fd; });
  return found == std::end(rings) ? nullptr : found;
}

void drop(Ring& ring) {
  if (ring.queues != nullptr) ::munmap(ring.queues, ring.queue_bytes);
  if (ring.entries != nullptr) ::munmap(ring.entries, ring.parameters.sq_entries * sizeof(io_uring_sqe));
  ring = {};
}

void* map(int fd, size_t bytes, uint64_t offset) {
  void* at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, static_cast<off_t>(offset));
  return at == MAP_FAILED ? nullptr : at;
}

void fail(Reply& reply, int error) {
  reply.result = -1;
  reply.error = error;
}

// A send gives a datagram socket its address, as the call does. Which socket it is of is settled when it is handed
// over.
void keep_sends_on_loopback(const Ring& ring) {
  const uint32_t tail = *ring.word(ring.parameters.sq_off.tail);
  for (uint32_t at = tail - ring.prepared; at != tail; ++at) {
    const io_uring_sqe& entry = ring.entries[at & (ring.parameters.sq_entries - 1)];
    if (entry.opcode == IORING_OP_SEND) keep_on_loopback(entry.fd, SOCK_DGRAM);
  }
}

int enter(int fd, unsigned hand_over, unsigned wait_for) {
  return static_cast<int>(
      ::syscall(SYS_io_uring_enter, fd, hand_over, wait_for, wait_for > 0 ? IORING_ENTER_GETEVENTS : 0, nullptr, 0));
}

}  // namespace

void ring_forget(int fd) {
  if (Ring* ring = ring_of(fd)) drop(*ring);
}

void ring_setup(unsigned entries, Reply& reply) {
  io_uring_params parameters{};
  const int fd = static_cast<int>(::syscall(SYS_io_uring_setup, entries, &parameters));
  if (fd < 0) return fail(reply, errno);
  ring_forget(fd);  // of a descriptor that was closed by another actor
  const auto place = std::find_if(std::begin(rings), std::end(rings), [](const Ring& ring) { return ring.fd < 0; });
  Ring ring;
  ring.fd = fd;
  ring.parameters = parameters;
  ring.queue_bytes = std::max<size_t>(parameters.sq_off.array + parameters.sq_entries * sizeof(uint32_t),
                                      parameters.cq_off.cqes + parameters.cq_entries * sizeof(io_uring_cqe));
  if (place != std::end(rings)) {
    ring.queues = static_cast<char*>(map(fd, ring.queue_bytes, IORING_OFF_SQ_RING));
    ring.entries = static_cast<io_uring_sqe*>(map(fd, parameters.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES));
  }
  if (ring.queues == nullptr || ring.entries == nullptr) {
    const int error = place == std::end(rings) ? EMFILE : ENOMEM;
    drop(ring);
    ::close(fd);
    return fail(reply, error);
  }
  *place = ring;
  reply.result = fd;
}

void ring_prepare(ActorSlot& slot) {
  const Request& request = slot.request;
  Ring* ring = ring_of(request.fd);
  const auto free = std::find_if(std::begin(operations), std::end(operations),
                                 [](const Operation& operation) { return !operation.is_used; });
  // No kernel is asked here, so these are the answers that it would give.
  if (ring == nullptr) return fail(slot.reply, EBADF);
  const uint32_t head = __atomic_load_n(ring->word(ring->parameters.sq_off.head), __ATOMIC_ACQUIRE);
  uint32_t& tail = *ring->word(ring->parameters.sq_off.tail);
  if (free == std::end(operations) || tail - head >= ring->parameters.sq_entries) return fail(slot.reply, EBUSY);
  const auto index = static_cast<size_t>(free - operations);
  *free = {true, request.timeout_ms, request.a == 2};
  const uint32_t place = tail & (ring->parameters.sq_entries - 1);
  io_uring_sqe& entry = ring->entries[place];
  entry = {};
  static constexpr uint8_t codes[] = {IORING_OP_NOP, IORING_OP_ACCEPT, IORING_OP_RECV, IORING_OP_SEND};
  entry.opcode = codes[request.a];
  entry.fd = request.b;
  entry.user_data = index;
  if (request.a >= 2) {
    entry.addr = reinterpret_cast<uint64_t>(slot.ring_memory[index]);
    entry.len = static_cast<uint32_t>(request.c);
    if (request.a == 3) std::memcpy(slot.ring_memory[index], slot.sent, static_cast<size_t>(request.c));
  }
  ring->word(ring->parameters.sq_off.array)[place] = place;
  __atomic_store_n(&tail, tail + 1, __ATOMIC_RELEASE);
  ++ring->prepared;
  slot.reply.result = 0;
}

void ring_submit(int fd, Reply& reply) {
  Ring* ring = ring_of(fd);
  if (ring != nullptr) keep_sends_on_loopback(*ring);
  const int n = enter(fd, ring == nullptr ? 0 : ring->prepared, 0);
  if (n < 0) return fail(reply, errno);
  if (ring != nullptr) ring->prepared -= std::min(ring->prepared, static_cast<unsigned>(n));
  reply.result = n;
}

void ring_wait(ActorSlot& slot) {
  Reply& reply = slot.reply;
  Ring* ring = ring_of(slot.request.fd);
  const int n = enter(slot.request.fd, 0, 1);
  if (n < 0) return fail(reply, errno);
  reply.result = 0;
  if (ring == nullptr) return;
  uint32_t& head = *ring->word(ring->parameters.cq_off.head);
  if (head == __atomic_load_n(ring->word(ring->parameters.cq_off.tail), __ATOMIC_ACQUIRE)) return;
  const auto* completions = reinterpret_cast<const io_uring_cqe*>(ring->queues + ring->parameters.cq_off.cqes);
  const io_uring_cqe done = completions[head & (ring->parameters.cq_entries - 1)];
  __atomic_store_n(&head, head + 1, __ATOMIC_RELEASE);
  if (done.user_data >= ring_buffers) return;
  Operation& operation = operations[done.user_data];
  reply.has_completion = true;
  reply.value = operation.tag;
  reply.value2 = done.res;
  if (operation.receives && done.res > 0) {
    reply.data_bytes = static_cast<uint32_t>(done.res);
    std::memcpy(slot.received, slot.ring_memory[done.user_data], reply.data_bytes);
  }
  operation = {};
}

}  // namespace fdscope::bench
