// Takes all memory that this process can still get, under a limit of its address space, for a while.
//
// Made by the program's one thread; begin() needs no memory.
#ifndef TIDEMARK_TESTS_INTEGRATION_STARVED_SQUEEZE_H
#define TIDEMARK_TESTS_INTEGRATION_STARVED_SQUEEZE_H

#include <atomic>
#include <thread>

namespace tidemark::starved {

class Squeeze {
 public:
  explicit Squeeze(int duration_ms);
  ~Squeeze();
  Squeeze(const Squeeze&) = delete;
  Squeeze& operator=(const Squeeze&) = delete;

  void begin();

 private:
  struct Block {
    Block* next;
  };
  void take_all();
  void end();

  const int duration_ms_;
  Block* taken_ = nullptr;
  std::atomic<bool> is_on_{false};
  std::atomic<bool> ends_{false};
  std::thread ender_;
};

}  // namespace tidemark::starved

#endif  // TIDEMARK_TESTS_INTEGRATION_STARVED_SQUEEZE_H
