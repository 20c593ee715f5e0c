// Every model, in the order of the catalogue: by family, each after what it improves upon.
#include "models/model.hpp"

namespace fdscope {

extern const ModelInfo blocking_iterative, blocking_fork, blocking_threads, blocking_pool;
extern const ModelInfo polling_threads, polling_scan;
extern const ModelInfo select_model, poll_model, epoll_lt, epoll_et;
extern const ModelInfo coroutine_stackful;

std::span<const ModelInfo* const> all_models() {
  static const ModelInfo* const models[] = {
      &blocking_iterative, &blocking_fork, &blocking_threads, &blocking_pool, &polling_threads, &polling_scan,
      &select_model,       &poll_model,       &epoll_lt,      &epoll_et,
      &coroutine_stackful,
  };
  return models;
}

const ModelInfo* find_model(const std::string& id) {
  for (const ModelInfo* model : all_models())
    if (id == model->id) return model;
  return nullptr;
}

}  // namespace fdscope
