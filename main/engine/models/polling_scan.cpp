// Polling, one thread that sweeps: it tries every socket in turn, with reads that never block, and starts over.
//
// System calls: accept4, read, write, close; most reads return EAGAIN.
// Cost: a whole core, and a read for every connection in every sweep: ten thousand idle ones make each request slow.
// Kernel: any. Watch: system calls per request grow with the number of connections, not with the work.
#include <algorithm>

#include "runtime/model.hpp"
#include "runtime/nonblocking.hpp"
#include "sys/clock.hpp"
#include "telemetry/steps.hpp"

namespace fdscope {
namespace {

class PollingScan final : public Model {
 public:
  void run(Server& server) override {
    server.use_blocking_sockets(false);
    open_ = server.connections().all();
    server.serving();

    while (!server.stopping()) {
      STEP("ask for new clients");
      server.accept_some([this](Connection& c) { open_.push_back(&c); });
      for (Connection* c : open_) visit(*c);
      // Those that are over are closed behind the sweep, so that the list does not change under it.
      std::erase_if(open_, [&](Connection* c) {
        if (c->need() != Need::close) return false;
        STEP("close");
        server.close(*c);
        return true;
      });
    }
  }

 private:
  // One try on one socket, whatever it needs just now.
  void visit(Connection& c) {
    switch (c.need()) {
      case Need::read: {
        STEP("try to read; mostly there is nothing");
        if (!c.received(sys::read(c.fd(), c.room())) || c.need() != Need::write) return;
        [[fallthrough]];  // what was just read is answered at once
      }
      case Need::write: {
        STEP("try to write");
        c.sent(sys::write(c.fd(), c.pending()));
        return;
      }
      case Need::connect: try_connect(c); return;
      case Need::pause:
        if (now_ns() >= c.resume_at_ns()) c.resumed();
        return;
      case Need::close: return;
    }
  }

  std::vector<Connection*> open_;
};

}  // namespace

extern const ModelInfo polling_scan{
    "polling-scan",
    "one thread tries every socket in turn, without end",
    "non-blocking",
    "event-loop",
    "models/polling_scan.cpp",
    {backlog_option()},
    always_available,
    [](const ModelOptions&) -> std::unique_ptr<Model> { return std::make_unique<PollingScan>(); }};

}  // namespace fdscope
