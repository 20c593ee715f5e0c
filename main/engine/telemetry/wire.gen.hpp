// Written by `npm run wire` from shared/telemetry/wire.ts. Do not edit: change that file and run it again.
// clang-format off

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace fdscope::wire {

inline constexpr std::uint16_t version = 1;
/// Bytes before every payload: u32 payload length, u16 kind, u16 version, little-endian.
inline constexpr std::size_t frame_header_bytes = 8;
inline constexpr std::size_t max_payload_bytes = 1048576;
inline constexpr unsigned frame_interval_ms = 50;
/// Most step markers over all models.
inline constexpr std::size_t max_steps = 256;

/// Kinds of frame.
enum class FrameKind : std::uint16_t {
  ready = 1,
  heartbeat = 2,
  counters = 3,
  thread_started = 4,
  threads = 5,
  latency = 6,
  notice = 7,
  reply = 8,
  finished = 9,
  mark = 10,
  model = 11,
  opened = 12,
  fd_states = 13,
  thread_states = 14,
  switches = 15,
  events = 16,
  finding = 17,
  fd_shares = 18,
  bench = 19,
  machine = 20,
};

/// Counters of each thread; they add up.
enum class Counter : std::uint16_t {
  requests = 0,
  bytes_in = 1,
  bytes_out = 2,
  eagain = 3,
  wakeups = 4,
  ready_events = 5,
  accepts = 6,
  closes = 7,
  upstream_connects = 8,
  coroutine_switches = 9,
  coroutines_created = 10,
  error_connect = 11,
  error_refused = 12,
  error_reset = 13,
  error_timeout = 14,
  error_protocol = 15,
  error_mismatch = 16,
  error_fd_limit = 17,
  error_select_range = 18,
  error_upstream = 19,
  error_other = 20,
  cpu_user_ns = 21,
  cpu_system_ns = 22,
  voluntary_switches = 23,
  involuntary_switches = 24,
  connects_started = 25,
  connects_done = 26,
  requests_sent = 27,
  on_cpu_ns = 28,
  blocked_ns = 29,
  preempted_ns = 30,
  recorded_blocked = 31,
  recorded_preempted = 32,
  events_dropped = 33,
  switches_lost = 34,
  error_reply = 35,
  status2xx = 36,
  status3xx = 37,
  status4xx = 38,
  status5xx = 39,
  interim_replies = 40,
  requests_due = 41,
  requests_due_sent = 42,
  late_ns = 43,
  server_closes = 44,
  closed_early = 45,
  requests_retried = 46,
  timeout_connect = 47,
  timeout_first_byte = 48,
  timeout_reply = 49,
  timeout_closing = 50,
};

inline constexpr std::size_t counter_count = 51;
/// As the TypeScript side and `--json` spell them.
inline constexpr std::array<const char*, counter_count> counter_names = {
  "requests",
  "bytesIn",
  "bytesOut",
  "eagain",
  "wakeups",
  "readyEvents",
  "accepts",
  "closes",
  "upstreamConnects",
  "coroutineSwitches",
  "coroutinesCreated",
  "errorConnect",
  "errorRefused",
  "errorReset",
  "errorTimeout",
  "errorProtocol",
  "errorMismatch",
  "errorFdLimit",
  "errorSelectRange",
  "errorUpstream",
  "errorOther",
  "cpuUserNs",
  "cpuSystemNs",
  "voluntarySwitches",
  "involuntarySwitches",
  "connectsStarted",
  "connectsDone",
  "requestsSent",
  "onCpuNs",
  "blockedNs",
  "preemptedNs",
  "recordedBlocked",
  "recordedPreempted",
  "eventsDropped",
  "switchesLost",
  "errorReply",
  "status2xx",
  "status3xx",
  "status4xx",
  "status5xx",
  "interimReplies",
  "requestsDue",
  "requestsDueSent",
  "lateNs",
  "serverCloses",
  "closedEarly",
  "requestsRetried",
  "timeoutConnect",
  "timeoutFirstByte",
  "timeoutReply",
  "timeoutClosing",
};

/// States of the process; they do not add up.
enum class Gauge : std::uint16_t {
  rss_bytes = 0,
  threads = 1,
  open_fds = 2,
  open_connections = 3,
  accept_queue = 4,
  accept_backlog = 5,
  listen_overflows = 6,
  ring_bytes = 7,
  detail_level = 8,
  records_switches = 9,
};

inline constexpr std::size_t gauge_count = 10;
/// As the TypeScript side spells them.
inline constexpr std::array<const char*, gauge_count> gauge_names = {
  "rssBytes",
  "threads",
  "openFds",
  "openConnections",
  "acceptQueue",
  "acceptBacklog",
  "listenOverflows",
  "ringBytes",
  "detailLevel",
  "recordsSwitches",
};

/// System calls of the traced wrappers.
enum class Syscall : std::uint16_t {
  read = 0,
  write = 1,
  readv = 2,
  writev = 3,
  recvfrom = 4,
  sendto = 5,
  accept4 = 6,
  connect = 7,
  socket = 8,
  bind = 9,
  listen = 10,
  close = 11,
  shutdown = 12,
  setsockopt = 13,
  getsockopt = 14,
  getsockname = 15,
  fcntl = 16,
  pselect6 = 17,
  poll = 18,
  epoll_create1 = 19,
  epoll_ctl = 20,
  epoll_wait = 21,
  epoll_pwait2 = 22,
  eventfd2 = 23,
  clock_nanosleep = 24,
  rt_sigtimedwait = 25,
  rt_sigprocmask = 26,
  io_uring_setup = 27,
  io_uring_enter = 28,
  io_uring_register = 29,
  clone = 30,
  clone3 = 31,
  wait4 = 32,
  kill = 33,
  futex = 34,
  sched_yield = 35,
  mmap = 36,
  munmap = 37,
  mprotect = 38,
  getpeername = 39,
};

inline constexpr std::size_t syscall_count = 40;
/// As strace names them on x86-64.
inline constexpr std::array<const char*, syscall_count> syscall_names = {
  "read",
  "write",
  "readv",
  "writev",
  "recvfrom",
  "sendto",
  "accept4",
  "connect",
  "socket",
  "bind",
  "listen",
  "close",
  "shutdown",
  "setsockopt",
  "getsockopt",
  "getsockname",
  "fcntl",
  "pselect6",
  "poll",
  "epoll_create1",
  "epoll_ctl",
  "epoll_wait",
  "epoll_pwait2",
  "eventfd2",
  "clock_nanosleep",
  "rt_sigtimedwait",
  "rt_sigprocmask",
  "io_uring_setup",
  "io_uring_enter",
  "io_uring_register",
  "clone",
  "clone3",
  "wait4",
  "kill",
  "futex",
  "sched_yield",
  "mmap",
  "munmap",
  "mprotect",
  "getpeername",
};

/// What went wrong.
enum class ErrorKind : std::uint8_t {
  connect = 0,
  refused = 1,
  reset = 2,
  timeout = 3,
  protocol = 4,
  mismatch = 5,
  fd_limit = 6,
  select_range = 7,
  upstream = 8,
  other = 9,
  reply = 10,
};

inline constexpr std::size_t error_count = 11;
/// As the TypeScript side and `--json` spell them.
inline constexpr std::array<const char*, error_count> error_names = {
  "connect",
  "refused",
  "reset",
  "timeout",
  "protocol",
  "mismatch",
  "fdLimit",
  "selectRange",
  "upstream",
  "other",
  "reply",
};

/// The counter in which errors of this kind are added up.
constexpr Counter counter_of(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::connect: return Counter::error_connect;
    case ErrorKind::refused: return Counter::error_refused;
    case ErrorKind::reset: return Counter::error_reset;
    case ErrorKind::timeout: return Counter::error_timeout;
    case ErrorKind::protocol: return Counter::error_protocol;
    case ErrorKind::mismatch: return Counter::error_mismatch;
    case ErrorKind::fd_limit: return Counter::error_fd_limit;
    case ErrorKind::select_range: return Counter::error_select_range;
    case ErrorKind::upstream: return Counter::error_upstream;
    case ErrorKind::other: return Counter::error_other;
    case ErrorKind::reply: return Counter::error_reply;
  }
  // A value outside the enum: counting it beats losing it.
  return Counter::error_other;
}

