#include "load/tally.hpp"

#include <algorithm>

#include "sys/json.hpp"

namespace fdscope {

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

std::string ClientStock::json() const {
  const auto field = [](const char* name, uint64_t value) {
    return "\"" + std::string(name) + "\":" + std::to_string(value);
  };
  return "{" + field("asked", asked) + "," + field("answered", answered) + "," + field("waiting", waiting) + "," +
         field("connecting", connecting) + "," + field("unsent", unsent) + "," + field("oldestNs", oldest_ns) + "}";
}

std::string codes_json(const std::map<std::string, uint64_t>& codes) {
  std::string text = "{";
  for (const auto& [code, n] : codes) text += (text.size() > 1 ? "," : "") + json_quote(code) + ":" + std::to_string(n);
  return text + "}";
}

}  // namespace fdscope
