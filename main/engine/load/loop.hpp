// One thread of clients: an epoll loop that connects, sends, checks and measures.
//
//   loop.cpp         what happens next: events, timers, the rate schedule, timeouts, pausing
//   plan.cpp         which clients there are, and how that changes while they run
//   connecting.cpp   a client's connection: opened, lost, closed, opened again
//   exchanging.cpp   requests and replies on it, by profile
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <queue>
#include <random>
#include <vector>

#include "load/client.hpp"
#include "load/latency_report.hpp"
#include "load/load_settings.hpp"
#include "load/tally.hpp"
#include "load/traffic.hpp"
#include "sys/fd.hpp"
#include "telemetry/frame_writer.hpp"
#include "telemetry/wire.gen.hpp"

namespace fdscope {

// What all loops share with the threads that direct them.
struct LoadState {
  std::atomic<bool> measuring{false};       // between the marks `steady` and `loadDone`
  std::atomic<uint64_t> measured_to_ns{0};  // when it ended; 0 before
  std::atomic<uint32_t> stocked{0};         // loops that have said where their clients stood then
  std::atomic<bool> stopping{false};
  std::atomic<bool> paused{false};
  std::atomic<uint64_t> begin_ns{0};  // when measuring begins, where it is told; 0 before
  std::atomic<uint64_t> turns{0};     // of all loops: one that has no core makes none
  std::atomic<uint32_t> tried{0};     // connections whose first attempt is over, well or not
  std::atomic<uint64_t> measured{0};  // replies verified while measuring

  // A run of so many requests: whoever asks claims first, and nobody asks when all are claimed.
  bool is_limited = false;
  std::atomic<uint64_t> claimed{0};
  std::atomic<uint32_t> drained{0};     // loops whose clients wait for nothing any more, all being claimed
  std::atomic<uint64_t> drained_ns{0};  // when the last of them was so far
  // How many of `wanted` may be asked.
  uint64_t claim(uint64_t wanted) {
    uint64_t before = claimed.load(std::memory_order_relaxed), granted;
    do granted = std::min(wanted, requests - before);
    while (granted > 0 && !claimed.compare_exchange_weak(before, before + granted, std::memory_order_relaxed));
    return granted;
  }
  bool is_spent() const { return is_limited && claimed.load(std::memory_order_relaxed) == requests; }
  uint64_t requests = 0;

  // Who the clients are from now on. Loops look at the number at every turn, and at the plan where it has changed.
  void set_plan(ClientPlan plan) {
    const std::lock_guard lock(plan_mutex_);
    plan_ = std::make_shared<const ClientPlan>(std::move(plan));
    plan_number.fetch_add(1, std::memory_order_release);
  }
  std::shared_ptr<const ClientPlan> plan() {
    const std::lock_guard lock(plan_mutex_);
    return plan_;
  }
  std::atomic<uint32_t> plan_number{0};

  const SecureContext* secure = nullptr;  // where the target is asked by TLS

 private:
  std::mutex plan_mutex_;
  std::shared_ptr<const ClientPlan> plan_;
};

class LoadLoop {
 public:
  // `index` of `count` loops: takes its part of each profile's connections.
  LoadLoop(const LoadSettings& settings, LoadState& state, telemetry::FrameWriter& writer, uint32_t index,
           uint32_t count);
  void run();
  const LatencyPair& total() const { return latency_.total(); }  // to be read when run() has returned
  const ReplyTally& tally() const { return tally_; }
  const ProfileTally& tally_of(size_t profile) const { return by_profile_[profile]; }
  // To be read once LoadState::stocked counts this loop; nullptr without TLS.
  const HandshakeTally* handshakes_at_stock() const { return handshakes_at_stock_.get(); }
  // By profile; to be read once LoadState::stocked counts this loop.
  const std::array<ClientStock, profile_count>& stocks() const { return stocks_; }

 private:
  using Phase = Client::Phase;
  using Fate = Client::Fate;
  struct Timer {
    uint64_t at_ns;
    uint32_t client, serial;
    bool operator<(const Timer& other) const { return at_ns > other.at_ns; }
  };
  struct Held {
    uint32_t client, serial;
  };

  // loop.cpp
  void on_event(Client& c, uint32_t events);
  void on_timer(Client& c);
  void dispatch_rate(Group& g, uint64_t now);
  void expire(uint64_t now);
  void give_up(Client& c, uint64_t now);
  void take_stock(uint64_t end_ns);
  bool is_spent(const Group& g) const;
  void note_drained();
  void pause_or_resume(uint64_t now);
  uint64_t wait_ns(uint64_t now) const;
  void timer(Client& c, uint64_t at_ns) { timers_.push({at_ns, c.index, c.serial}); }

  // plan.cpp
  void follow_plan(uint64_t now);
  std::vector<std::shared_ptr<Group>> match_groups(const ClientPlan& plan, std::vector<uint32_t>& wanted, uint64_t now);
  void add_clients(const std::shared_ptr<Group>& group, uint32_t count, uint64_t now);
  void decide(Client& c, Fate fate, std::shared_ptr<Group> next = nullptr);
  bool meet_fate(Client& c);

  // connecting.cpp
  void connect(Client& c);
  void connected(Client& c);
  void secure(Client& c);
  void opened(Client& c);
  void greet(Client& c);
  void greeted(Client& c, std::span<const uint8_t> bytes);
  void let_in(Client& c);
  void fail(Client& c, wire::ErrorKind kind);
  void fail_errno(Client& c, int error);
  void close(Client& c, bool reset = false);
  void reconnect(Client& c, uint64_t delay_ns);
  void server_closed(Client& c, uint64_t delay_ns);
  bool crossed_an_end(const Client& c) const;
  void watch(Client& c, uint32_t events);

  // exchanging.cpp
  void ready(Client& c);  // free for its next request
  void send(Client& c, uint64_t intended_ns);
  void send_again(Client& c);
  void put(Client& c, const Client::Flight& flight);
  void flush(Client& c);
  bool receive(Client& c);                                // whether bytes came
  void tell(const char* code, const std::string& text);   // as a notice, at most three of a loop
  bool check(Client& c, std::span<const uint8_t> bytes);  // false: the connection is no more
  void broken(Client& c);
  void count_reply(const Client& c);
  ProfileTally& own(const Client& c) { return by_profile_[static_cast<size_t>(c.group->settings.profile)]; }
  void answered(Client& c);
  void end_of_stream(Client& c);

  const LoadSettings& settings_;
  LoadState& state_;
  telemetry::FrameWriter& writer_;
  const uint32_t index_, count_;
  Traffic traffic_;
  LatencyReport latency_;
  Fd epoll_;
  uint32_t plan_number_ = 0, source_addresses_ = 1;
  std::vector<std::shared_ptr<Group>> groups_;
  std::vector<Client> clients_;
  std::vector<uint32_t> vacant_;
  std::priority_queue<Timer> timers_;
  std::vector<Held> held_;  // would have sent while the clients pause
  uint64_t paused_since_ns_ = 0;
  std::mt19937_64 random_;
  uint64_t next_number_ = 0, next_expiry_ns_ = 0;
  ReplyTally tally_;
  std::array<ProfileTally, profile_count> by_profile_;
  std::array<ClientStock, profile_count> stocks_;
  std::unique_ptr<HandshakeTally> handshakes_, handshakes_at_stock_;
  bool is_stocked_ = false, is_drained_ = false;
  unsigned faults_told_ = 0;
  std::vector<uint8_t> buffer_;
};

}  // namespace fdscope
