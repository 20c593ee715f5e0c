#include "sys/json.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>

namespace fdscope {

namespace {

constexpr int max_depth = 32;

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  JsonValue document() {
    JsonValue value = read(0);
    skip_space();
    if (at_ != text_.size()) fail("something follows the value");
    return value;
  }

 private:
  [[noreturn]] void fail(const char* what) const {
    throw BadInput("Not valid JSON at character " + std::to_string(at_ + 1) + ": " + what + ".");
  }
  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool take(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  JsonValue read(int depth) {
    if (depth > max_depth) fail("nested too deeply");
    skip_space();
    if (take("{")) return object(depth);
    if (take("[")) return array(depth);
    if (take("\"")) return JsonValue(string());
    if (take("true")) return JsonValue(true);
    if (take("false")) return JsonValue(false);
    if (take("null")) return JsonValue();
    return number();
  }

  JsonValue object(int depth) {
    JsonValue::Object members;
    skip_space();
    if (take("}")) return JsonValue(std::move(members));
    do {
      skip_space();
      if (!take("\"")) fail("a member's name is expected");
      std::string key = string();
      skip_space();
      if (!take(":")) fail("a colon is expected");
      members[std::move(key)] = read(depth + 1);
      skip_space();
    } while (take(","));
    if (!take("}")) fail("a comma or } is expected");
    return JsonValue(std::move(members));
  }

  JsonValue array(int depth) {
    JsonValue::Array items;
    skip_space();
    if (take("]")) return JsonValue(std::move(items));
    do {
      items.push_back(read(depth + 1));
      skip_space();
    } while (take(","));
    if (!take("]")) fail("a comma or ] is expected");
    return JsonValue(std::move(items));
  }

  JsonValue number() {
    const size_t begin = at_;
    take("-");
    // from_chars alone would let "01", "1." and "inf" through.
    if (!take("0") && !digits()) fail("a value is expected");
    if (take(".") && !digits()) fail("a digit is expected");
    if (take("e") || take("E")) {
      if (!take("+")) take("-");
      if (!digits()) fail("a digit is expected");
    }
    double value = 0;
    if (std::from_chars(text_.data() + begin, text_.data() + at_, value).ec != std::errc{})
      fail("a number is too large or too small");
    return JsonValue(value);
  }
  bool digits() {
    const size_t begin = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    return at_ > begin;
  }

  std::string string() {
    std::string out;
    for (;;) {
      if (at_ >= text_.size()) fail("a string does not end");
      const char c = text_[at_++];
      if (c == '"') return out;
      if (static_cast<unsigned char>(c) < 32) fail("a control character in a string");
      if (c != '\\') {
        out.push_back(c);
        continue;
      }
      if (at_ >= text_.size()) fail("a string does not end");
      const char escape = text_[at_++];
      constexpr std::string_view plain = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
      if (const size_t i = plain.find(escape); i != std::string_view::npos)
        out.push_back(meant[i]);
      else if (escape == 'u')
        append_utf8(out, code_point());
      else
        fail("an unknown escape");
    }
  }

  uint32_t hex4() {
    uint32_t value = 0;
    const std::string_view digits = text_.substr(at_, 4);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() != 4 || error != std::errc{} || end != digits.data() + 4) fail("four hex digits are expected");
    at_ += 4;
    return value;
  }
  uint32_t code_point() {
    const uint32_t high = hex4();
    if (high < 0xD800 || high > 0xDFFF) return high;
    if (high > 0xDBFF || !take("\\u")) fail("half of a surrogate pair");
    const uint32_t low = hex4();
    if (low < 0xDC00 || low > 0xDFFF) fail("half of a surrogate pair");
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
  }
  static void append_utf8(std::string& out, uint32_t c) {
    const auto tail = [&](int shift) { out.push_back(static_cast<char>(0x80 | ((c >> shift) & 0x3F))); };
    if (c < 0x80) {
      out.push_back(static_cast<char>(c));
    } else if (c < 0x800) {
      out.push_back(static_cast<char>(0xC0 | c >> 6));
      tail(0);
    } else if (c < 0x10000) {
      out.push_back(static_cast<char>(0xE0 | c >> 12));
      tail(6), tail(0);
    } else {
      out.push_back(static_cast<char>(0xF0 | c >> 18));
      tail(12), tail(6), tail(0);
    }
  }

