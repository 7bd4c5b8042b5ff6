// exit_program SINK.so URL CA_FILE: uploads on eight threads, and leaves by exit() in the middle of it, as a
// host does that never stopped its archiver.
//
// With a fourth argument the sink is closed by a static object's destructor, behind the libraries' backs.
#include <dlfcn.h>
#include <tidemark/sink.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int kThreads = 8;

tidemark_str str(const std::string& text) { return {text.data(), text.size()}; }

struct Uploads {
  const tidemark_sink_api* api = nullptr;
  tidemark_sink* sink = nullptr;
  std::atomic<int> started{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;

  void run(int number) {
    std::string body(number % 2 == 0 ? 3 << 20 : 1000, static_cast<char>(number));
    const tidemark_source source = {sizeof source,
                                    0,
                                    body.size(),
                                    nullptr,
                                    nullptr,
                                    nullptr,
                                    reinterpret_cast<const uint8_t*>(body.data()),
                                    nullptr};
    for (int i = 0; !stop; ++i) {
      if (i == 1) ++started;
      const std::string key = std::to_string(number) + "/" + std::to_string(i);
      api->put(sink, str(key), &source, TIDEMARK_PUT_IF_ABSENT, nullptr, nullptr);
    }
  }
  void close() {
    stop = true;
    for (std::thread& thread : threads) thread.join();
    api->close(sink);
  }
};

// Destroyed after whatever was set up later, as the sink's own exit handler.
struct Closer {
  Uploads* uploads = nullptr;
  ~Closer() {
    if (uploads != nullptr) uploads->close();
  }
};
Closer closer;

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  void* library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return 3;
  const auto entry = reinterpret_cast<tidemark_sink_entry_fn>(dlsym(library, TIDEMARK_SINK_ENTRY_NAME));
  auto* uploads = new Uploads;  // stays: threads use it to the very end
  uploads->api = entry(TIDEMARK_SINK_ABI_MAJOR);
  const std::string key = "ca_file", value = argv[3];
  const tidemark_option option = {str(key), str(value), 0, 0};
  tidemark_error error = {sizeof error, 0, 0, 0, {}, {}};
  if (uploads->api->open(nullptr, str(argv[2]), &option, 1, nullptr, &uploads->sink, &error) != TIDEMARK_OK) {
    std::fprintf(stderr, "%s\n", error.message);
    return 4;
  }
  for (int i = 0; i < kThreads; ++i) uploads->threads.emplace_back([uploads, i] { uploads->run(i); });
  while (uploads->started < kThreads / 2) std::this_thread::yield();
  const auto nanoseconds = std::chrono::steady_clock::now().time_since_epoch().count();
  std::this_thread::sleep_for(std::chrono::microseconds(nanoseconds % 20'000));
  if (argc > 4) closer.uploads = uploads;
  std::exit(0);
}
