#include "load/tally.hpp"

#include <algorithm>

#include "sys/json.hpp"

namespace fdscope {

namespace {

std::string field(const char* name, uint64_t value) { return "\"" + std::string(name) + "\":" + std::to_string(value); }

}  // namespace

void ReplyTally::add_word(std::string_view word) {
  const std::lock_guard lock(mutex_);
  auto known = words_.find(word);
  if (known == words_.end())
    known = words_.emplace(words_.size() < most_words ? std::string(word) : std::string("(other)"), 0).first;
  ++known->second;
}

void ReplyTally::add_to(std::map<std::string, uint64_t>& codes) const {
  for (size_t status = 0; status < statuses_.size(); ++status)
    if (const uint64_t n = statuses_[status].load(std::memory_order_relaxed); n > 0) codes[std::to_string(status)] += n;
  const std::lock_guard lock(mutex_);
  for (const auto& [word, n] : words_) codes["-" + word] += n;
}

void ClientStock::add(const ClientStock& other) {
  asked += other.asked;
  answered += other.answered;
  waiting += other.waiting;
  connecting += other.connecting;
  unsent += other.unsent;
  oldest_ns = std::max(oldest_ns, other.oldest_ns);
}

void ProfileSums::add(const ProfileTally& tally) {
  sent += tally.sent.load(std::memory_order_relaxed);
  replies += tally.replies.load(std::memory_order_relaxed);
  errors += tally.errors.load(std::memory_order_relaxed);
  bytes_in += tally.bytes_in.load(std::memory_order_relaxed);
  bytes_out += tally.bytes_out.load(std::memory_order_relaxed);
}

std::string ProfileSums::fields() const {
  return field("sent", sent) + "," + field("replies", replies) + "," + field("errors", errors) + "," +
         field("bytesIn", bytes_in) + "," + field("bytesOut", bytes_out);
}

std::string ClientStock::json() const {
  return "{" + field("asked", asked) + "," + field("answered", answered) + "," + field("waiting", waiting) + "," +
         field("connecting", connecting) + "," + field("unsent", unsent) + "," + field("oldestNs", oldest_ns) + "}";
}

void HandshakeTally::add(const HandshakeTally& other) {
  times.add(other.times);
  failed += other.failed;
  cpu_ns += other.cpu_ns;
  if (!version.empty()) return;
  version = other.version;
  cipher = other.cipher;
  protocol = other.protocol;
}

std::string HandshakeTally::json(bool verified) const {
  return "{\"version\":" + json_quote(version) + ",\"cipher\":" + json_quote(cipher) +
         ",\"protocol\":" + json_quote(protocol) + ",\"verified\":" + (verified ? "true" : "false") + "," +
         field("handshakes", times.total()) + "," + field("failed", failed) + "," + field("cpuNs", cpu_ns) +
         ",\"times\":" + percentiles_json(times) + "}";
}

std::string percentiles_json(const Histogram& h) {
  const auto micros = [](double ns) { return std::to_string(ns / 1000); };
  return "{\"p50\":" + micros(static_cast<double>(h.value_at(0.5))) +
         ",\"p90\":" + micros(static_cast<double>(h.value_at(0.9))) +
         ",\"p99\":" + micros(static_cast<double>(h.value_at(0.99))) +
         ",\"p999\":" + micros(static_cast<double>(h.value_at(0.999))) +
         ",\"max\":" + micros(static_cast<double>(h.max_ns())) + ",\"mean\":" + micros(h.mean_ns()) + "}";
}

std::string codes_json(const std::map<std::string, uint64_t>& codes) {
  std::string text = "{";
  for (const auto& [code, n] : codes) text += (text.size() > 1 ? "," : "") + json_quote(code) + ":" + std::to_string(n);
  return text + "}";
}

}  // namespace fdscope
