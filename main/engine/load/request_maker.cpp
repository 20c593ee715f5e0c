#include "load/request_maker.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <set>

#include "handlers/pattern.hpp"
#include "handlers/protocol_parts.hpp"

namespace fdscope {

namespace {

constexpr size_t key_digits = 12;
constexpr size_t most_headers = 100, longest_header = 8192, longest_password = 1024;
// Keys of ours are told from those that were there before.
const std::string key_prefix = "fdscope:";

bool is_one_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < 32 && c != '\t') || c == 127; });
}

void check_header(const std::string& header) {
  const size_t colon = header.find(':');
  const std::string name = header.substr(0, colon);
  if (colon == std::string::npos || !is_token(name) || !is_one_line(header) || header.size() > longest_header)
    throw BadInput("The header \"" + header.substr(0, 80) +
                   "\" is none: give a name, a colon and a value on one line.");
  const auto is = [&](std::string_view field) { return equals_ignoring_case(name, field); };
  if (is("content-length") || is("transfer-encoding") || is("expect"))
    throw BadInput("The header " + name +
                   " says where a request ends, which the load engine does itself: leave it out.");
}

void check_path(const std::string& path) {
  const bool is_target = std::none_of(path.begin(), path.end(), [](char c) { return (c >= 0 && c <= 32) || c == 127; });
  if (path.empty() || path.front() != '/' || !is_target)
    throw BadInput("The path \"" + path.substr(0, 80) + "\" must begin with / and have no blanks in it.");
}

std::string read_file(const std::string& what, const std::string& name, size_t most) {
  std::error_code error;
  // A pipe would be waited for, and a device may have no end.
  if (std::filesystem::exists(name, error) && !std::filesystem::is_regular_file(name, error))
    throw BadInput(what + " " + name + " is not a file: give one that is.");
  std::ifstream file(name, std::ios::binary);
  std::string text(most + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (file.fail() && !file.eof())) throw BadInput(what + " " + name + " cannot be read.");
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > most)
    throw BadInput(what + " " + name + " has more than " + std::to_string(most) + " bytes, which are the most.");
  return text;
}

void read_http(const JsonValue& from, RequestSettings& read) {
  read.method = from.string_or("method", "");
  if (!read.method.empty() && !is_token(read.method))
    throw BadInput("The method \"" + read.method + "\" is none: give one such as GET or PUT.");
  if (read.method == "CONNECT")
    throw BadInput("The method CONNECT asks for a tunnel, and not for a reply: leave it out.");
  if (const JsonValue* headers = from.find("headers"); headers != nullptr) {
    if (!headers->is_array() || headers->array().size() > most_headers)
      throw BadInput("headers must be a list of at most " + std::to_string(most_headers) + " lines.");
    for (const JsonValue& header : headers->array()) {
      if (!header.is_string()) throw BadInput("Each of headers must be a text such as \"Accept: text/html\".");
      check_header(header.string());
      read.headers.push_back(header.string());
    }
  }
  if (const std::string file = from.string_or("bodyFile", ""); !file.empty()) {
    read.body = read_file("The body", file, max_body_bytes);
    if (read.body.empty()) throw BadInput("The body " + file + " has no bytes: leave it out.");
  }
  if (const JsonValue* paths = from.find("paths"); paths != nullptr) {
    if (!paths->is_array()) throw BadInput("paths must be a list of objects with a path and a weight.");
    for (const JsonValue& each : paths->array()) {
      if (!each.is_object()) throw BadInput("Each of paths must be an object with a path and a weight.");
      read.paths.push_back({each.string_or("path", ""), each.number_or("weight", 1, 0.001, 1e6)});
      check_path(read.paths.back().path);
    }
  }
}

void read_resp(const JsonValue& from, RequestSettings& read) {
  if (const JsonValue* commands = from.find("commands"); commands != nullptr) {
    if (!commands->is_object()) throw BadInput("commands must be an object of weights of get, set and ping.");
    for (const auto& [key, value] : commands->object())
      if (key != "get" && key != "set" && key != "ping")
        throw BadInput("commands has get, set and ping, not " + key + ".");
    read.gets = commands->number_or("get", 0, 0, 1e6);
    read.sets = commands->number_or("set", 0, 0, 1e6);
    read.pings = commands->number_or("ping", 0, 0, 1e6);
    if (!read.has_commands()) throw BadInput("One of the weights of commands must be above 0.");
  }
  read.keys = static_cast<uint64_t>(from.integer_or("keys", 10'000, 1, 1'000'000'000));
  read.value_bytes = static_cast<uint32_t>(from.integer_or("valueBytes", 64, 0, max_body_bytes));
  read.user = from.string_or("user", "");
  if (const std::string file = from.string_or("passwordFile", ""); !file.empty()) {
    read.password = read_file("The password", file, longest_password);
    // Editors end a file with a line end, which is no part of a password.
    while (!read.password.empty() && (read.password.back() == '\n' || read.password.back() == '\r'))
      read.password.pop_back();
    if (read.password.empty()) throw BadInput("The password " + file + " has no bytes.");
  } else if (!read.user.empty()) {
    throw BadInput("A user needs a passwordFile.");
  }
}

