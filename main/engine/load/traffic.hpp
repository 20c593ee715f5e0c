// What clients say and what they must hear.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "handlers/protocol.hpp"
#include "load/request_maker.hpp"

namespace fdscope {

struct TrafficSettings {
  HandlerConfig expected;      // protocol, handler and size of the replies
  uint32_t request_bytes = 0;  // payload of a request
  std::string path = "/";
  bool exact = true;        // every byte is known; else only the framing is checked
  RequestSettings request;  // where it is not exact

  bool is_head() const { return request.method == "HEAD"; }
};

class Traffic {
 public:
  explicit Traffic(const TrafficSettings& settings);
  const TrafficSettings& settings() const { return settings_; }
  // Request number `n`: with a payload, no two neighbours are alike, so that a swapped or repeated reply is noticed.
  std::span<const uint8_t> request(uint64_t n);
  // The whole reply to it; empty where it is not known.
  std::span<const uint8_t> reply(uint64_t n);
  // Sent on a connection before the first request; its reply is awaited. Mostly empty.
  std::span<const uint8_t> greeting() const { return greeting_; }
  bool is_idempotent() const { return is_idempotent_; }

 private:
  void build(uint64_t variant);
  static constexpr uint64_t variants = 676;  // the pattern repeats after so many bytes
  TrafficSettings settings_;
  bool varies_;
  struct Pair {
    std::vector<uint8_t> request, reply;
  };
  std::vector<std::unique_ptr<Pair>> pairs_;  // by variant, made when first used
  std::unique_ptr<RequestMaker> maker_;       // of requests that are not the usual ones
  std::vector<uint8_t> greeting_;
  bool is_idempotent_;
  Pair& pair(uint64_t n);
};

// Checks one reply after the other as the bytes come.
class ReplyChecker {
 public:
  enum class Verdict { more, complete, mismatch, broken };
  // `expected` is the whole reply; empty: framing only.
  void begin(const TrafficSettings& settings, std::span<const uint8_t> expected);
  // `used` is how many bytes belonged to this reply.
  Verdict feed(std::span<const uint8_t> bytes, size_t& used);
  Verdict end_of_stream();

  // Of a reply that is complete. The lab's own servers answer 200 and keep the connection.
  unsigned status() const { return expected_.empty() ? framer_.status() : 200; }
  unsigned interim_replies() const { return expected_.empty() ? framer_.interim_replies() : 0; }
  std::string_view error_word() const { return expected_.empty() ? framer_.error_word() : std::string_view{}; }
  bool connection_ends() const { return expected_.empty() && framer_.upstream_closes(); }
  uint64_t keep_alive_seconds() const { return expected_.empty() ? framer_.keep_alive_seconds() : 0; }
  // Of one that is broken.
  std::string_view fault() const { return expected_.empty() ? framer_.fault() : std::string_view{}; }

 private:
  std::span<const uint8_t> expected_;
  size_t at_ = 0;
  ReplyFramer framer_;
};

}  // namespace fdscope
