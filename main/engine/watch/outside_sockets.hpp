// The sockets of a server that is watched, by what the kernel's list says of its port: addresses, queues, TCP states,
// and how far each connection has come. Sends the frames opened, fdShares and fdStates.
//
// The server does not tell what it does, but the kernel does, byte by byte: what the peer has sent less what lies in
// the receive queue has been read; what the peer has acknowledged plus what lies in the send queue has been written. So
// a socket was served between two looks where either grew, and waits where bytes lie in its queue and nobody has read
// since. Both are seen at the looks, so a wait is a lower bound. What came and went between two looks is not seen. Of
// the time between two looks a socket's state is known where nothing moved on it: idle, or waiting with what lay there
// before. Where something moved, all that time is unknown: how much of it was service cannot be seen from outside.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "sys/inet_diag.hpp"
#include "telemetry/frame_writer.hpp"
#include "telemetry/records.hpp"
#include "watch/outside_threads.hpp"
#include "watch/process_tree.hpp"

namespace fdscope::watch {

struct SocketFigures {
  uint64_t open_connections = 0;
  // Of the listeners: connections that wait for accept(), and how many may.
  uint64_t accept_queue = 0, accept_backlog = 0;
  // Read and written on all connections, as far as the looks have seen.
  uint64_t bytes_in = 0, bytes_out = 0;
};

class OutsideSockets {
 public:
  OutsideSockets(telemetry::FrameWriter& writer, int family, uint16_t port)
      : writer_(writer), family_(family), port_(port) {}
  // Looks where it is time to, which is as often as it costs at most 2% of a core, at the descriptors of the tree's
  // processes, which `threads` has met.
  void tick(uint64_t time_ns, const ProcessTree& tree, const OutsideThreads& threads);
  const SocketFigures& figures() const { return figures_; }

 private:
  struct Seen {
    uint32_t connection_id = 0;
    int32_t fd = wire::no_fd;
    uint8_t role = 0;
    uint64_t read_bytes = 0, written_bytes = 0;
    uint64_t waiting_since_ns = 0;
    uint64_t look = 0;  // the number of the last one that found it
    // As of the look before this one.
    uint64_t received_bytes = 0;
    uint32_t queued = 0;
    telemetry::FdStateRecord sent;
  };

  // A socket's number in the process that has it.
  struct Descriptor {
    int32_t fd = wire::no_fd;
    int32_t pid = 0;  // 0: several have it, or nobody knows for how long this one has
  };

  void look(uint64_t time_ns, const OutsideThreads& threads, bool is_whole);
  // Descriptors of sockets by their inodes, where it is not too soon to list them.
  void find_descriptors(uint64_t time_ns, const ProcessTree& tree);
  void announce(const TcpSocketRow& row, Seen& seen, uint64_t time_ns, uint16_t process_thread,
                telemetry::RecordFrames<telemetry::OpenedRecord>& frames);
  void report(const TcpSocketRow& row, Seen& seen, uint64_t time_ns,
              telemetry::RecordFrames<telemetry::FdStateRecord>& frames);
  // What a socket was in since the look before, told before its states are.
  void tell_shares(telemetry::FrameBatch& batch, uint64_t time_ns, bool is_whole);
  static wire::Share share_of(const TcpSocketRow& row, const Seen& seen);

  telemetry::FrameWriter& writer_;
  InetDiag diag_;
  const int family_;
  const uint16_t port_;
  std::vector<TcpSocketRow> rows_;
  std::unordered_map<uint32_t, Seen> seen_;       // by inode
  std::unordered_map<uint32_t, Descriptor> fds_;  // by inode, as last listed
  std::unordered_set<uint32_t> unlisted_;         // not among them though they were looked for
  SocketFigures figures_;
  uint64_t look_ = 0, last_look_ns_ = 0, next_look_ns_ = 0, next_listing_ns_ = 0;
  uint32_t next_id_ = 1;
};

}  // namespace fdscope::watch
