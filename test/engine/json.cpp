// The reader of settings and commands: strict JSON, with the position of a mistake, and values with ranges.
#include "sys/json.hpp"

#include <string>
#include <vector>

#include "bytes_of.hpp"
#include "doctest.h"

using namespace fdscope;

namespace {

std::string refusal(std::string_view text) {
  CAPTURE(text);
  try {
    parse_json(text);
  } catch (const BadInput& bad) {
    return bad.what();
  }
  FAIL_CHECK("was taken");
  return "";
}

template <class Ask>
std::string sentence(Ask ask) {
  try {
    ask();
  } catch (const BadInput& bad) {
    return bad.what();
  }
  return "";
}

JsonValue arguments(const std::vector<const char*>& words) {
  return parse_arguments(static_cast<int>(words.size()), words.data());
}

const std::string document =
    R"({"command":"set","n":-12.5e1,"on":true,"off":false,"none":null,"list":[1,[],{}],"text":"a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"})";

}  // namespace

TEST_CASE("a document is read with all its kinds of values") {
  const JsonValue value = parse_json(" \t\r\n" + document + " \n");
  CHECK(value.object().size() == 7);
  CHECK(value.find("command")->string() == "set");
  CHECK(value.find("n")->number() == -125);
  CHECK(value.find("on")->boolean());
  CHECK_FALSE(value.find("off")->boolean());
  CHECK(value.object().at("none").is_null());
  CHECK(value.find("none") == nullptr);
  CHECK(value.find("absent") == nullptr);
  CHECK(value.find("list")->array().size() == 3);
  CHECK(value.find("text")->string() == "a\"\\/\b\f\n\r\té😀");
  CHECK(parse_json("[]").find("x") == nullptr);
}

TEST_CASE("a document that is cut at any byte is refused at a position within it") {
  for (size_t cut = 0; cut < document.size(); ++cut) {
    const std::string text = refusal(document.substr(0, cut));
    CAPTURE(cut);
    REQUIRE(text.starts_with("Not valid JSON at character "));
    CHECK(std::stoul(text.substr(28)) <= cut + 1);
  }
}

TEST_CASE("numbers are those of JSON and no others") {
  for (const auto& [text, number] :
       std::vector<std::pair<const char*, double>>{{"0", 0},
                                                   {"-0", 0},
                                                   {"10", 10},
                                                   {"0.5", 0.5},
                                                   {"1e3", 1000},
                                                   {"1E+3", 1000},
                                                   {"1e-3", 0.001},
                                                   {"1.7976931348623157e308", 1.7976931348623157e308},
                                                   {"9007199254740993", 9007199254740992.0}}) {
    CAPTURE(text);
    CHECK(parse_json(text).number() == number);
  }
  for (const char* text :
       {"01", "1.", ".5", "+1", "-", "1e", "1e+", "0x10", "inf", "nan", "NaN", "-Infinity", "1_000", "1 2", "--1"})
    CHECK(refusal(text).starts_with("Not valid JSON at character "));
  CHECK(refusal("1e309") == "Not valid JSON at character 6: a number is too large or too small.");
  CHECK(refusal("1e-400") == "Not valid JSON at character 7: a number is too large or too small.");
}

TEST_CASE("mistakes are told with their place") {
  const std::vector<std::pair<std::string, const char*>> mistakes = {
      {"", "1: a value is expected"},
      {"{", "2: a member's name is expected"},
      {"{a:1}", "2: a member's name is expected"},
      {R"({"a" 1})", "6: a colon is expected"},
      {R"({"a":1 "b":2})", "8: a comma or } is expected"},
      {R"({"a":1,})", "8: a member's name is expected"},
      {"[1 2]", "4: a comma or ] is expected"},
      {"[1,]", "4: a value is expected"},
      {"nul", "1: a value is expected"},
      {"{} {}", "4: something follows the value"},
      {"\"abc", "5: a string does not end"},
      {"\"abc\\", "6: a string does not end"},
      {R"("\x41")", "4: an unknown escape"},
      {R"("\u12g4")", "4: four hex digits are expected"},
      {R"("\u-123")", "4: four hex digits are expected"},
      {R"("\u12)", "4: four hex digits are expected"},
      {R"("\ud800")", "8: half of a surrogate pair"},
      {R"("\ud800A")", "8: half of a surrogate pair"},
      {R"("\ud800\u0041")", "14: half of a surrogate pair"},
      {R"("\udc00")", "8: half of a surrogate pair"},
      {"\"a\nb\"", "4: a control character in a string"},
      {std::string("\"\0\"", 3), "3: a control character in a string"},
  };
  for (const auto& [text, told] : mistakes)
    CHECK(refusal(text) == "Not valid JSON at character " + std::string(told) + ".");
}

