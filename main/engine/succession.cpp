#include "succession.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>

#include "runtime/crew.hpp"
#include "sys/clock.hpp"
#include "telemetry/counters.hpp"

namespace fdscope {

namespace {

// A blocked thread is interrupted so often until it has seen that it is to return: less and less often, as one that is
// busy with the last interruption only has more to do.
constexpr std::chrono::milliseconds first_nudge_interval{2}, longest_nudge_interval{64};
// An engine that still lives so long after the word to stop has a fault, or nobody reads its frames; it ends all the
// same. A switch has no limit: requests that take long are let finish.
constexpr auto stop_limit = std::chrono::seconds(5);

std::string name(const ModelInfo& model) { return std::string("The model ") + model.id; }

}  // namespace

Succession::Succession(Server& server, ModelChoice first) : server_(server), current_(std::move(first)) {
  server_.on_stopping = [this] {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  };
  server_.on_serving = [this] { began(); };
  supervisor_ = std::thread([this] {
    telemetry::enter_thread("supervisor");
    supervise();
    telemetry::leave_thread();
  });
}

Succession::~Succession() {
  {
    const std::lock_guard lock(mutex_);
    phase_ = Phase::over;
    changed_.notify_all();
  }
  supervisor_.join();
  server_.on_stopping = server_.on_serving = nullptr;
}

void Succession::stop(const std::string& reason) {
  {
    const std::lock_guard lock(mutex_);
    if (!reason_.empty()) return;
    reason_ = reason;
  }
  server_.request_stop();
}

std::string Succession::reason() {
  const std::lock_guard lock(mutex_);
  return reason_.empty() ? "stopped" : reason_;
}

void Succession::switch_to(ModelChoice next, Answer answer) {
  const Availability availability = next.model->probe();
  if (!availability.available)
    throw BadInput(name(*next.model) + " is not available here: " + availability.reason +
                   (availability.enable.empty() ? "" : " To enable it: " + availability.enable));
  {
    const std::lock_guard lock(mutex_);
    if (!reason_.empty()) throw BadInput("The server is stopping.");
    if (switch_) throw BadInput("Another switch is under way; ask again when it is over.");
    if (!current_.model->hands_over)
      throw BadInput(name(*current_.model) +
                     " cannot hand over its connections, which live in its child processes: start a server under " +
                     next.model->id + " and let the clients connect anew.");
    if (next.model->fd_limit > 0 && server_.connections().beyond_select_count() > 0)
      throw BadInput(obstacle(*next.model));
    switch_ = Switch{std::move(next), std::move(answer), now_ns(), 0};
  }
  server_.request_stop();
}

std::string Succession::run() {
  std::string fatal;
  while (take_turns(run_one(), fatal)) continue;
  const std::lock_guard lock(mutex_);
  if (switch_) switch_->answer("The server was stopped before the switch was over.");
  switch_.reset();
  return fatal;
}

// Returns what made the model fail, or nothing.
std::string Succession::run_one() {
  const auto enter = [this](Phase phase) {
    const std::lock_guard lock(mutex_);
    phase_ = phase;
    changed_.notify_all();
  };
  std::string error;
  try {
    const std::unique_ptr<Model> model = current_.model->create(current_.options);
    if (current_.options.all().contains("backlog"))
      server_.use_backlog(static_cast<int>(current_.options.get("backlog")));
    enter(Phase::running);
    model->run(server_);
  } catch (const std::exception& failure) {
    error = failure.what();
    if (error.empty()) error = "unknown";
  }
  enter(Phase::between);
  return error;
}

// After a model has returned: prepares the next one. False where none is to follow.
bool Succession::take_turns(const std::string& error, std::string& fatal) {
  const std::lock_guard lock(mutex_);
  if (!error.empty()) {
    if (!handing_over_) {
      fatal = name(*current_.model) + " could not go on: " + error + ".";
      return false;
    }
    switch_->answer(name(*current_.model) + " could not begin: " + error + ". " + previous_.model->id +
                    " serves again.");
    current_ = previous_;
    switch_.reset();
    handing_over_ = false;
  } else if (reason_.empty() && switch_ && !handing_over_) {
    if (const std::string sentence = obstacle(*switch_->next.model); !sentence.empty()) {
      switch_->answer(sentence);
      switch_.reset();
    } else {
      previous_ = current_;
      current_ = switch_->next;
      switch_->kept_connections = server_.connections().open_count();
      handing_over_ = true;
    }
  }
  if (!reason_.empty()) return false;
  server_.clear_stop();
  return true;
}

// On a thread of the model that serves from here on.
void Succession::began() {
  const std::lock_guard lock(mutex_);
  if (!handing_over_ || !switch_) return;
  handing_over_ = false;
  const Handover handover{previous_.model, now_ns() - switch_->asked_ns, switch_->kept_connections};
  if (on_switched) on_switched(model_json(current_, handover));
  switch_->answer("");
  switch_.reset();
}

void Succession::supervise() {
  std::optional<std::chrono::steady_clock::time_point> limit;
  auto nudge_interval = first_nudge_interval;
  std::unique_lock lock(mutex_);
  for (;;) {
    if (phase_ == Phase::over) return;
    if (phase_ != Phase::running || !server_.stopping()) nudge_interval = first_nudge_interval;
    if (!reason_.empty() && !limit) limit = std::chrono::steady_clock::now() + stop_limit;
    if (limit && std::chrono::steady_clock::now() > *limit) {
      std::fprintf(stderr, "%s within %lld s; the engine ends itself.\n",
                   phase_ == Phase::running ? "The model did not stop" : "The last frames could not be sent",
                   static_cast<long long>(stop_limit.count()));
      _exit(1);
    }
    if (phase_ == Phase::running && server_.stopping()) {
      lock.unlock();
      Crew::nudge_all();
      lock.lock();
      changed_.wait_for(lock, nudge_interval);
      nudge_interval = std::min(nudge_interval * 2, longest_nudge_interval);
    } else if (limit) {
      changed_.wait_until(lock, *limit);
    } else {
      changed_.wait(lock);
    }
  }
}

// Why a model cannot take over the open connections, or nothing. Of descriptors beyond its limit all are known only
// while no model runs; before that, the clients' are.
std::string Succession::obstacle(const ModelInfo& next) {
  if (next.fd_limit == 0) return "";
  int highest = -1;
  if (phase_ == Phase::running) {
    if (server_.connections().beyond_select_count() == 0) return "";
  } else {
    for (const Connection* c : server_.connections().all())
      highest = std::max({highest, c->client_fd(), c->upstream_fd()});
    if (highest < next.fd_limit) return "";
  }
  return name(next) + " cannot take over: open connections have descriptors of " + std::to_string(next.fd_limit) +
         " or more, which it has no bit for; close some connections first.";
}

}  // namespace fdscope
