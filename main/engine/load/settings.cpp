#include "load/settings.hpp"

#include <algorithm>
#include <set>

#include "serve_settings.hpp"

namespace fdscope {

namespace {

constexpr uint64_t ms = 1'000'000;
constexpr int64_t day_ms = 86'400'000;
// Of the 28,232 ephemeral ports that an address has by default; the rest is left to TIME_WAIT and to others.
constexpr uint64_t connections_per_address = 20'000;

const std::set<std::string> profile_keys{"profile", "connections", "rate",     "arrival",    "thinkMs",       "pipeline",
                                         "rampMs",  "startMs",     "chunkBytes", "intervalMs", "bytesPerSecond"};
const std::set<std::string> run_keys{"protocol", "target",       "threads",      "cpus",  "durationMs", "warmupMs",
                                     "timeoutMs", "handler",     "responseBytes", "requestBytes", "check", "path",
                                     "sourceAddresses", "clients", "requests", "allowRemote", "frames"};

template <class Value>
Value one_of(const JsonValue& settings, const std::string& key, const std::string& fallback,
             std::initializer_list<std::pair<const char*, Value>> choices) {
  const std::string name = settings.string_or(key, fallback);
  std::string known;
  for (const auto& [choice, value] : choices) {
    if (name == choice) return value;
    known += (known.empty() ? "" : ", ") + std::string(choice);
  }
  throw BadInput(key + " \"" + name + "\" is not known: choose one of " + known + ".");
}

uint64_t ns_of(const JsonValue& from, const char* key, double fallback_ms) {
  return static_cast<uint64_t>(from.number_or(key, fallback_ms, 0, static_cast<double>(day_ms)) * ms);
}

Profile read_profile(const JsonValue& from) {
  Profile p;
  p.kind = one_of<ProfileKind>(from, "profile", "closed",
                               {{"closed", ProfileKind::closed},
                                {"rate", ProfileKind::rate},
                                {"idle", ProfileKind::idle},
                                {"slow-writer", ProfileKind::slow_writer},
                                {"slow-reader", ProfileKind::slow_reader},
                                {"churn", ProfileKind::churn},
                                {"burst", ProfileKind::burst},
                                {"half-close", ProfileKind::half_close},
                                {"reset", ProfileKind::reset}});
  p.connections = static_cast<uint32_t>(from.integer_or("connections", 1, 1, 1'000'000));
  p.rate = from.number_or("rate", 0, 0, 1e7);
  p.poisson = one_of<bool>(from, "arrival", "constant", {{"constant", false}, {"poisson", true}});
  p.think_ns = ns_of(from, "thinkMs", 0);
  p.ramp_ns = ns_of(from, "rampMs", 0);
  p.start_ns = ns_of(from, "startMs", 0);
  p.pipeline = static_cast<uint32_t>(from.integer_or("pipeline", 1, 1, 1024));
  const bool slow_reader = p.kind == ProfileKind::slow_reader;
  p.chunk_bytes = static_cast<uint32_t>(from.integer_or("chunkBytes", slow_reader ? 512 : 1, 1, 65'536));
  p.interval_ns = ns_of(from, "intervalMs", p.kind == ProfileKind::reset ? 10 : 100);
  const double bytes_per_second = from.number_or("bytesPerSecond", 0, 0, 1e9);
  if (bytes_per_second > 0 && from.find("intervalMs") == nullptr)
    p.interval_ns = static_cast<uint64_t>(p.chunk_bytes * 1e9 / bytes_per_second);
  const bool paced =
      p.kind == ProfileKind::slow_writer || slow_reader || p.kind == ProfileKind::burst || p.kind == ProfileKind::reset;
  if (paced && p.interval_ns < 10'000) throw BadInput("intervalMs must be at least 0.01 for this profile.");
  if (p.kind == ProfileKind::rate && p.rate <= 0)
    throw BadInput("The profile rate needs a rate: requests per second over all its connections.");
  if (p.kind != ProfileKind::rate && p.rate > 0) throw BadInput("A rate goes with the profile rate only.");
  if (p.pipeline > 1 && p.kind != ProfileKind::closed && p.kind != ProfileKind::burst)
    throw BadInput("A pipeline goes with the profiles closed and burst only.");
  return p;
}

bool loopback(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET)
    return ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr) >> 24 == 127;
  return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
}

void read_traffic(const JsonValue& given, TrafficSettings& t) {
  t.protocol = one_of<Protocol>(given, "protocol", "http",
                                {{"http", Protocol::http}, {"echo", Protocol::echo}, {"resp", Protocol::resp}});
  // What a forwarding server relays is its upstream's reply: it is checked as that of respond or echo.
  t.echo = one_of<bool>(given, "handler", "respond", {{"echo", true}, {"respond", false}});
  t.exact = one_of<bool>(given, "check", "exact", {{"exact", true}, {"framing", false}});
  t.response_bytes = static_cast<uint32_t>(given.integer_or("responseBytes", 128, 0, max_body_bytes));
  t.request_bytes = static_cast<uint32_t>(
      given.integer_or("requestBytes", t.protocol == Protocol::echo ? 32 : 0, 0, max_body_bytes));
  t.path = given.string_or("path", "/");
  const auto unfit = [](char c) { return c <= ' ' || c > '~'; };
  if (t.path.empty() || t.path[0] != '/' || t.path.size() > 4096 || std::any_of(t.path.begin(), t.path.end(), unfit))
    throw BadInput("path must begin with / and hold neither spaces nor control characters.");
}

}  // namespace

uint64_t LoadSettings::connections() const {
  uint64_t sum = 0;
  for (const Profile& p : clients) sum += p.connections;
  return sum;
}

LoadSettings read_load_settings(const JsonValue& given) {
  LoadSettings s;
  const bool mixed = given.find("clients") != nullptr;
  for (const auto& [key, value] : given.object())
    if (!run_keys.contains(key) && (mixed || !profile_keys.contains(key)))
      throw BadInput("load has no setting \"" + key + "\".");
  read_traffic(given, s.traffic);
  s.protocol_name = given.string_or("protocol", "http");
  s.target_name = given.string_or("target", "");
  if (s.target_name.empty()) throw BadInput("load needs a target such as 127.0.0.1:8080.");
  parse_endpoint("target", s.target_name, s.target, s.target_size);
  s.traffic.host = s.target_name;
  if (!loopback(s.target) && !given.boolean_or("allowRemote", false))
    throw BadInput("The target " + s.target_name +
                   " is not on this machine: load goes to loopback addresses only, unless allowRemote is true.");
  s.threads = static_cast<uint32_t>(given.integer_or("threads", 1, 1, 256));
  s.cpus = given.string_or("cpus", "");
  s.frames = given.boolean_or("frames", false);
  s.requests = static_cast<uint64_t>(given.integer_or("requests", 0, 0, int64_t{1} << 50));
  // A run by count has its whole length to count in: no warm-up, and time is only a bound.
  s.duration_ns = ns_of(given, "durationMs", s.requests > 0 ? 600'000 : 3000);
  s.warmup_ns = ns_of(given, "warmupMs", s.requests > 0 ? 0 : 200);
  s.timeout_ns = std::max<uint64_t>(ns_of(given, "timeoutMs", 10'000), ms);

  if (mixed) {
    const JsonValue& clients = *given.find("clients");
    if (!clients.is_array() || clients.array().empty() || clients.array().size() > 64)
      throw BadInput("clients must be a list of 1 to 64 profiles.");
    for (const JsonValue& client : clients.array()) {
      if (!client.is_object()) throw BadInput("Each of clients must be an object with a profile.");
      for (const auto& [key, value] : client.object())
        if (!profile_keys.contains(key)) throw BadInput("A client profile has no setting \"" + key + "\".");
      s.clients.push_back(read_profile(client));
    }
  } else {
    s.clients.push_back(read_profile(given));
  }

  const bool spread = s.target.ss_family == AF_INET && loopback(s.target);
  const int64_t needed = static_cast<int64_t>((s.connections() - 1) / connections_per_address + 1);
  s.source_addresses = static_cast<uint32_t>(given.integer_or("sourceAddresses", spread ? std::min<int64_t>(needed, 200) : 1, 1, 200));
  if (s.source_addresses > 1 && !spread) throw BadInput("sourceAddresses needs a target in 127.0.0.0/8.");
  return s;
}

}  // namespace fdscope
