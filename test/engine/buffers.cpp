// What has come and what is to go: the connections' buffers against plain strings.
#include <algorithm>
#include <string>

#include "bytes_of.hpp"
#include "doctest.h"
#include "handlers/handler.hpp"
#include "handlers/input.hpp"
#include "handlers/output.hpp"
#include "handlers/pattern.hpp"

using namespace fdscope;

namespace {

std::string random_text(Random& random, size_t size) {
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

}  // namespace

TEST_CASE("Input holds what came and was not consumed, in its order, however it came") {
  Random random(7);
  Input input;
  std::string wanted;
  for (int round = 0; round < 3'000; ++round) {
    const size_t size = below(random, 8) == 0 ? below(random, 100'000) : below(random, 3'000);
    const std::string text = random_text(random, size);
    if (random() % 2 == 0) {
      input.append(bytes_of(text));
      wanted += text;
    } else {
      const auto room = input.room();
      REQUIRE(room.size() >= std::min<size_t>(Input::first_bytes, Input::most_at_once));
      REQUIRE(room.size() <= Input::most_at_once);
      const size_t taken = std::min(room.size(), text.size());
      std::copy_n(text.begin(), taken, room.begin());
      input.commit(taken);
      wanted += text.substr(0, taken);
    }
    const size_t consumed = random() % 3 == 0 ? wanted.size() : below(random, wanted.size() + 1);
    input.consume(consumed);
    wanted.erase(0, consumed);
    REQUIRE(input.size() == wanted.size());
    REQUIRE(input.empty() == wanted.empty());
    REQUIRE(text_of(input.view()) == wanted);
  }
}

TEST_CASE("Output hands out what was written, in its order, however little is taken at a time") {
  Random random(8);
  for (int round = 0; round < 400; ++round) {
    Output output;
    std::string wanted;
    for (size_t parts = 1 + below(random, 4); parts > 0; --parts) {
      const std::string text = random_text(random, below(random, 2'000));
      output.append(std::string_view(text));
      wanted += text;
    }
    if (round % 2 == 0) {
      const auto shared = pattern().first(below(random, 40'000));
      output.append_shared(shared);
      wanted += text_of(shared);
      CHECK(output.has_shared() == (shared.size() > Output::copy_at_most));
    }
    REQUIRE(output.size() == wanted.size());
    std::string taken;
    while (!output.empty()) {
      const auto pending = output.pending();
      REQUIRE(!pending.empty());
      const size_t some = 1 + below(random, pending.size());
      taken += text_of(pending.first(some));
      output.consume(some);
      REQUIRE(output.size() == wanted.size() - taken.size());
    }
    REQUIRE(taken == wanted);
    CHECK(output.size() == 0);
  }
}

TEST_CASE("a reply that is split goes out in so many pieces of nearly the same size") {
  for (const size_t size : {1u, 2u, 10u, 999u, 10'000u}) {
    for (const uint32_t chunks : {1u, 2u, 3u, 10u}) {
      CAPTURE(size);
      CAPTURE(chunks);
      Output output;
      output.append(std::string_view(std::string(size, 'x')));
      output.split(chunks);
      const size_t largest = (size + chunks - 1) / chunks;
      size_t pieces = 0;
      for (; !output.empty(); ++pieces) {
        const size_t piece = output.pending().size();
        CHECK(piece == std::min(largest, output.size()));
        // A write that takes a part of a piece leaves the rest of it, and no more.
        output.consume(piece / 2);
        if (piece / 2 > 0) CHECK(output.pending().size() == piece - piece / 2);
        output.consume(piece - piece / 2);
      }
      CHECK(pieces == (size + largest - 1) / largest);
    }
  }
}

TEST_CASE("what is relayed is read into the output, and only as much is kept as was read") {
  Output output;
  output.append(std::string_view("head "));
  const auto space = output.space(100);
  CHECK(space.size() == 100);
  std::copy_n("body and more", 13, space.begin());
  CHECK(text_of(output.space_view().first(4)) == "body");
  output.keep(4);
  CHECK(text_of(output.pending()) == "head body");
}

TEST_CASE("the body of the replies has at every place the byte that its position says") {
  const auto body = pattern();
  REQUIRE(body.size() == max_body_bytes);
  size_t wrong = 0;
  for (size_t i = 0; i < body.size(); ++i) wrong += body[i] != pattern_byte(i);
  CHECK(wrong == 0);
}
