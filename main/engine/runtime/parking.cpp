#include "runtime/parking.hpp"

#include "sys/calls.hpp"
#include "sys/clock.hpp"

namespace fdscope {

static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT && EPOLLHUP == POLLHUP && EPOLLERR == POLLERR);

Parking::Parking(Server& server, Backend backend, size_t batch) : server_(server), backend_(backend) {
  if (backend_ == Backend::poll) {
    polled_ = {{server.listener(), POLLIN, 0}, {server.wake_fd(), POLLIN, 0}};
    polled_refs_ = {listener_tag, wake_tag};
    return;
  }
  events_.resize(batch);
  epoll_ = open_epoll(server.wake_fd());
  watch_always(epoll_, server.listener(), EPOLLIN, listener_tag);
}

Parking::Waiter& Parking::waiter(const Connection& c) {
  if (c.slot >= waiters_.size()) waiters_.resize(size_t{c.slot} + 64);
  return waiters_[c.slot];
}

bool Parking::until_ready(Connection& c, uint32_t events) {
  waiter(c) = {events, c.on_upstream(), 0};
  if (backend_ == Backend::poll) {
    poll_for(c, c.fd(), events);
    return true;
  }
  Connection::Watch& watch = c.watch();
  if (watch.index == 1 && watch.events == events) return true;
  return watch_socket(epoll_, watch, c.fd(), events, event_tag(c));
}

void Parking::until(Connection& c, uint64_t at_ns) {
  waiter(c) = {0, false, at_ns};
  if (backend_ == Backend::poll) poll_for(c, -1, 0);  // poll skips negative descriptors
  if (at_ns == Connection::never_ns) return;
  deadlines_.push({at_ns, c.ref()});
  telemetry::timer_set(c.client_fd(), c.id, at_ns);
}

void Parking::poll_for(Connection& c, int fd, uint32_t events) {
  if (c.client_watch.index == 0) {
    c.client_watch.index = static_cast<uint32_t>(polled_.size());
    polled_.push_back({});
    polled_refs_.push_back(c.ref());
  }
  polled_[c.client_watch.index] = {fd, static_cast<short>(events), 0};
  polled_refs_[c.client_watch.index] = event_tag(c);
}

void Parking::forget(Connection& c) {
  waiter(c) = {};
  // epoll forgets a socket by itself when it is closed.
  if (backend_ == Backend::epoll || c.client_watch.index == 0) return;
  const uint32_t place = c.client_watch.index;
  c.client_watch = {};
  polled_[place] = polled_.back();
  polled_refs_[place] = polled_refs_.back();
  polled_.pop_back();
  polled_refs_.pop_back();
  if (place == polled_.size()) return;
  if (Connection* moved = server_.connections().find(polled_refs_[place] & ~upstream_bit))
    moved->client_watch.index = place;
}

int Parking::timeout_ms() const {
  if (deadlines_.empty()) return -1;
  const uint64_t now = now_ns(), due = deadlines_.top().at_ns;
  return due <= now ? 0 : static_cast<int>((due - now + 999'999) / 1'000'000);
}

void Parking::add_ready(uint64_t tag, uint32_t events) {
  if (tag == wake_tag) return;
  if (tag == listener_tag)
    ready_.push_back({tag, false, events});
  else
    ready_.push_back({tag & ~upstream_bit, (tag & upstream_bit) != 0, events});
}

std::span<const Parking::Ready> Parking::wait() {
  ready_.clear();
  if (backend_ == Backend::epoll) {
    const int count = sys::epoll_wait(epoll_.get(), events_, timeout_ms());
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events_[static_cast<size_t>(i)];
      add_ready(event.data.u64, event.events);
    }
  } else {
    int left = sys::poll(polled_, timeout_ms());
    for (size_t i = 0; i < polled_.size() && left > 0; ++i) {
      if (polled_[i].revents == 0) continue;
      --left;
      add_ready(polled_refs_[i], static_cast<uint32_t>(static_cast<unsigned short>(polled_[i].revents)));
    }
  }
  return ready_;
}

Connection* Parking::awaited(const Ready& ready) {
  Connection* c = server_.connections().find(ready.ref);
  if (c == nullptr) return nullptr;  // closed by an earlier report of the same batch
  Waiter& w = waiter(*c);
  if (w.events != 0 && w.upstream == ready.upstream) {
    w = {};
    return c;
  }
  if (backend_ == Backend::poll) return nullptr;  // a stale report of the same batch
  if (!ready.upstream && (ready.events & (EPOLLHUP | EPOLLERR)) != 0) {
    // It would be reported for ever, whatever is asked for.
    w = {};
    c->peer_lost();
    return c;
  }
  switch_off(*c, ready);
  return nullptr;
}

void Parking::switch_off(Connection& c, const Ready& ready) {
  const int fd = ready.upstream ? c.upstream_fd() : c.client_fd();
  Connection::Watch& watch = ready.upstream ? c.upstream_watch : c.client_watch;
  if (fd < 0 || watch.index == 0) return;
  const uint64_t tag = ready.upstream ? c.ref() | upstream_bit : c.ref();
  const bool is_lost = (ready.events & (EPOLLHUP | EPOLLERR)) != 0;
  if (!is_lost && (watch.events == 0 || sys::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, 0, tag) == 0)) {
    watch.events = 0;
    return;
  }
  sys::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, 0, 0);  // it is in the set: cannot fail
  watch = {};
}

Connection* Parking::next_overdue() {
  while (!deadlines_.empty() && deadlines_.top().at_ns <= now_ns()) {
    const Deadline deadline = deadlines_.top();
    deadlines_.pop();
    Connection* c = server_.connections().find(deadline.ref);
    if (c == nullptr || waiter(*c).until_ns != deadline.at_ns) continue;
    waiter(*c) = {};
    telemetry::timer_fired(c->client_fd(), c->id, deadline.at_ns);
    return c;
  }
  return nullptr;
}

}  // namespace fdscope
