// gs_imposter: the imposter as a program. Serves until SIGTERM or SIGINT; SIGUSR1 ends its faults. GET
// /-/state tells what it holds and saw.
#include <CLI/CLI.hpp>
#include <sys/stat.h>

#include <fstream>
#include <iostream>

#include "imposter.h"
#include "imposter/program.h"

namespace {

struct Arguments {
  imposter::Config config;
  std::string port_file, credentials_file, rates;
  std::vector<std::string> tls;
};

void add_options(CLI::App& app, Arguments& arguments) {
  imposter::Config& config = arguments.config;
  app.add_option("--port", config.server.port, "0: any free one")->capture_default_str();
  app.add_option("--port-file", arguments.port_file, "Written once it serves")->type_name("FILE");
  app.add_option("--credentials-file", arguments.credentials_file,
                 "Where the file of a service account that it knows is written first")
      ->type_name("FILE");
  app.add_option("--tls", arguments.tls, "PEM files; without them it speaks HTTP")
      ->expected(2)
      ->type_name("CERT KEY");
  app.add_option("--threads", config.server.threads)->check(CLI::Range(1, 64))->capture_default_str();
  app.add_option("--bucket", config.bucket)->capture_default_str();
  app.add_option("--page-size", config.page_size, "Of a listing, at most")->capture_default_str();
  app.add_option("--token-life-s", config.token_life_s)->capture_default_str();
  app.add_flag("--demands-condition", config.odd.demands_condition, "No creation without ifGenerationMatch");
  app.add_flag("!--no-digest", config.needs_digest, "A creation without x-goog-hash is taken");
  app.add_flag("--discard-bodies", config.discards_bodies,
               "Keep the first and last few KiB of each object only");
  app.add_option("--delay-ms,--delay_ms", config.delay_ms, "Of every answer")->capture_default_str();
  app.add_option("--seed", config.seed)->capture_default_str();
  app.add_option("--rate", arguments.rates, "Faults, as in slowdown=0.1,stall=0.02 or all=0.1");
  app.add_option("--most-in-a-row", config.faults.most_in_a_row, "Faults on one name before it is left alone")
      ->capture_default_str();
  app.add_option("--only-below", config.faults.only_below,
                 "Faults only for names and listings that begin so");
  app.add_option("--stall-ms", config.faults.stall_ms)->capture_default_str();
  app.add_option("--retry-after-s", config.faults.retry_after_s)->capture_default_str();
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("A strict Google Cloud Storage for tests, on loopback.");
  add_options(app, arguments);
  CLI11_PARSE(app, argc, argv);
  std::string problem;
  if (!imposter::parse_rates(arguments.rates, &arguments.config.faults, &problem)) {
    std::cerr << "gs_imposter: " << problem << "\n";
    return 2;
  }
  if (!arguments.tls.empty()) {
    arguments.config.server.tls_certificate_file = arguments.tls[0];
    arguments.config.server.tls_key_file = arguments.tls[1];
  }
  imposter::await_signals();
  try {
    imposter::Imposter server(arguments.config);
    std::cout << server.endpoint() << std::endl;
    if (!arguments.credentials_file.empty()) {
      ::umask(0077);
      std::ofstream(arguments.credentials_file) << server.service_account_json();
    }
    if (!arguments.port_file.empty() && !imposter::write_port(arguments.port_file, server.port())) {
      std::cerr << "gs_imposter: cannot write " << arguments.port_file << "\n";
      return 1;
    }
    imposter::serve_until_told(
        [&] { server.service().reconfigure([](imposter::Config& config) { config.faults.rates = {}; }); });
  } catch (const std::exception& error) {
    std::cerr << "gs_imposter: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
