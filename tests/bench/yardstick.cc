// The bare loops that a benchmark of host-sim is measured against: what any archiver would have to do, and
// nothing else. Prints operations a second.
//
//   bench_yardstick durable_files --dir DIR [--threads N] [--files N] [--directories N] [--bytes N]
//   bench_yardstick requests [--threads N] [--requests N] [--delay-ms N]
//
// durable_files: write, fsync, link into place, fsync the directory, for each file. The threads take the
// directories in turn, as workers take partitions. requests: each request takes the given time and no more.
#include <CLI/CLI.hpp>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "bare_files.h"

namespace {

using tidemark::bench::give_up_on;

struct Settings {
  std::string dir;
  uint64_t threads = 1, operations = 1000, directories = 1, bytes = 6144, delay_ms = 20;
};

double per_second(const Settings& settings, const std::function<void(uint64_t number)>& operation) {
  std::atomic<uint64_t> next{0};
  std::vector<std::thread> threads;
  const auto begin = std::chrono::steady_clock::now();
  for (uint64_t i = 0; i < settings.threads; ++i) {
    threads.emplace_back([&] {
      for (uint64_t number = next++; number < settings.operations; number = next++) operation(number);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  return static_cast<double>(settings.operations) / took.count();
}

double durable_files(const Settings& settings) {
  for (uint64_t i = 0; i < settings.directories; ++i) {
    const std::string path = settings.dir + "/" + std::to_string(i);
    if (::mkdir(path.c_str(), 0755) != 0) give_up_on(path);
  }
  const std::string body(settings.bytes, 'w');
  return per_second(settings, [&](uint64_t number) {
    tidemark::bench::write_durably(settings.dir + "/" + std::to_string(number % settings.directories),
                                   std::to_string(number), body);
  });
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app{"Bare loops to measure against"};
  app.require_subcommand(1);
  auto* files = app.add_subcommand("durable_files", "Write, fsync, link, fsync the directory");
  files->add_option("--dir", settings.dir, "Existing and empty")->required()->check(CLI::ExistingDirectory);
  files->add_option("--files", settings.operations);
  files->add_option("--directories", settings.directories)->check(CLI::PositiveNumber);
  files->add_option("--bytes", settings.bytes, "Of each file");
  auto* requests = app.add_subcommand("requests", "Wait for answers");
  requests->add_option("--requests", settings.operations);
  requests->add_option("--delay-ms", settings.delay_ms);
  for (CLI::App* command : {files, requests}) {
    command->add_option("--threads", settings.threads)->check(CLI::Range(1, 1024));
  }
  CLI11_PARSE(app, argc, argv);
  const auto wait = [&](uint64_t) {
    std::this_thread::sleep_for(std::chrono::milliseconds(settings.delay_ms));
  };
  std::printf("%.3f/s\n", files->parsed() ? durable_files(settings) : per_second(settings, wait));
  return 0;
}
