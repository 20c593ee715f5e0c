#include "sources.hpp"

#include <cstdio>
#include <string>

#include "runtime/model.hpp"
#include "serve_messages.hpp"

// Written by the Makefile, with the files' very bytes; the last one has no path.
struct EmbeddedSource {
  const char* path;
  const char* begin;
  const char* end;
};
extern "C" const EmbeddedSource fdscope_embedded_sources[];

namespace fdscope {

std::string_view embedded_source(std::string_view path) {
  for (const EmbeddedSource* s = fdscope_embedded_sources; s->path != nullptr; ++s)
    if (path == s->path) return {s->begin, static_cast<size_t>(s->end - s->begin)};
  return {};
}

int source_command(const JsonValue& settings) {
  for (const auto& [key, value] : settings.object())
    if (key != "model") throw BadInput("source takes --model only, not \"" + key + "\".");
  const std::string id = settings.string_or("model", "");
  if (id.empty()) throw BadInput("Say which model's source: fdscope-engine source --model epoll-lt.");
  const ModelInfo* model = find_model(id);
  if (model == nullptr) throw BadInput("There is no model \"" + id + "\": `fdscope-engine models` lists them.");
  std::printf("{\"model\":%s,\"path\":%s,\"language\":\"cpp\",\"text\":%s,%s}\n", json_quote(id).c_str(),
              json_quote(std::string("main/engine/") + model->source_file).c_str(),
              json_quote(embedded_source(model->source_file)).c_str(), steps_json(*model).c_str());
  return 0;
}

}  // namespace fdscope
