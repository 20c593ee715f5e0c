// JSON as far as settings, commands and small reports need it. Strict: anything that is not JSON is refused.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fdscope {

// What a user gave cannot be used; the message is one sentence that says what to do.
struct BadInput : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class JsonValue {
 public:
  using Array = std::vector<JsonValue>;
  using Object = std::map<std::string, JsonValue>;

  // Defined in json.cpp: each file that includes this would otherwise compile what a variant of maps is copied by.
  JsonValue();
  JsonValue(bool value);
  JsonValue(double value);
  JsonValue(std::string value);
  JsonValue(Array value);
  JsonValue(Object value);
  JsonValue(const JsonValue& other);
  JsonValue(JsonValue&& other) noexcept;
  JsonValue& operator=(const JsonValue& other);
  JsonValue& operator=(JsonValue&& other) noexcept;
  ~JsonValue();

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  bool is_number() const { return std::holds_alternative<double>(value_); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }
  bool is_array() const { return std::holds_alternative<Array>(value_); }
  bool is_object() const { return std::holds_alternative<Object>(value_); }
  bool boolean() const { return std::get<bool>(value_); }
  double number() const { return std::get<double>(value_); }
  const std::string& string() const { return std::get<std::string>(value_); }
  const Array& array() const { return std::get<Array>(value_); }
  const Object& object() const { return std::get<Object>(value_); }
  Object& object() { return std::get<Object>(value_); }

  // The member of an object, or nullptr.
  const JsonValue* find(const std::string& key) const;

  // Members with a default; BadInput where the type or range is wrong. `key` names it in the sentence.
  int64_t integer_or(const std::string& key, int64_t fallback, int64_t min, int64_t max) const;
  double number_or(const std::string& key, double fallback, double min, double max) const;
  bool boolean_or(const std::string& key, bool fallback) const;
  std::string string_or(const std::string& key, const std::string& fallback) const;

 private:
  std::variant<std::monostate, bool, double, std::string, Array, Object> value_;
};

// Throws BadInput with the position of the first mistake.
JsonValue parse_json(std::string_view text);

// The text as a JSON string, with its quotes.
std::string json_quote(std::string_view text);

// Settings from `--config JSON` and `--key value` pairs, which win. Values that look like numbers or booleans are such.
JsonValue parse_arguments(int count, const char* const* arguments);

}  // namespace fdscope
