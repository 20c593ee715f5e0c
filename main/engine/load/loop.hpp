// One thread of clients: an epoll loop that connects, sends, checks and measures.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <queue>
#include <random>
#include <vector>

#include "load/histogram.hpp"
#include "load/load_settings.hpp"
#include "load/traffic.hpp"
#include "sys/fd.hpp"
#include "telemetry/frame_writer.hpp"
#include "telemetry/wire.gen.hpp"

namespace fdscope {

// What all loops share with the thread that directs them.
struct LoadState {
  std::atomic<bool> measuring{false};  // between the marks `steady` and `loadDone`
  std::atomic<bool> stopping{false};
  std::atomic<uint32_t> tried{0};     // connections whose first attempt is over, well or not
  std::atomic<uint64_t> measured{0};  // replies verified while measuring
};

struct LatencyPair {
  Histogram uncorrected, corrected;
};

class LoadLoop {
 public:
  // `index` of `count` loops: takes its part of each profile's connections.
  LoadLoop(const LoadSettings& settings, LoadState& state, telemetry::FrameWriter& writer, uint32_t index,
           uint32_t count);
  void run();
  LatencyPair total;  // to be read when run() has returned

 private:
  enum class Phase : uint8_t { absent, connecting, resting, busy, closing };
  struct Flight {
    uint64_t number, intended_ns, sent_ns;
  };
  struct Group {  // the connections of one profile in this loop
    const ClientSettings* settings;
    std::vector<uint32_t> resting;  // rate: connections free to take the next request
    std::deque<uint64_t> due;       // rate: intended times that found no free connection
    double next_ns = 0, gap_ns = 0;
  };
  struct Client {
    int fd = -1;
    Group* group = nullptr;
    uint32_t index = 0, serial = 0;  // serial: which life of this client a timer belongs to
    uint32_t watched = 0, failures = 0;
    Phase phase = Phase::absent;
    bool tried = false, checking = false;
    size_t written = 0;          // bytes of `out` that are with the kernel
    std::vector<uint8_t> out;    // requests not yet wholly written
    std::deque<Flight> flights;  // sent, reply awaited, oldest first
    ReplyChecker checker;
  };
  struct Timer {
    uint64_t at_ns;
    uint32_t client, serial;
    bool operator<(const Timer& other) const { return at_ns > other.at_ns; }
  };

  void connect(Client& c);
  void connected(Client& c);
  void ready(Client& c);  // free for its next request
  void send(Client& c, uint64_t intended_ns);
  void flush(Client& c);
  void receive(Client& c);
  bool check(Client& c, std::span<const uint8_t> bytes);  // false: the connection is no more
  void answered(Client& c);
  void end_of_stream(Client& c);
  void fail(Client& c, wire::ErrorKind kind);
  void fail_errno(Client& c, int error);
  void close(Client& c, bool reset = false);
  void reconnect(Client& c, uint64_t delay_ns);
  void watch(Client& c, uint32_t events);
  void timer(Client& c, uint64_t at_ns) { timers_.push({at_ns, c.index, c.serial}); }
  void on_timer(Client& c);
  void dispatch_rate(Group& g, uint64_t now);
  void expire_requests(uint64_t now);
  void send_latency(uint64_t now);
  uint64_t wait_ns(uint64_t now) const;

  const LoadSettings& settings_;
  LoadState& state_;
  telemetry::FrameWriter& writer_;
  Traffic traffic_;
  Fd epoll_;
  std::vector<std::unique_ptr<Group>> groups_;
  std::vector<Client> clients_;
  std::priority_queue<Timer> timers_;
  LatencyPair interval_;
  std::mt19937_64 random_;
  uint64_t next_number_ = 0, next_latency_ns_ = 0, next_expiry_ns_ = 0;
  std::vector<uint8_t> buffer_;
};

}  // namespace fdscope