/// The moment a latency was measured from.
enum class LatencyKind : std::uint8_t {
  uncorrected = 0,
  corrected = 1,
};

/// Whose latencies a histogram has; 0 is everybody.
enum class ProfileNumber : std::uint8_t {
  closed = 1,
  rate = 2,
  idle = 3,
  slow_writer = 4,
  slow_reader = 5,
  churn = 6,
  burst = 7,
  half_close = 8,
  reset = 9,
};

/// What clients do where they are not told otherwise.
struct ProfileDefaults {
  std::uint32_t rate;
  std::uint32_t think_ms;
  std::uint32_t pipeline;
  std::uint32_t interval_ms;
  std::uint32_t chunk_bytes;
  std::uint32_t receive_buffer_bytes;
};
/// By profile, in the order of their numbers, from 1 on.
inline constexpr std::array<ProfileDefaults, 9> profile_defaults = {{
  {1000, 0, 1, 20, 1024, 0},  // closed
  {1000, 0, 1, 20, 1024, 0},  // rate
  {1000, 0, 1, 20, 1024, 0},  // idle
  {1000, 0, 1, 50, 1, 0},  // slow_writer
  {1000, 0, 1, 20, 1024, 4096},  // slow_reader
  {1000, 0, 1, 20, 1024, 0},  // churn
  {1000, 0, 1, 1000, 1024, 0},  // burst
  {1000, 0, 1, 20, 1024, 0},  // half_close
  {1000, 0, 1, 10, 1024, 0},  // reset
}};

