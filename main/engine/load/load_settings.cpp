#include "load/load_settings.hpp"

#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <set>

#include "serve_settings.hpp"
#include "telemetry/wire.gen.hpp"

namespace fdscope {

namespace {

constexpr const char* profile_names[] = {"closed", "rate",  "idle",       "slow-writer", "slow-reader",
                                         "churn",  "burst", "half-close", "reset"};

static_assert(std::size(profile_names) == profile_count);
// The wire numbers them in this order, from 1 on.
static_assert(static_cast<size_t>(wire::ProfileNumber::reset) == profile_count);

void refuse_unknown(const JsonValue& object, const std::set<std::string>& known, const std::string& where) {
  for (const auto& [key, value] : object.object())
    if (!known.contains(key)) throw BadInput(where + " has no setting \"" + key + "\".");
}

ClientSettings read_client(const JsonValue& from) {
  if (!from.is_object()) throw BadInput("Each of clients must be an object with a profile.");
  refuse_unknown(from,
                 {"profile", "connections", "rate", "arrival", "thinkMs", "pipeline", "rampMs", "startMs", "intervalMs",
                  "chunkBytes", "noDelay", "sendBufferBytes", "receiveBufferBytes"},
                 "A client");
  ClientSettings c;
  const std::string name = from.string_or("profile", "closed");
  size_t i = 0;
  while (i < std::size(profile_names) && name != profile_names[i]) ++i;
  if (i == std::size(profile_names))
    throw BadInput(
        "profile \"" + name +
        "\" is not known: choose closed, rate, idle, slow-writer, slow-reader, churn, burst, half-close or reset.");
  c.profile = static_cast<Profile>(i);
  const wire::ProfileDefaults& usual = wire::profile_defaults[i];
  const auto whole = [&](const char* key, int64_t fallback, int64_t min, int64_t max) {
    return static_cast<uint32_t>(from.integer_or(key, fallback, min, max));
  };
  c.connections = whole("connections", 1, 1, 1'000'000);
  c.rate = from.number_or("rate", usual.rate, 0.001, 10'000'000);
  const std::string arrival = from.string_or("arrival", "constant");
  if (arrival != "constant" && arrival != "poisson") throw BadInput("arrival must be constant or poisson.");
  c.poisson = arrival == "poisson";
  c.think_ms = whole("thinkMs", usual.think_ms, 0, 3'600'000);
  c.interval_ms = whole("intervalMs", usual.interval_ms, 1, 3'600'000);
  if (c.profile == Profile::reset) c.think_ms = c.interval_ms;
  c.pipeline = whole("pipeline", usual.pipeline, 1, 1024);
  c.ramp_ms = whole("rampMs", 0, 0, 3'600'000);
  c.start_ms = whole("startMs", 0, 0, 3'600'000);
  c.chunk_bytes = whole("chunkBytes", usual.chunk_bytes, 1, 65'536);
  c.no_delay = from.boolean_or("noDelay", true);
  c.send_buffer = static_cast<int>(from.integer_or("sendBufferBytes", 0, 0, most_buffer_bytes));
  c.receive_buffer =
      static_cast<int>(from.integer_or("receiveBufferBytes", usual.receive_buffer_bytes, 0, most_buffer_bytes));
  return c;
}

// What may stand in a Host field (RFC 9110 7.2): a name or an address, and a port.
bool is_authority(std::string_view text) {
  constexpr std::string_view others = "-._~:[]";
  return !text.empty() && text.size() < 300 && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || others.find(c) != others.npos;
  });
}

// "unix:/path", or an address.
void parse_target(LoadSettings& read) {
  constexpr std::string_view scheme = "unix:";
  if (!read.target_text.starts_with(scheme))
    return parse_endpoint("target", read.target_text, read.target, read.target_size);
  const std::string path = read.target_text.substr(scheme.size());
  auto& address = reinterpret_cast<sockaddr_un&>(read.target);
  if (path.empty() || path.front() != '/' || path.size() >= sizeof address.sun_path)
    throw BadInput("target \"" + read.target_text +
                   "\" is not a socket's path such as unix:/run/server.sock, of at most " +
                   std::to_string(sizeof address.sun_path - 1) + " bytes.");
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, path.size());
  read.target_size = static_cast<socklen_t>(sizeof address);
}

}  // namespace

const char* profile_name(Profile profile) { return profile_names[static_cast<size_t>(profile)]; }

uint32_t ClientPlan::connections() const {
  uint32_t sum = 0;
  for (const ClientSettings& c : clients) sum += c.connections;
  return sum;
}