  std::string_view text_;
  size_t at_ = 0;
};

std::string shortest(double value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return {text, end};
}

JsonValue flag_value(const std::string& text) {
  if (text == "true") return JsonValue(true);
  if (text == "false") return JsonValue(false);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  // "inf" and "nan" are names here.
  if (!text.empty() && error == std::errc{} && end == text.data() + text.size() && std::isfinite(number))
    return JsonValue(number);
  return JsonValue(text);
}

}  // namespace

JsonValue::JsonValue() = default;
JsonValue::JsonValue(bool value) : value_(value) {}
JsonValue::JsonValue(double value) : value_(value) {}
JsonValue::JsonValue(std::string value) : value_(std::move(value)) {}
JsonValue::JsonValue(Array value) : value_(std::move(value)) {}
JsonValue::JsonValue(Object value) : value_(std::move(value)) {}
JsonValue::JsonValue(const JsonValue& other) = default;
JsonValue::JsonValue(JsonValue&& other) noexcept = default;
JsonValue& JsonValue::operator=(const JsonValue& other) = default;
JsonValue& JsonValue::operator=(JsonValue&& other) noexcept = default;
JsonValue::~JsonValue() = default;

JsonValue parse_json(std::string_view text) { return Reader(text).document(); }

const JsonValue* JsonValue::find(const std::string& key) const {
  if (!is_object()) return nullptr;
  const auto found = object().find(key);
  return found == object().end() || found->second.is_null() ? nullptr : &found->second;
}

double JsonValue::number_or(const std::string& key, double fallback, double min, double max) const {
  const JsonValue* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_number() || value->number() < min || value->number() > max)
    throw BadInput(key + " must be a number from " + shortest(min) + " to " + shortest(max) + ".");
  return value->number();
}

int64_t JsonValue::integer_or(const std::string& key, int64_t fallback, int64_t min, int64_t max) const {
  const JsonValue* value = find(key);
  if (value == nullptr) return fallback;
  const double number = value->is_number() ? value->number() : NAN;
  if (!(number >= static_cast<double>(min) && number <= static_cast<double>(max)) || number != std::floor(number))
    throw BadInput(key + " must be a whole number from " + std::to_string(min) + " to " + std::to_string(max) + ".");
  return static_cast<int64_t>(number);
}

bool JsonValue::boolean_or(const std::string& key, bool fallback) const {
  const JsonValue* value = find(key);
  if (value == nullptr) return fallback;
  if (value->is_number() && (value->number() == 0 || value->number() == 1)) return value->number() == 1;
  if (!value->is_bool()) throw BadInput(key + " must be true or false.");
  return value->boolean();
}

std::string JsonValue::string_or(const std::string& key, const std::string& fallback) const {
  const JsonValue* value = find(key);
  if (value == nullptr) return fallback;
  // A flag such as `--cpus 0` looks like a number.
  if (value->is_number()) return shortest(value->number());
  if (!value->is_string()) throw BadInput(key + " must be a text.");
  return value->string();
}

std::string json_quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < 32) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out.push_back(c);
    }
  }
  return out + "\"";
}

JsonValue parse_arguments(int count, const char* const* arguments) {
  JsonValue settings{JsonValue::Object{}};
  JsonValue::Object flags;
  for (int i = 0; i < count; i += 2) {
    const std::string name = arguments[i];
    if (!name.starts_with("--") || name.size() < 3)
      throw BadInput("\"" + name + "\" is not an option: options are --key value.");
    if (i + 1 >= count) throw BadInput("The option " + name + " needs a value.");
    if (name == "--config") {
      settings = parse_json(arguments[i + 1]);
      if (!settings.is_object()) throw BadInput("--config must be a JSON object.");
    } else {
      flags[name.substr(2)] = flag_value(arguments[i + 1]);
    }
  }
  for (auto& [key, value] : flags) settings.object()[key] = value;
  return settings;
}

}  // namespace fdscope
