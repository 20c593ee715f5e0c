// What servers answered, by code: the HTTP status of final replies and the first words of RESP errors.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "load/histogram.hpp"

namespace fdscope {

// Written by one loop, read by the thread that directs them all.
class ReplyTally {
 public:
  void add_status(unsigned status) {
    // RFC 9110 15: three digits; what is beyond is counted as the last.
    auto& n = statuses_[status < statuses_.size() ? status : statuses_.size() - 1];
    n.store(n.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  void add_word(std::string_view word);
  // Adds what was counted so far: "200", "503", "-NOAUTH".
  void add_to(std::map<std::string, uint64_t>& codes) const;

 private:
  // A server may invent words without end; further ones are counted together.
  static constexpr size_t most_words = 32;

  std::array<std::atomic<uint64_t>, 1000> statuses_{};
  mutable std::mutex mutex_;
  std::map<std::string, uint64_t, std::less<>> words_;
};

// Where the clients stood when the measured time was over.
struct ClientStock {
  uint64_t asked = 0;       // clients that wanted at least one reply
  uint64_t answered = 0;    // those of them that got one within the measured time
  uint64_t waiting = 0;     // requests that were sent and not answered
  uint64_t connecting = 0;  // connections that were neither open nor refused
  uint64_t unsent = 0;      // requests of an open loop that were due and not sent
  uint64_t oldest_ns = 0;   // how long the oldest of these had waited by then
  void add(const ClientStock& other);
  std::string json() const;
};

// What the clients of one profile did and got. Written by one loop, read by the thread that directs them all.
struct ProfileTally {
  std::atomic<uint64_t> sent{0}, replies{0}, errors{0}, bytes_in{0}, bytes_out{0};
  static void add(std::atomic<uint64_t>& to, uint64_t n) {
    to.store(to.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
};

struct ProfileSums {
  uint64_t sent = 0, replies = 0, errors = 0, bytes_in = 0, bytes_out = 0;
  void add(const ProfileTally& tally);
  bool any() const { return sent + replies + errors + bytes_in + bytes_out > 0; }
  std::string fields() const;
};

// TLS handshakes of one loop's clients, from the open connection to the end of the handshake; those before the measured
// time are among them, as connections are mostly opened then.
struct HandshakeTally {
  Histogram times;
  uint64_t failed = 0, cpu_ns = 0;
  std::string version, cipher, protocol;  // of the first
  void add(const HandshakeTally& other);
  std::string json(bool verified) const;
};

// Microseconds.
std::string percentiles_json(const Histogram& histogram);

// {"200":12,"-NOAUTH":3}
std::string codes_json(const std::map<std::string, uint64_t>& codes);

}  // namespace fdscope
