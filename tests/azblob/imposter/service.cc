#include "service.h"

#include <nlohmann/json.hpp>

namespace imposter::azblob {

Service::Service(Config config)
    : dice(config.seed), config_(std::make_shared<const Config>(std::move(config))) {}

std::unique_ptr<Conversation> Service::begin(Request request) {
  return std::make_unique<Exchange>(*this, std::move(request), config());
}

void Service::at_decoy(const Request& request) {
  ++at_decoy_;
  if (request.header("authorization") != nullptr || request.target.find("sig=") != std::string::npos) {
    ++proven_at_decoy_;
  }
}

std::shared_ptr<const Config> Service::config() const {
  const std::lock_guard lock(mutex_);
  return config_;
}

void Service::reconfigure(const std::function<void(Config&)>& change) {
  const std::shared_ptr<const Config> before = config();
  Config copy = *before;
  change(copy);
  const std::lock_guard lock(mutex_);
  config_ = std::make_shared<const Config>(std::move(copy));
}

std::time_t Service::now() const { return std::time(nullptr) + config()->clock_ahead_s; }

std::string Service::new_request_id() {
  std::string number = std::to_string(++last_request_);
  return "imposter-" + std::string(number.size() < 8 ? 8 - number.size() : 0, '0') + number;
}

std::string Service::state_json() const {
  nlohmann::json state;
  state["counts"] = counts();
  state["connections"] = connections_.load();
  state["at_decoy"] = at_decoy_.load();
  state["signed_at_decoy"] = proven_at_decoy_.load();
  state["creates"] = store.creates();
  state["objects"] = nlohmann::json::object();
  for (const auto& [key, object] : store.list("", "", SIZE_MAX)) {
    state["objects"][key] = {{"size", object.size()}, {"etag", object.etag}, {"headers", object.recorded}};
  }
  state["blocks"] = store.blocks();
  state["id_sizes"] = store.id_sizes();
  return state.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

}  // namespace imposter::azblob