std::string bulk(const std::string& text) { return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n"; }

// Two numbers of a sequence look nothing alike; the same number always comes out the same (splitmix64).
uint64_t scattered(uint64_t n) {
  n += 0x9E3779B97F4A7C15;
  n = (n ^ (n >> 30)) * 0xBF58476D1CE4E5B9;
  n = (n ^ (n >> 27)) * 0x94D049BB133111EB;
  return n ^ (n >> 31);
}

std::string pattern(uint32_t bytes) {
  std::string text;
  for (uint32_t i = 0; i < bytes; ++i) text += static_cast<char>(pattern_byte(i));
  return text;
}

}  // namespace

RequestSettings read_request_settings(const JsonValue& from, Protocol protocol) {
  if (!from.is_object()) throw BadInput("request must be an object.");
  const std::set<std::string> of_http{"method", "headers", "bodyFile", "paths"},
      of_resp{"commands", "keys", "valueBytes", "user", "passwordFile"};
  for (const auto& [key, value] : from.object()) {
    const bool http = of_http.contains(key), resp = of_resp.contains(key);
    if (!http && !resp) throw BadInput("request has no setting \"" + key + "\".");
    if (http && protocol != Protocol::http) throw BadInput("request's " + key + " is of the protocol http.");
    if (resp && protocol != Protocol::resp) throw BadInput("request's " + key + " is of the protocol resp.");
  }
  RequestSettings read;
  if (protocol == Protocol::http) read_http(from, read);
  if (protocol == Protocol::resp) read_resp(from, read);
  return read;
}

bool is_idempotent(const RequestSettings& settings, uint32_t payload_bytes) {
  if (settings.method.empty()) return settings.body.empty() && payload_bytes == 0;
  constexpr std::array<std::string_view, 6> idempotent{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
  return std::find(idempotent.begin(), idempotent.end(), settings.method) != idempotent.end();
}

std::vector<uint8_t> greeting_of(const RequestSettings& settings) {
  if (settings.password.empty()) return {};
  const std::string user = settings.user.empty() ? "" : bulk(settings.user);
  const std::string text = (user.empty() ? "*2\r\n" : "*3\r\n") + bulk("AUTH") + user + bulk(settings.password);
  return {text.begin(), text.end()};
}

RequestMaker::RequestMaker(const RequestSettings& settings, Protocol protocol, const std::string& path,
                           uint32_t payload_bytes)
    : keys_(settings.keys) {
  if (protocol == Protocol::resp) {
    const std::string value = pattern(settings.value_bytes);
    if (settings.gets > 0) add_command(settings.gets, "GET", nullptr);
    if (settings.sets > 0) add_command(settings.sets, "SET", &value);
    if (settings.pings > 0) add(settings.pings, "*1\r\n" + bulk("PING"));
    return;
  }
  const std::string body = settings.body.empty() ? pattern(payload_bytes) : settings.body;
  const std::string method = !settings.method.empty() ? settings.method : body.empty() ? "GET" : "POST";
  std::string fields;
  bool names_host = false;
  for (const std::string& header : settings.headers) {
    names_host |= equals_ignoring_case(std::string_view(header).substr(0, header.find(':')), "host");
    fields += header + "\r\n";
  }
  if (!names_host) fields = "Host: " + settings.authority + "\r\n" + fields;
  if (!body.empty()) fields += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  const auto one = [&](const std::string& target) {
    return method + " " + target + " HTTP/1.1\r\n" + fields + "\r\n" + body;
  };
  for (const auto& each : settings.paths) add(each.weight, one(each.path));
  if (settings.paths.empty()) add(1, one(path));
}

void RequestMaker::add(double weight, const std::string& bytes, size_t key_at) {
  kinds_.push_back({weight + (kinds_.empty() ? 0 : kinds_.back().up_to), {bytes.begin(), bytes.end()}, key_at});
}

void RequestMaker::add_command(double weight, const std::string& name, const std::string* value) {
  std::string text = (value == nullptr ? "*2\r\n" : "*3\r\n") + bulk(name);
  text += "$" + std::to_string(key_prefix.size() + key_digits) + "\r\n" + key_prefix;
  const size_t key_at = text.size();
  text += std::string(key_digits, '0') + "\r\n";
  if (value != nullptr) text += bulk(*value);
  add(weight, text, key_at);
}

std::span<const uint8_t> RequestMaker::request(uint64_t n) {
  const uint64_t chance = scattered(n);
  const double at = static_cast<double>(chance >> 11) * 0x1p-53 * kinds_.back().up_to;
  auto kind = std::find_if(kinds_.begin(), kinds_.end(), [&](const Kind& each) { return at < each.up_to; });
  if (kind == kinds_.end()) --kind;
  if (kind->key_at > 0) {
    uint64_t key = scattered(chance) % keys_;
    for (size_t digit = key_digits; digit-- > 0; key /= 10)
      kind->bytes[kind->key_at + digit] = static_cast<uint8_t>('0' + key % 10);
  }
  return kind->bytes;
}

}  // namespace fdscope