TEST_CASE("nesting has a limit") {
  const auto nested = [](int depth) {
    return std::string(static_cast<size_t>(depth), '[') + std::string(static_cast<size_t>(depth), ']');
  };
  CHECK(parse_json(nested(33)).is_array());
  CHECK(refusal(nested(34)).ends_with("nested too deeply."));
  CHECK(refusal(nested(100'000)).ends_with("nested too deeply."));
}

TEST_CASE("of two members of a name the last counts") {
  CHECK(parse_json(R"({"a":1,"a":2})").find("a")->number() == 2);
}

TEST_CASE("members have defaults, types and ranges") {
  const JsonValue value = parse_json(
      R"({"n":5,"half":0.5,"yes":true,"one":1,"text":"t","none":null,"huge":1e300,"min":-9223372036854775808})");
  CHECK(value.integer_or("absent", 7, 0, 10) == 7);
  CHECK(value.integer_or("none", 7, 0, 10) == 7);
  CHECK(value.integer_or("n", 7, 5, 5) == 5);
  CHECK(value.integer_or("min", 0, INT64_MIN, 0) == INT64_MIN);
  CHECK(sentence([&] { value.integer_or("n", 0, 6, 10); }) == "n must be a whole number from 6 to 10.");
  CHECK(sentence([&] { value.integer_or("n", 0, 0, 4); }) == "n must be a whole number from 0 to 4.");
  CHECK(sentence([&] { value.integer_or("half", 0, 0, 10); }) == "half must be a whole number from 0 to 10.");
  CHECK(sentence([&] { value.integer_or("huge", 0, 0, 10); }) == "huge must be a whole number from 0 to 10.");
  CHECK(sentence([&] { value.integer_or("text", 0, 0, 10); }) == "text must be a whole number from 0 to 10.");
  CHECK(value.number_or("half", 0, 0, 1) == 0.5);
  CHECK(value.number_or("absent", 0.25, 0, 1) == 0.25);
  CHECK(sentence([&] { value.number_or("n", 0, 0, 0.5); }) == "n must be a number from 0 to 0.5.");
  CHECK(sentence([&] { value.number_or("yes", 0, 0, 1); }) == "yes must be a number from 0 to 1.");
  CHECK(value.boolean_or("yes", false));
  CHECK(value.boolean_or("one", false));
  CHECK(value.boolean_or("absent", true));
  CHECK(sentence([&] { value.boolean_or("n", false); }) == "n must be true or false.");
  CHECK(value.string_or("text", "") == "t");
  CHECK(value.string_or("absent", "d") == "d");
  CHECK(value.string_or("half", "") == "0.5");
  CHECK(sentence([&] { value.string_or("yes", ""); }) == "yes must be a text.");
}

TEST_CASE("whatever text is quoted is read back") {
  Random random(4);
  for (int round = 0; round < 2'000; ++round) {
    std::string text;
    for (size_t i = below(random, 20); i > 0; --i) text.push_back(static_cast<char>(below(random, 256)));
    const std::string quoted = json_quote(text);
    CAPTURE(quoted);
    CHECK(parse_json(quoted).string() == text);
    // On one line, as commands and replies are.
    CHECK(quoted.find('\n') == std::string::npos);
  }
}

TEST_CASE("a document with one byte changed is taken or refused, and never anything else") {
  Random random(5);
  size_t refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = document;
    text[below(random, text.size())] = static_cast<char>(below(random, 256));
    refused += sentence([&] { parse_json(text); }).starts_with("Not valid JSON at character ");
  }
  CHECK(refused > 5'000);
  CHECK(refused < 20'000);
}

TEST_CASE("options of the command line win over --config, and look like what they are") {
  const JsonValue value = arguments({"--n", "5", "--config", R"({"n":1,"m":2})", "--on", "true", "--name", "inf", "--e",
                                     "", "--hex", "0x10", "--neg", "-1.5"});
  CHECK(value.find("n")->number() == 5);
  CHECK(value.find("m")->number() == 2);
  CHECK(value.find("on")->boolean());
  CHECK(value.find("name")->string() == "inf");
  CHECK(value.find("e")->string() == "");
  CHECK(value.find("hex")->string() == "0x10");
  CHECK(value.find("neg")->number() == -1.5);
  CHECK(sentence([] { arguments({"n"}); }) == "\"n\" is not an option: options are --key value.");
  CHECK(sentence([] { arguments({"--", "1"}); }) == "\"--\" is not an option: options are --key value.");
  CHECK(sentence([] { arguments({"--n"}); }) == "The option --n needs a value.");
  CHECK(sentence([] { arguments({"--config", "[]"}); }) == "--config must be a JSON object.");
}
