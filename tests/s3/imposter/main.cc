// s3_imposter: the imposter as a program. Serves until SIGTERM or SIGINT; SIGUSR1 ends its faults. GET
// /-/state tells what it holds and saw.
#include <CLI/CLI.hpp>

#include <iostream>

#include "imposter.h"
#include "imposter/program.h"

namespace {

struct Arguments {
  imposter::Config config;
  std::string port_file, rates, habits, put_condition = "honoured", complete_condition = "honoured";
  std::vector<std::string> tls;
  std::string problem;
};

const std::map<std::string, imposter::Condition>& conditions() {
  static const std::map<std::string, imposter::Condition> known = {
      {"honoured", imposter::Condition::kHonoured},
      {"ignored", imposter::Condition::kIgnored},
      {"not_implemented", imposter::Condition::kNotImplemented}};
  return known;
}

void add_options(CLI::App& app, Arguments& arguments) {
  imposter::Config& config = arguments.config;
  app.add_option("--port", config.server.port, "0: any free one")->capture_default_str();
  app.add_option("--port-file", arguments.port_file, "Written once it serves")->type_name("FILE");
  app.add_option("--tls", arguments.tls, "PEM files; without them it speaks HTTP")
      ->expected(2)
      ->type_name("CERT KEY");
  app.add_option("--threads", config.server.threads)->check(CLI::Range(1, 64))->capture_default_str();
  app.add_option("--access-key", config.access_key)->capture_default_str();
  app.add_option("--secret", config.secret_key, "Of the access key")->capture_default_str();
  app.add_option("--session-token", config.session_token, "Required if given");
  app.add_option("--credentials-file", config.credentials_file, "Where rotated keys are written first");
  app.add_option("--bucket", config.bucket)->capture_default_str();
  app.add_option("--path", config.path, "Comes before the bucket, as behind a gateway");
  app.add_option("--region", config.region)->capture_default_str();
  app.add_option("--owner", config.owner, "Account that owns the bucket")->capture_default_str();
  app.add_option("--put-condition", arguments.put_condition, "If-None-Match of a put")
      ->check(CLI::IsMember({"honoured", "ignored", "not_implemented"}));
  app.add_option("--complete-condition", arguments.complete_condition, "If-None-Match of Complete")
      ->check(CLI::IsMember({"honoured", "ignored", "not_implemented"}));
  app.add_flag("--redirects-region", config.redirects_region, "A wrong region is a 301, not a 400");
  app.add_flag("--expired-token", config.is_token_expired, "Every request gets ExpiredToken");
  app.add_flag("!--no-checksums", config.takes_checksums, "501 for x-amz-checksum-*");
  app.add_flag("--takes-unsigned", config.takes_unsigned, "UNSIGNED-PAYLOAD also without TLS");
  app.add_flag("--discard-bodies", config.discards_bodies,
               "Keep the first and last few KiB of each object only");
  app.add_option("--min-part-bytes", config.min_part_bytes)->capture_default_str();
  app.add_option("--max-keys", config.max_keys, "In one page of a listing")->capture_default_str();
  app.add_option("--delay-ms,--delay_ms", config.delay_ms, "Of every answer")->capture_default_str();
  app.add_option("--seed", config.seed)->capture_default_str();
  app.add_option("--rate", arguments.rates, "Faults, as in slowdown=0.1,stall=0.02 or all=0.1");
  app.add_option("--habits", arguments.habits, "As in no_etag,capitals");
  app.add_option("--loses", config.loses, "Objects whose key contains this are listed, and cannot be read");
  app.add_option("--put-delay-ms", config.put_delay_ms, "Before an object is there")->capture_default_str();
  app.add_option("--most-in-a-row", config.faults.most_in_a_row, "Faults on one key before it is left alone")
      ->capture_default_str();
  app.add_option("--most-of-a-key", config.faults.most_of_a_key,
                 "Faults on one key before it is left alone for good");
  app.add_option("--only-below", config.faults.only_below, "Faults only for keys and listings that begin so");
  app.add_option("--stall-ms", config.faults.stall_ms)->capture_default_str();
  app.add_option("--retry-after-s", config.faults.retry_after_s)->capture_default_str();
}

bool finish(Arguments& arguments) {
  imposter::Config& config = arguments.config;
  config.put_condition = conditions().at(arguments.put_condition);
  config.complete_condition = conditions().at(arguments.complete_condition);
  if (!arguments.tls.empty()) {
    config.server.tls_certificate_file = arguments.tls[0];
    config.server.tls_key_file = arguments.tls[1];
  }
  return imposter::parse_rates(arguments.rates, &config.faults, &arguments.problem) &&
         imposter::parse_habits(arguments.habits, &config.habits, &arguments.problem);
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("A strict S3 server for tests, on loopback.");
  add_options(app, arguments);
  CLI11_PARSE(app, argc, argv);
  if (!finish(arguments)) {
    std::cerr << "s3_imposter: " << arguments.problem << "\n";
    return 2;
  }
  imposter::await_signals();
  try {
    imposter::Imposter server(arguments.config);
    std::cout << server.endpoint() << std::endl;
    if (!arguments.port_file.empty() && !imposter::write_port(arguments.port_file, server.port())) {
      std::cerr << "s3_imposter: cannot write " << arguments.port_file << "\n";
      return 1;
    }
    imposter::serve_until_told(
        [&] { server.service().reconfigure([](imposter::Config& config) { config.faults.rates = {}; }); });
  } catch (const std::exception& error) {
    std::cerr << "s3_imposter: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
