#include "bench/look.hpp"

#include <dirent.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "sys/clock.hpp"
#include "sys/json.hpp"
#include "sys/proc_text.hpp"

namespace fdscope::bench {

namespace {

// A frame has room for a MiB, and the report of a call stands beside this.
constexpr size_t most_json = 900'000;

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

std::vector<int> fds_of(int32_t pid) {
  std::vector<int> fds;
  const Directory directory{::opendir(("/proc/" + std::to_string(pid) + "/fd").c_str()), ::closedir};
  if (!directory) return fds;
  while (const dirent* entry = ::readdir(directory.get()))
    if (entry->d_name[0] != '.') fds.push_back(std::atoi(entry->d_name));
  std::sort(fds.begin(), fds.end());
  return fds;
}

std::string linked(const std::string& path) {
  char text[256];
  const ssize_t n = ::readlink(path.c_str(), text, sizeof text);
  return {text, static_cast<size_t>(std::max<ssize_t>(n, 0))};
}

uint64_t number_in(const std::string& text, const char* key, int base) {
  const size_t at = text.find(key);
  return at == std::string::npos ? 0 : std::strtoull(text.c_str() + at + std::string_view(key).size(), nullptr, base);
}

std::string field(const char* name, uint64_t value) {
  return ",\"" + std::string(name) + "\":" + std::to_string(value);
}

// "tfd:        5 events:       19 data: ...  pos:0 ino:1b2 sdev:9", a line for each descriptor that is watched.
std::string watches_json(const std::string& info) {
  std::string json = ",\"watches\":[";
  bool first = true;
  for (size_t at = info.find("tfd:"); at != std::string::npos; at = info.find("tfd:", at + 4)) {
    const std::string line = info.substr(at, info.find('\n', at) - at);
    json += std::string(first ? "" : ",") + "{\"target\":" + std::to_string(number_in(line, "tfd:", 10)) +
            field("events", number_in(line, "events:", 16)) + field("inode", number_in(line, "ino:", 16)) + "}";
    first = false;
  }
  return json + "]";
}

std::string fd_json(int32_t pid, int fd, std::map<uint32_t, SocketHolder>& holders, int pidfd) {
  const std::string place = "/proc/" + std::to_string(pid);
  const std::string file = linked(place + "/fd/" + std::to_string(fd));
  const std::string info = proc::read_once(place + "/fdinfo/" + std::to_string(fd));
  if (file.empty() || info.empty()) return {};  // closed meanwhile
  std::string json = "{\"fd\":" + std::to_string(fd) + ",\"file\":" + json_quote(file) +
                     field("flags", number_in(info, "flags:", 8)) + field("position", number_in(info, "pos:", 10));
  if (file.starts_with("socket:[")) {
    const auto inode = static_cast<uint32_t>(number_in(file, "socket:[", 10));
    holders.try_emplace(inode, SocketHolder{pidfd, fd});
    json += field("inode", inode);
  } else {
    json += field("inode", number_in(info, "ino:", 10));
  }
  if (file == "anon_inode:[eventpoll]") json += watches_json(info);
  if (file == "anon_inode:[eventfd]") json += field("count", number_in(info, "eventfd-count:", 16));
  return json + "}";
}

std::string actor_json(const Actor& actor, const Process& process) {
  const bool asleep = actor.is_asleep && process.is_alive;
  std::string json = "{\"name\":" + json_quote(actor.name) + field("tid", static_cast<uint64_t>(actor.tid)) +
                     ",\"state\":" +
                     (!process.is_alive ? "\"gone\""
                      : asleep          ? "\"asleep\""
                                        : "\"ready\"");
  if (asleep) {
    const std::string task = "/proc/" + std::to_string(process.pid) + "/task/" + std::to_string(actor.tid);
    json += ",\"wchan\":" + json_quote(proc::read_once(task + "/wchan")) + field("since", actor.asked_ns) +
            field("id", static_cast<uint64_t>(actor.request_id));
  }
  return json + "}";
}

std::string end_json(const char* name, const SocketEnd& end) {
  const std::string key = ",\"" + std::string(name) + "\":";
  if (end.is_empty()) return key + "null";
  return key + "{\"host\":" + json_quote(end.host) + field("port", end.port) + "}";
}

std::string socket_json(const Sockets::Found& found) {
  const SocketRow& row = found.row;
  std::string json = "{\"inode\":" + std::to_string(row.inode) + field("family", static_cast<uint64_t>(row.family)) +
                     field("type", static_cast<uint64_t>(row.type)) + field("state", row.state) +
                     end_json("local", row.local) + end_json("peer", row.peer) + field("recvQueue", row.receive_queue) +
                     field("sendQueue", row.send_queue) + field("timer", row.timer) +
                     field("expiresMs", row.expires_ms) + field("retransmits", row.retransmits);
  if (row.peer_inode != 0) json += field("peerInode", row.peer_inode);
  if (row.has_transfer) {
    const Transfer& t = row.transfer;
    json += ",\"transfer\":{\"segmentsOut\":" + std::to_string(t.segments_out) + field("segmentsIn", t.segments_in) +
            field("dataSegmentsOut", t.data_segments_out) + field("dataSegmentsIn", t.data_segments_in) +
            field("bytesAcked", t.bytes_acked) + field("bytesReceived", t.bytes_received) +
            field("retransmits", t.retransmits) + "}";
  }
  if (!found.waiting.empty()) json += ",\"waiting\":\"" + hex(found.waiting.data(), found.waiting.size()) + "\"";
  return json + "}";
}

}  // namespace

std::string hex(const uint8_t* bytes, size_t count) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * count);
  for (size_t i = 0; i < count; ++i) {
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

std::string look_json(Troupe& troupe, Sockets& sockets) {
  std::map<uint32_t, SocketHolder> holders;
  std::set<std::string> notices;
  std::string json = "{\"timeNs\":" + std::to_string(now_ns()) + ",\"processes\":[";
  bool is_cut = false;
  const auto list = [&](auto&& items, const auto& text_of) {
    bool first = true;
    for (const auto& item : items) {
      if (json.size() > most_json) is_cut = true;
      const std::string text = is_cut ? "" : text_of(item);
      if (text.empty()) continue;
      json += (first ? "" : ",") + text;
      first = false;
    }
    json += "]";
  };
  bool first = true;
  for (const Process& process : troupe.processes()) {
    json += std::string(first ? "" : ",") + "{\"name\":" + json_quote(process.name) +
            field("pid", static_cast<uint64_t>(process.pid)) + field("descriptorLimit", process.descriptor_limit()) +
            ",\"state\":" + (process.is_alive ? "\"running\"" : "\"ended\"") + ",\"how\":" + json_quote(process.how) +
            ",\"actors\":[";
    first = false;
    list(troupe.actors_of(process), [&](const Actor* actor) { return actor_json(*actor, process); });
    json += ",\"fds\":[";
    list(process.is_alive ? fds_of(process.pid) : std::vector<int>{},
         [&](int fd) { return fd_json(process.pid, fd, holders, process.pidfd.get()); });
    json += "}";
  }
  json += "],\"sockets\":[";
  list(sockets.look(holders, notices), socket_json);
  if (is_cut) notices.insert("There is more on the bench than fits into one report: some of it is not shown.");
  json += ",\"notices\":[";
  list(notices, [](const std::string& text) { return json_quote(text); });
  return json + "}";
}

}  // namespace fdscope::bench
