#include "sys/uring_probe.hpp"

#include <fcntl.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "sys/clock.hpp"
#include "sys/fd.hpp"

namespace fdscope {

namespace {

constexpr uint64_t patience_ns = 2'000'000'000;

// By number, so that headers older than the kernel will do. Multishot accept came with the socket operation (5.19) and
// multishot receive with the zero-copy send (6.0): the kernel tells of operations but not of flags.
constexpr unsigned op_socket = 45, op_send_zero_copy = 47;
constexpr unsigned setup_single_issuer = 1u << 12, setup_defer_taskrun = 1u << 13;
constexpr unsigned register_probe = 8, register_buffer_ring = 22;
constexpr size_t ring_buffers = 8;

struct BufferRing {
  uint64_t address;
  uint32_t entries;
  uint16_t group, flags;
  uint64_t reserved[3];
};

enum Feature : uint32_t {
  multishot_accept = 1,
  multishot_receive = 2,
  buffer_ring = 4,
  single_issuer = 8,
  defer_taskrun = 16,
};
constexpr uint32_t needed = multishot_accept | multishot_receive | buffer_ring;
constexpr std::pair<Feature, const char*> feature_names[] = {
    {multishot_accept, "multishotAccept"}, {multishot_receive, "multishotReceive"}, {buffer_ring, "bufferRing"},
    {single_issuer, "singleIssuer"},       {defer_taskrun, "deferTaskrun"},
};

// What the child found out.
struct Finding {
  int32_t error;  // of io_uring_setup, 0 where it works
  uint32_t features;
};

Fd ring_with(unsigned flags) {
  io_uring_params parameters{};
  parameters.flags = flags;
  return Fd{static_cast<int>(syscall(SYS_io_uring_setup, 4, &parameters))};
}

Finding look() {
  const Fd ring = ring_with(0);
  if (!ring) return {errno, 0};
  uint32_t features = 0;
  constexpr unsigned operations = 64;
  alignas(io_uring_probe) uint8_t memory[sizeof(io_uring_probe) + operations * sizeof(io_uring_probe_op)]{};
  auto* probe = reinterpret_cast<io_uring_probe*>(memory);
  if (syscall(SYS_io_uring_register, ring.get(), register_probe, probe, operations) == 0) {
    const auto has = [&](unsigned op) {
      return op <= probe->last_op && (probe->ops[op].flags & IO_URING_OP_SUPPORTED) != 0;
    };
    if (has(op_socket)) features |= multishot_accept;
    if (has(op_send_zero_copy)) features |= multishot_receive;
  }
  const size_t ring_bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* buffers = mmap(nullptr, ring_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (buffers != MAP_FAILED) {
    BufferRing description{reinterpret_cast<uintptr_t>(buffers), ring_buffers, 0, 0, {}};
    if (syscall(SYS_io_uring_register, ring.get(), register_buffer_ring, &description, 1) == 0) features |= buffer_ring;
  }
  if (ring_with(setup_single_issuer)) features |= single_issuer;
  if (ring_with(setup_single_issuer | setup_defer_taskrun)) features |= defer_taskrun;
  return {0, features};
}

// The sysctl kernel.io_uring_disabled (Linux 6.6): 0 for all, 1 for the privileged, 2 for nobody. -1: there is none.
int disabled_setting() {
  const Fd fd{::open("/proc/sys/kernel/io_uring_disabled", O_RDONLY | O_CLOEXEC)};
  char digit = 0;
  return fd && ::read(fd.get(), &digit, 1) == 1 && digit >= '0' && digit <= '2' ? digit - '0' : -1;
}

UringProbe refused(int error) {
  const std::string sandbox =
      "a container profile that lets io_uring through, e.g. docker run --security-opt seccomp=unconfined";
  switch (error) {
    case EPERM:
      if (const int setting = disabled_setting(); setting > 0)
        return {false,
                "io_uring is switched off for " + std::string(setting == 2 ? "all" : "unprivileged users") +
                    " (kernel.io_uring_disabled is " + std::to_string(setting) + ").",
                "sudo sysctl kernel.io_uring_disabled=0"};
      return {false, "A sandbox refuses io_uring_setup (EPERM).", sandbox};
    case ENOSYS:
      return {false, "This kernel or its sandbox has no io_uring (ENOSYS).", "Linux 6.0 or newer, or " + sandbox};
    case ENOMEM: return {false, "No memory may be locked for a ring (ENOMEM).", "ulimit -l unlimited"};
    default: return {false, std::string("io_uring_setup fails: ") + std::strerror(error) + ".", ""};
  }
}

// Reads the finding. False where the child said nothing before it ended or time was up.
bool await_finding(int pipe, Finding& finding) {
  const uint64_t end_ns = now_ns() + patience_ns;
  for (;;) {
    const uint64_t now = now_ns();
    pollfd wanted{pipe, POLLIN, 0};
    const int ready = ::poll(&wanted, 1, now < end_ns ? static_cast<int>((end_ns - now) / 1'000'000) : 0);
    if (ready < 0 && errno == EINTR) continue;
    return ready == 1 && ::read(pipe, &finding, sizeof finding) == sizeof finding;
  }
}

}  // namespace

UringProbe probe_uring() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return {false, std::string("No pipe for a probe: ") + std::strerror(errno) + ".", ""};
  const Fd from_child{ends[0]};
  Fd to_parent{ends[1]};
  const pid_t child = ::fork();
  if (child < 0) return {false, std::string("No process for a probe: ") + std::strerror(errno) + ".", ""};
  if (child == 0) {
    const Finding finding = look();
    _exit(::write(to_parent.get(), &finding, sizeof finding) == sizeof finding ? 0 : 1);
  }
  to_parent.reset();
  Finding finding{};
  const bool told = await_finding(from_child.get(), finding);
  if (!told) ::kill(child, SIGKILL);  // one that was killed already does not mind
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!told) {
    const bool by_sandbox = WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL;
    return {false,
            by_sandbox ? "A sandbox kills programs that call io_uring_setup (" +
                             std::string(strsignal(WTERMSIG(status))) + ")."
                       : "io_uring_setup did not return, or the process was killed for it.",
            "a container profile that lets io_uring through"};
  }
  if (finding.error != 0) return refused(finding.error);
  UringProbe result;
  result.available = (finding.features & needed) == needed;
  for (const auto& [feature, name] : feature_names)
    if ((finding.features & feature) != 0) result.features.emplace_back(name);
  if (!result.available) {
    result.reason = "This kernel's io_uring is too old: it lacks multishot accept, multishot receive or buffer rings.";
    result.enable = "Linux 6.0 or newer";
  }
  return result;
}

}  // namespace fdscope
