#include "service.h"

#include <nlohmann/json.hpp>

namespace imposter {

Service::Service(Config config)
    : dice(config.seed), config_(std::make_shared<const Config>(std::move(config))) {}

std::unique_ptr<Conversation> Service::begin(Request request) {
  return std::make_unique<Exchange>(*this, std::move(request), config());
}

void Service::at_decoy(const Request& request) {
  if (request.header("authorization") != nullptr || request.target.find("upload_id") != std::string::npos) {
    ++shown_at_decoy_;
  }
}

void Service::set_address(std::string origin, uint16_t decoy_port) {
  decoy_port_ = decoy_port;
  const std::lock_guard lock(mutex_);
  origin_ = std::move(origin);
}

std::string Service::origin() const {
  const std::lock_guard lock(mutex_);
  return origin_;
}

std::shared_ptr<const Config> Service::config() const {
  const std::lock_guard lock(mutex_);
  return config_;
}

void Service::reconfigure(const std::function<void(Config&)>& change) {
  Config copy = *config();
  change(copy);
  pieces_forgotten = 0;
  is_kept_short = false;
  const std::lock_guard lock(mutex_);
  config_ = std::make_shared<const Config>(std::move(copy));
}

std::string Service::state_json() const {
  nlohmann::json state;
  state["counts"] = counts();
  state["connections"] = connections();
  state["shown_at_decoy"] = shown_at_decoy();
  state["tokens"] = desk.given();
  state["creates"] = store.creates();
  state["sessions"] = sessions.open();
  state["objects"] = nlohmann::json::object();
  for (const auto& [key, object] : store.list("", "", SIZE_MAX)) {
    state["objects"][key] = {{"size", object.size()}, {"crc32c", object.checksum}};
  }
  return state.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

}  // namespace imposter