/// How much is recorded.
enum class DetailLevel : std::uint8_t {
  counters = 0,
  fds = 1,
  events = 2,
};

inline constexpr std::size_t detail_level_count = 3;
/// As commands spell them.
inline constexpr std::array<const char*, detail_level_count> detail_level_names = {
  "counters",
  "fds",
  "events",
};

/// What a socket is to its server.
enum class FdRole : std::uint8_t {
  listener = 0,
  client = 1,
  upstream = 2,
};

/// Bits of an fd's record.
namespace fd_flag {
inline constexpr std::uint16_t opened = 1;
inline constexpr std::uint16_t reported_readable = 2;
inline constexpr std::uint16_t reported_writable = 4;
inline constexpr std::uint16_t read = 8;
inline constexpr std::uint16_t wrote = 16;
inline constexpr std::uint16_t eagain = 32;
inline constexpr std::uint16_t accepted = 64;
inline constexpr std::uint16_t error = 128;
inline constexpr std::uint16_t closed = 256;
inline constexpr std::uint16_t waiting = 512;
inline constexpr std::uint16_t blocked = 1024;
inline constexpr std::uint16_t write_blocked = 2048;
inline constexpr std::uint16_t queues_known = 4096;
}  // namespace fd_flag

/// What a socket can be in.
enum class Share : std::uint8_t {
  idle = 0,
  unsure = 1,
  waiting = 2,
  reported = 3,
  serving = 4,
  in_vain = 5,
  write_blocked = 6,
  unknown = 7,
};

inline constexpr std::size_t share_count = 8;

inline constexpr std::size_t lab_thread_count = 3;
/// Threads that are the lab's own.
inline constexpr std::array<const char*, lab_thread_count> lab_thread_names = {
  "telemetry",
  "commands",
  "supervisor",
};

/// What a thread does.
enum class ThreadState : std::uint8_t {
  unknown = 0,
  running = 1,
  ready = 2,
  blocked = 3,
  sleeping = 4,
};

/// Context switches of a thread.
enum class SwitchKind : std::uint8_t {
  in = 0,
  blocked = 1,
  preempted = 2,
};

/// What an event record tells.
enum class EventKind : std::uint16_t {
  syscall = 1,
  ready = 2,
  step = 3,
  accepted = 4,
  closed = 5,
  coroutine_created = 6,
  coroutine_ran = 7,
  timer_set = 8,
  timer_fired = 9,
  handled = 10,
};

/// Bits of a readiness report.
namespace readiness {
inline constexpr std::uint16_t readable = 1;
inline constexpr std::uint16_t writable = 2;
inline constexpr std::uint16_t error = 4;
inline constexpr std::uint16_t hangup = 8;
inline constexpr std::uint16_t completion = 16;
}  // namespace readiness

/// What a coroutine waits for when it yields.
enum class Await : std::uint16_t {
  read = 0,
  write = 1,
  connect = 2,
  timer = 3,
  nothing = 4,
};

/// Bytes of one record.
namespace record_bytes {
inline constexpr std::size_t opened = 56;
inline constexpr std::size_t fd_state = 32;
inline constexpr std::size_t thread_state = 24;
inline constexpr std::size_t switch_ = 16;
inline constexpr std::size_t event = 32;
inline constexpr std::size_t fd_share = 40;
}  // namespace record_bytes

/// Where no system call, or no fd, belongs to a record.
inline constexpr std::uint16_t no_syscall = 65535;
inline constexpr std::int32_t no_fd = -1;

}  // namespace fdscope::wire
