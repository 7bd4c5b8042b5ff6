// azblob_imposter: the imposter as a program. GET /-/state tells what it holds and saw.
#include <CLI/CLI.hpp>

#include <iostream>

#include "imposter.h"
#include "imposter/program.h"

namespace {

struct Arguments {
  imposter::azblob::Config config;
  std::string port_file, rates, exists = "already_exists";
  std::vector<std::string> tls;
  std::string problem;
};

const std::map<std::string, imposter::azblob::Word>& words() {
  using imposter::azblob::Word;
  static const std::map<std::string, Word> known = {{"already_exists", Word::kAlreadyExists},
                                                    {"not_met", Word::kNotMet},
                                                    {"overwrite", Word::kOverwrite},
                                                    {"immutable", Word::kImmutable},
                                                    {"leased", Word::kLeased}};
  return known;
}

void add_options(CLI::App& app, Arguments& arguments) {
  imposter::azblob::Config& config = arguments.config;
  app.add_option("--port", config.server.port, "0: any free one")->capture_default_str();
  app.add_option("--port-file", arguments.port_file, "Written once it serves")->type_name("FILE");
  app.add_option("--tls", arguments.tls, "PEM files; without them it speaks HTTP")
      ->expected(2)
      ->type_name("CERT KEY");
  app.add_option("--threads", config.server.threads)->check(CLI::Range(1, 64))->capture_default_str();
  app.add_option("--account", config.account)->capture_default_str();
  app.add_option("--container", config.container)->capture_default_str();
  app.add_option("--exists", arguments.exists, "How a conditional create is refused")
      ->check(CLI::IsMember({"already_exists", "not_met", "overwrite", "immutable", "leased"}));
  app.add_flag("--blocks-count", config.blocks_count_as_there, "Blocks alone refuse a conditional put");
  app.add_flag("--empty-pages", config.empty_pages, "An empty page comes before each of a listing");
  app.add_flag("--nothing-is-206", config.nothing_is_206, "A range at the end is 206 with nothing in it");
  app.add_flag("--hierarchical", config.is_hierarchical, "Listings have directories");
  app.add_flag("!--no-mark", config.has_mark, "Documents begin without a byte order mark");
  app.add_flag("--jwt", config.tokens_are_jwts, "Tokens are JWTs, unsigned");
  app.add_flag("--discard-bodies", config.discards_bodies,
               "Keep the first and last few KiB of each blob only");
  app.add_option("--page-size", config.page_size, "Names in one page of a listing")->capture_default_str();
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

bool finish(Arguments& arguments) {
  imposter::azblob::Config& config = arguments.config;
  config.exists = words().at(arguments.exists);
  if (!arguments.tls.empty()) {
    config.server.tls_certificate_file = arguments.tls[0];
    config.server.tls_key_file = arguments.tls[1];
  }
  return imposter::parse_rates(arguments.rates, &config.faults, &arguments.problem);
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("A strict Azure Blob server for tests, on loopback.");
  add_options(app, arguments);
  CLI11_PARSE(app, argc, argv);
  if (!finish(arguments)) {
    std::cerr << "azblob_imposter: " << arguments.problem << "\n";
    return 2;
  }
  imposter::await_signals();
  try {
    imposter::azblob::Imposter server(arguments.config);
    std::cout << server.endpoint() << std::endl;
    if (!arguments.port_file.empty() && !imposter::write_port(arguments.port_file, server.port())) {
      std::cerr << "azblob_imposter: cannot write " << arguments.port_file << "\n";
      return 1;
    }
    imposter::serve_until_told([&] {
      server.service().reconfigure([](imposter::azblob::Config& config) { config.faults.rates = {}; });
    });
  } catch (const std::exception& error) {
    std::cerr << "azblob_imposter: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