ClientPlan read_client_plan(const JsonValue& clients, uint32_t source_addresses) {
  if (!clients.is_array() || clients.array().empty()) throw BadInput("clients must be a list of at least one profile.");
  ClientPlan plan;
  for (const JsonValue& client : clients.array()) plan.clients.push_back(read_client(client));
  // Ephemeral ports end at some 28,000 an address and target: beyond that, more source addresses are needed.
  plan.source_addresses = std::max(source_addresses, plan.connections() / 20'000 + 1);
  return plan;
}

LoadSettings read_load_settings(const JsonValue& settings) {
  refuse_unknown(settings,
                 {"protocol",    "target",          "threads",        "cpus",         "durationMs", "warmupMs",
                  "timeoutMs",   "handler",         "responseBytes",  "requestBytes", "check",      "path",
                  "authority",   "sourceAddresses", "clients",        "requests",     "request",    "frames",
                  "allowRemote", "awaitsBegin",     "scheduleFromNs", "tls"},
                 "load");
  LoadSettings read;
  auto& t = read.traffic;
  const std::string protocol = settings.string_or("protocol", "http");
  if (protocol == "http")
    t.expected.protocol = Protocol::http;
  else if (protocol == "echo")
    t.expected.protocol = Protocol::echo;
  else if (protocol == "resp")
    t.expected.protocol = Protocol::resp;
  else
    throw BadInput("protocol \"" + protocol + "\" is not known: choose one of http, echo, resp.");
  const std::string handler = settings.string_or("handler", "respond");
  if (handler != "respond" && handler != "echo")
    throw BadInput("handler must be respond or echo: what the replies are.");
  t.expected.kind = handler == "echo" ? HandlerKind::echo : HandlerKind::respond;
  t.expected.response_bytes = static_cast<uint32_t>(settings.integer_or("responseBytes", 128, 0, max_body_bytes));
  t.request_bytes = static_cast<uint32_t>(
      settings.integer_or("requestBytes", t.expected.protocol == Protocol::echo ? 32 : 0, 0, max_body_bytes));
  t.path = settings.string_or("path", "/");
  const std::string check = settings.string_or("check", "exact");
  if (check != "exact" && check != "framing") throw BadInput("check must be exact or framing.");
  t.exact = check == "exact";
  const std::string authority = settings.string_or("authority", "localhost");
  if (!is_authority(authority)) throw BadInput("authority \"" + authority + "\" is none: give a name and a port.");
  if (const JsonValue* request = settings.find("request"); request != nullptr) {
    if (t.exact) throw BadInput("request is for servers that are not the lab's: it needs check framing.");
    t.request = read_request_settings(*request, t.expected.protocol);
  }
  if (const JsonValue* tls = settings.find("tls"); tls != nullptr) {
    if (!tls->is_object()) throw BadInput("tls must be an object.");
    refuse_unknown(*tls, {"host", "verify", "caFile"}, "tls");
    if (t.exact) throw BadInput("tls is for servers that are not the lab's: it needs check framing.");
    read.secure.on = true;
    read.secure.host = tls->string_or("host", "localhost");
    read.secure.verify = tls->boolean_or("verify", true);
    read.secure.ca_file = tls->string_or("caFile", "");
  }
  // The lab's own servers are asked by the bytes that their replies were reckoned from.
  if (!t.exact) t.request.authority = authority;
  read.target_text = settings.string_or("target", "");
  parse_target(read);
  const bool loopback = read.target.ss_family == AF_UNIX ? true
                        : read.target.ss_family == AF_INET
                            ? ntohl(reinterpret_cast<const sockaddr_in&>(read.target).sin_addr.s_addr) >> 24 == 127
                            : IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(read.target).sin6_addr);
  if (!loopback && !settings.boolean_or("allowRemote", false))
    throw BadInput("The target " + read.target_text + " is not on this machine; load goes to loopback only.");
  const auto whole = [&](const char* key, int64_t fallback, int64_t min, int64_t max) {
    return static_cast<uint32_t>(settings.integer_or(key, fallback, min, max));
  };
  read.threads = whole("threads", 1, 1, 64);
  read.duration_ms = whole("durationMs", 3000, 0, 86'400'000);
  read.warmup_ms = whole("warmupMs", 200, 0, 3'600'000);
  read.timeout_ms = whole("timeoutMs", 10'000, 1, 3'600'000);
  read.source_addresses = whole("sourceAddresses", 1, 1, 200);
  read.requests = static_cast<uint64_t>(settings.integer_or("requests", 0, 0, int64_t{1} << 52));
  read.cpus = settings.string_or("cpus", "");
  read.frames = settings.boolean_or("frames", false);
  read.awaits_begin = settings.boolean_or("awaitsBegin", false);
  read.schedule_from_ns = static_cast<uint64_t>(settings.integer_or("scheduleFromNs", 0, 0, int64_t{1} << 62));
  const JsonValue* clients = settings.find("clients");
  const JsonValue one{JsonValue::Array{JsonValue{JsonValue::Object{}}}};
  read.plan = read_client_plan(clients != nullptr ? *clients : one, read.source_addresses);
  return read;
}

}  // namespace fdscope
