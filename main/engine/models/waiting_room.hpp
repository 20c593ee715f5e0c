// Where coroutines wait: epoll or poll says which connection may go on. What both coroutine models share.
//
// Level-triggered, and a registration is changed only where the wanted events differ: in the steady state of a
// keep-alive client none is. A connection that waits for a timer is disarmed only once it is reported all the same.
#pragma once

#include "models/nonblocking.hpp"
#include "models/timers.hpp"

namespace fdscope {

class WaitingRoom {
 public:
  enum class Backend { epoll, poll };
  static constexpr uint64_t listener_tag = ~uint64_t{0}, wake_tag = ~uint64_t{0} - 1;

  WaitingRoom(Server& server, Backend backend) : server_(server), backend_(backend), events_(256) {
    if (backend == Backend::poll) {
      fds_ = {{server.listener(), POLLIN, 0}, {server.wake_fd(), POLLIN, 0}};
      refs_ = {listener_tag, wake_tag};
      return;
    }
    epoll_.reset(sys::epoll_create1(EPOLL_CLOEXEC));
    sys::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, server.listener(), EPOLLIN, listener_tag);
    sys::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, server.wake_fd(), EPOLLIN, wake_tag);
  }

  // From here on the connection is reported when its fd() is readable (EPOLLIN) or writable (EPOLLOUT).
  void want(Connection& c, uint32_t events) {
    if (backend_ == Backend::poll) return want_poll(c, events);
    Connection::Watch& watch = c.watch();
    if (watch.index == 1 && watch.events == events) return;
    sys::epoll_ctl(epoll_.get(), watch.index == 1 ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, c.fd(), events, c.ref());
    watch = {events, 1};
  }
  void pause(Connection& c) {
    if (backend_ == Backend::poll) want_poll(c, 0);
    timers_.add(c);
  }
  // Before the connection is closed.
  void leave(Connection& c) {
    const uint32_t place = c.client_watch.index;
    if (backend_ != Backend::poll || place == 0) return;
    fds_[place] = fds_.back();
    refs_[place] = refs_.back();
    if (Connection* moved = server_.connections().find(refs_[place])) moved->client_watch.index = place;
    fds_.pop_back();
    refs_.pop_back();
    c.client_watch.index = 0;
  }

  // One wait: calls accept() for new clients, resume(connection) for each that may go on.
  template <class Accept, class Resume>
  void wait(Accept accept, Resume resume) {
    ready_.clear();
    if (backend_ == Backend::poll) {
      int ready = sys::poll(fds_, timers_.timeout_ms());
      for (size_t i = 0; ready > 0 && i < fds_.size(); ++i)
        if (fds_[i].revents != 0) ready_.push_back(refs_[i]), --ready;
    } else {
      const int ready = sys::epoll_wait(epoll_.get(), events_, timers_.timeout_ms());
      for (int i = 0; i < ready; ++i) ready_.push_back(events_[static_cast<size_t>(i)].data.u64);
    }
    for (const uint64_t ref : ready_) {
      if (ref == wake_tag) return;
      if (ref == listener_tag) {
        accept();
        continue;
      }
      Connection* c = server_.connections().find(ref);
      if (c == nullptr) continue;
      if (c->need() == Need::pause) {
        disarm(*c);
      } else if (c->on_upstream() && c->client_watch.events != 0 && backend_ == Backend::epoll) {
        // It may be the client that is reported; while the upstream works it would be so again and again.
        sys::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, c->client_fd(), 0, ref);
        c->client_watch.events = 0;
        resume(*c);
      } else {
        resume(*c);
      }
    }
    const auto resume_paused = [&](Connection& c) { resume(c); };
    timers_.expire(server_, resume_paused);
  }

 private:
  void disarm(Connection& c) {
    if (c.client_watch.events == 0) return c.peer_lost();  // nothing was asked for, so it is an error or hang-up
    sys::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, c.client_fd(), 0, c.ref());
    c.client_watch.events = 0;
  }
  void want_poll(Connection& c, uint32_t events) {
    if (c.client_watch.index == 0) {
      c.client_watch.index = static_cast<uint32_t>(fds_.size());
      fds_.push_back({});
      refs_.push_back(c.ref());
    }
    // EPOLLIN and EPOLLOUT have the values of POLLIN and POLLOUT; a negative fd is passed over.
    fds_[c.client_watch.index] = {events == 0 ? -1 : c.fd(), static_cast<short>(events), 0};
  }

  Server& server_;
  Backend backend_;
  Fd epoll_;
  Timers timers_;
  std::vector<epoll_event> events_;
  std::vector<pollfd> fds_;
  std::vector<uint64_t> refs_, ready_;
};

}  // namespace fdscope
