// Makes allocations of this process fail: the n-th one, and so many after it, that one kind of thread makes.
//
// The program replaces malloc and operator new, so that the plugin, its sinks and every library they use get
// their memory here. A thread is the plugin's unless it says otherwise with As.
#ifndef TIDEMARK_TESTS_INTEGRATION_STARVED_FAULTS_H
#define TIDEMARK_TESTS_INTEGRATION_STARVED_FAULTS_H

#include <cstdint>

namespace tidemark::starved {

enum class Thread : uint8_t {
  kWorker,   // the plugin's own
  kControl,  // of the host, in a call like create, set_sink or restore
  kHot,      // of the host, in notify
  kHost,     // in the host's own code: never fails
};

enum class Way : uint8_t { kNew, kMalloc };

struct Fault {
  Thread thread = Thread::kHost;
  Way way = Way::kNew;
  uint64_t first = 1;
  uint64_t count = 1;
};

void arm(const Fault& fault);
void disarm();
uint64_t seen();            // allocations of the armed kind since arm()
uint64_t failed();          // of them
void print_where(bool on);  // each failing allocation's stack, on stderr

// What the calling thread is while it lives.
class As {
 public:
  explicit As(Thread thread);
  ~As();
  As(const As&) = delete;
  As& operator=(const As&) = delete;

 private:
  const Thread before_;
};

}  // namespace tidemark::starved

#endif  // TIDEMARK_TESTS_INTEGRATION_STARVED_FAULTS_H
