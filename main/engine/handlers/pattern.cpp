#include "handlers/pattern.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <system_error>

#include "handlers/handler.hpp"

namespace fdscope {

namespace {

// The pattern repeats itself after 26 x 26 bytes, and so many pages hold whole repetitions.
constexpr size_t page_bytes = 4096, repeated_bytes = 676 * page_bytes / 4;
static_assert(repeated_bytes % 676 == 0 && repeated_bytes % page_bytes == 0);
constexpr size_t mapped_bytes = (max_body_bytes + repeated_bytes - 1) / repeated_bytes * repeated_bytes;

uint8_t* map(void* at, size_t bytes, int flags) {
  void* memory = mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | flags, -1, 0);
  if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap of the body");
  return static_cast<uint8_t*>(memory);
}

// One stretch of memory, seen over and over: 676 KiB in place of 16 MiB. Shared, so that a fork does not copy its page
// tables, which took two fifths of blocking-fork's time for a client. No file is behind it, which would need a
// descriptor and count for RLIMIT_FSIZE.
const uint8_t* make() {
  uint8_t* const memory = map(nullptr, mapped_bytes, 0);
  bool repeats = true;
  for (size_t at = repeated_bytes; repeats && at < mapped_bytes; at += repeated_bytes)
    // From nothing: of shared memory that makes one more mapping of the same pages (mremap(2)).
    repeats = mremap(memory, 0, repeated_bytes, MREMAP_MAYMOVE | MREMAP_FIXED, memory + at) != MAP_FAILED;
  // Where the kernel refuses, the whole is memory.
  if (!repeats) map(memory, mapped_bytes, MAP_FIXED);
  const size_t filled = repeats ? repeated_bytes : mapped_bytes;
  for (size_t i = 0; i < filled; ++i) memory[i] = pattern_byte(i);
  mprotect(memory, mapped_bytes, PROT_READ);  // against our own mistakes: where it fails, there is none
  return memory;
}

}  // namespace

std::span<const uint8_t> pattern() {
  static const uint8_t* const bytes = make();
  return {bytes, max_body_bytes};
}

}  // namespace fdscope
