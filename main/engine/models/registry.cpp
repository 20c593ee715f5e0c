// Every model, in the order of the catalogue: by family, each after what it improves upon.
#include "runtime/model.hpp"

namespace fdscope {

extern const ModelInfo blocking_iterative, blocking_fork, blocking_threads, blocking_pool;
extern const ModelInfo polling_threads, polling_scan;
extern const ModelInfo select_model, poll_model;
extern const ModelInfo epoll_lt, epoll_et, epoll_oneshot, epoll_reactors, epoll_shared;
extern const ModelInfo coroutine_stackless, coroutine_stackful;
extern const ModelInfo signal_driven;
extern const ModelInfo io_uring_model;

std::span<const ModelInfo* const> all_models() {
  static const ModelInfo* const models[] = {
      &blocking_iterative, &blocking_fork,       &blocking_threads,   &blocking_pool, &polling_threads, &polling_scan,
      &select_model,       &poll_model,          &epoll_lt,           &epoll_et,      &epoll_oneshot,   &epoll_reactors,
      &epoll_shared,       &coroutine_stackless, &coroutine_stackful, &signal_driven, &io_uring_model,
  };
  return models;
}

const ModelInfo* find_model(const std::string& id) {
  for (const ModelInfo* model : all_models())
    if (id == model->id) return model;
  return nullptr;
}

}  // namespace fdscope
