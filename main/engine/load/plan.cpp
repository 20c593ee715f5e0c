// Which clients a loop has. A change keeps every connection that still fits: a group goes on under the new settings of
// its profile, and what it has too many of joins groups that have too few, each client once its exchange is over.
#include <algorithm>

#include "load/loop.hpp"
#include "sys/calls.hpp"

namespace fdscope {

namespace {

constexpr uint64_t ms = 1'000'000;

// Profiles whose connections are alike: opened in the same way, and still open when an exchange is over.
bool is_plain(Profile profile) {
  return profile == Profile::closed || profile == Profile::rate || profile == Profile::idle ||
         profile == Profile::slow_writer || profile == Profile::burst;
}

}  // namespace

void LoadLoop::follow_plan(uint64_t now) {
  plan_number_ = state_.plan_number.load(std::memory_order_acquire);
  const std::shared_ptr<const ClientPlan> plan = state_.plan();
  source_addresses_ = plan->source_addresses;

  std::vector<uint32_t> wanted;
  std::vector<std::shared_ptr<Group>> groups = match_groups(*plan, wanted, now);
  std::vector<uint32_t> missing = wanted;
  std::vector<Client*> spare;
  for (Client& c : clients_) {
    if (!c.group) continue;
    // Where it was on its way to at the last change counts, not where it still is.
    const Group* belongs = c.fate == Fate::stays ? c.group.get() : c.next_group.get();
    const auto at = std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.get() == belongs; });
    const auto place = static_cast<size_t>(at - groups.begin());
    if (at != groups.end() && missing[place] > 0)
      --missing[place];
    else
      spare.push_back(&c);
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    if (!is_plain(groups[i]->settings.profile)) continue;
    for (auto c = spare.begin(); c != spare.end() && missing[i] > 0;) {
      // One whose connection is not of this kind, or that has none yet (its ramp is another's), is no gain.
      if (!is_plain((*c)->group->settings.profile) || (*c)->fd < 0) {
        ++c;
        continue;
      }
      decide(**c, Fate::moves, groups[i]);
      --missing[i];
      c = spare.erase(c);
    }
  }
  for (Client* c : spare) decide(*c, Fate::leaves);
  groups_ = std::move(groups);
  // Last, as it may move the clients in memory.
  for (size_t i = 0; i < groups_.size(); ++i) add_clients(groups_[i], missing[i], now);
}

// A group for each profile of the plan that has clients in this loop: where there is one of that profile already, it
// goes on under the new settings. `wanted` is how many clients each is to have.
std::vector<std::shared_ptr<Group>> LoadLoop::match_groups(const ClientPlan& plan, std::vector<uint32_t>& wanted,
                                                           uint64_t now) {
  std::vector<std::shared_ptr<Group>> old = groups_, matched;
  for (const ClientSettings& c : plan.clients) {
    const uint32_t mine = c.connections / count_ + (index_ < c.connections % count_ ? 1 : 0);
    if (mine == 0) continue;
    const auto same =
        std::find_if(old.begin(), old.end(), [&](const auto& g) { return g->settings.profile == c.profile; });
    std::shared_ptr<Group> group = same == old.end() ? std::make_shared<Group>() : *same;
    if (same != old.end()) old.erase(same);
    group->settings = c;
    if (c.profile == Profile::rate)
      group->schedule.set(1e9 / (c.rate * mine / c.connections), c.poisson, now, double(index_) / count_,
                          settings_.schedule_from_ns);
    matched.push_back(std::move(group));
    wanted.push_back(mine);
  }
  return matched;
}

void LoadLoop::add_clients(const std::shared_ptr<Group>& group, uint32_t count, uint64_t now) {
  const ClientSettings& s = group->settings;
  for (uint32_t i = 0; i < count; ++i) {
    if (vacant_.empty()) {
      vacant_.push_back(static_cast<uint32_t>(clients_.size()));
      clients_.emplace_back().index = vacant_.back();
    }
    Client& c = clients_[vacant_.back()];
    vacant_.pop_back();
    c.group = group;
    c.failures = 0;
    const uint64_t delay = s.start_ms * ms + s.ramp_ms * ms * i / count;
    if (delay == 0)
      connect(c);
    else
      timer(c, now + delay);
  }
}

void LoadLoop::decide(Client& c, Fate fate, std::shared_ptr<Group> next) {
  c.fate = fate;
  c.next_group = std::move(next);
  if (c.phase == Phase::resting || c.phase == Phase::absent) meet_fate(c);
}

// Called where a client has nothing in flight. False where it goes on as it is.
bool LoadLoop::meet_fate(Client& c) {
  if (c.fate == Fate::stays) return false;
  const Fate fate = std::exchange(c.fate, Fate::stays);
  const std::shared_ptr<Group> next = std::exchange(c.next_group, nullptr);
  if (fate == Fate::leaves || c.fd < 0) {
    close(c);
    c.asked = c.answered = false;
    c.group = next;
    // One that has lost its connection meanwhile opens another.
    if (next)
      timer(c, 0);
    else
      vacant_.push_back(c.index);
    return true;
  }
  // Timers of its former group are not for it any more.
  ++c.serial;
  c.group = next;
  c.watched = 0;
  sys::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, c.fd, 0, 0);  // it is in the set: cannot fail
  watch(c, EPOLLIN);
  ready(c);
  return true;
}

}  // namespace fdscope
