// The files of /proc, whose second field is any text that a program calls itself.
#include "sys/proc_text.hpp"

#include <string>

#include "doctest.h"

using namespace fdscope;

namespace {

const std::string fields = " S 17 42 42 0 -1 4194304 113 0 0 0 250 31 7 3 20 0 12 0 8844";

}

TEST_CASE("fields of a stat file are counted from behind the name, whatever is in it") {
  for (const char* name : {"nginx", "a b", "a) R 1 2 3", "((", ")", ""}) {
    const std::string stat = "4711 (" + std::string(name) + ")" + fields + "\n";
    CAPTURE(stat);
    CHECK(proc::state_letter(stat) == 'S');
    CHECK(proc::stat_field(stat, proc::parent) == 17);
    CHECK(proc::stat_field(stat, proc::user) == 250);
    CHECK(proc::stat_field(stat, proc::system) == 31);
    CHECK(proc::stat_field(stat, proc::reaped_user) == 7);
    CHECK(proc::stat_field(stat, proc::reaped_system) == 3);
    CHECK(proc::stat_field(stat, proc::threads) == 12);
  }
}

TEST_CASE("a file of a process that has gone, or that is cut, has zeros") {
  const std::string whole = "4711 (x)" + fields;
  CHECK(proc::state_letter("") == '\0');
  CHECK(proc::stat_field("", proc::user) == 0);
  CHECK(proc::state_letter("4711 (x)") == '\0');
  CHECK(proc::stat_field("4711 (x) S 17", proc::user) == 0);
  CHECK(proc::reread(-1).empty());
  CHECK(proc::read_once("/proc/none/stat").empty());
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    CAPTURE(cut);
    CHECK(proc::stat_field(whole.substr(0, cut), proc::threads) <= 12);
  }
}

TEST_CASE("this program's own files are read whole") {
  CHECK(proc::state_letter(proc::read_once("/proc/self/stat")) == 'R');
  CHECK(proc::number_after(proc::read_once("/proc/self/status"), "\nPid:") == static_cast<uint64_t>(::getpid()));
  // Longer than what is read at once.
  CHECK(proc::read_whole("/proc/self/smaps").size() > 4096);
  CHECK(proc::number_after("a: 1\nb: 2", "c:") == 0);
}
