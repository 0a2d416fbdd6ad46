// Loaded into the program before the C library: a time of day that somebody sets back by an hour each time it is read.

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <ctime>

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  static std::atomic<time_t> steps = 0;
  const long result = ::syscall(SYS_clock_gettime, clock, time);
  if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec -= 3600 * ++steps;
  return static_cast<int>(result);
}
