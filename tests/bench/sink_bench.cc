// What a put costs in any sink, without the archiver: objects a second and CPU of this process an object.
//
//   bench_sink --sink FILE.so --url URL [--threads N] [--objects N] [--bytes N] [--streamed] [--head-first]
//
// The body's digests are known beforehand, as the archiver knows them. Keys are new in each run.
#include <CLI/CLI.hpp>
#include <dlfcn.h>
#include <isa-l/crc.h>
#include <openssl/sha.h>
#include <sys/resource.h>
#include <tidemark/sink.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Settings {
  std::string sink, url;
  uint64_t threads = 1, objects = 1000, bytes = 1024;
  bool streamed = false, head_first = false;
};

tidemark_str str(const std::string& text) { return {text.data(), text.size()}; }

double cpu_seconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

[[noreturn]] void give_up(const std::string& what, const tidemark_error& error) {
  std::fprintf(stderr, "%s: %s\n", what.c_str(), error.message);
  std::exit(1);
}

// One body for all puts.
struct Body {
  explicit Body(const Settings& settings) : bytes(settings.bytes, '\0') {
    uint64_t word = 88172645463325252ull;
    for (size_t i = 0; i < bytes.size(); i += sizeof word) {
      word ^= word << 13;
      word ^= word >> 7;
      word ^= word << 17;
      std::memcpy(bytes.data() + i, &word, std::min(sizeof word, bytes.size() - i));
    }
    SHA256(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), sha256.data());
    crc32c = ~0u;
    for (size_t i = 0; i < bytes.size(); i += 1 << 20) {
      crc32c = crc32_iscsi(reinterpret_cast<unsigned char*>(bytes.data() + i),
                           static_cast<int>(std::min<size_t>(1 << 20, bytes.size() - i)), crc32c);
    }
    crc32c = ~crc32c;
  }
  tidemark_source source(bool streamed) {
    return {sizeof(tidemark_source),
            0,
            bytes.size(),
            sha256.data(),
            this,
            read,
            streamed ? nullptr : reinterpret_cast<const uint8_t*>(bytes.data()),
            &crc32c};
  }
  static tidemark_status read(void* ctx, uint64_t offset, void* buffer, size_t size, size_t* out,
                              tidemark_error*) {
    const std::string& bytes = static_cast<Body*>(ctx)->bytes;
    *out = std::min<uint64_t>(size, bytes.size() - offset);
    bytes.copy(static_cast<char*>(buffer), *out, offset);
    return TIDEMARK_OK;
  }

  std::string bytes;
  std::array<uint8_t, SHA256_DIGEST_LENGTH> sha256{};
  uint32_t crc32c;
};

void run(const Settings& settings, const tidemark_sink_api* api, tidemark_sink* sink, Body& body) {
  const std::string prefix = "bench-" + std::to_string(getpid()) + "-" + std::to_string(time(nullptr)) + "/";
  std::atomic<uint64_t> next{0};
  const uint32_t flags = settings.head_first ? 0 : TIDEMARK_PUT_IF_ABSENT;
  const double cpu_before = cpu_seconds();
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (uint64_t i = 0; i < settings.threads; ++i) {
    threads.emplace_back([&] {
      const tidemark_source source = body.source(settings.streamed);
      for (uint64_t number = next++; number < settings.objects; number = next++) {
        const std::string key = prefix + std::to_string(number);
        tidemark_error error = {sizeof error, 0, 0, 0, {}, {}};
        tidemark_object there = {sizeof there, 0, 0, 0};
        if (settings.head_first &&
            api->head(sink, str(key), nullptr, &there, &error) != TIDEMARK_E_NOT_FOUND) {
          give_up("head", error);
        }
        if (api->put(sink, str(key), &source, flags, nullptr, &error) != TIDEMARK_OK) {
          give_up("put", error);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const double cpu = cpu_seconds() - cpu_before;
  const auto objects = static_cast<double>(settings.objects);
  const double mib = objects * static_cast<double>(settings.bytes) / (1 << 20);
  std::printf("%.0f objects/s  %.1f MiB/s  %.1f us CPU/object  %.2f s CPU/GiB\n", objects / seconds,
              mib / seconds, cpu / objects * 1e6, cpu / mib * 1024);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app{"What a put costs in a sink"};
  app.add_option("--sink", settings.sink, "The module")->required();
  app.add_option("--url", settings.url)->required();
  app.add_option("--threads", settings.threads);
  app.add_option("--objects", settings.objects);
  app.add_option("--bytes", settings.bytes, "Of each object");
  app.add_flag("--streamed", settings.streamed, "The body is read, it does not lie in memory");
  app.add_flag("--head-first", settings.head_first,
               "Look whether it is there, then put without a condition: how others do it");
  CLI11_PARSE(app, argc, argv);

  void* library = dlopen(settings.sink.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  const auto entry = reinterpret_cast<tidemark_sink_entry_fn>(dlsym(library, TIDEMARK_SINK_ENTRY_NAME));
  const tidemark_sink_api* api = entry == nullptr ? nullptr : entry(TIDEMARK_SINK_ABI_MAJOR);
  if (api == nullptr) {
    std::fprintf(stderr, "%s is no sink\n", settings.sink.c_str());
    return 1;
  }
  tidemark_sink* sink = nullptr;
  tidemark_error error = {sizeof error, 0, 0, 0, {}, {}};
  if (api->open(nullptr, str(settings.url), nullptr, 0, nullptr, &sink, &error) != TIDEMARK_OK) {
    give_up("open", error);
  }
  Body body(settings);
  run(settings, api, sink, body);
  api->close(sink);
  return 0;
}
