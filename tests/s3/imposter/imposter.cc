#include "imposter.h"

namespace imposter {

Imposter::Imposter(Config config) : service_(std::make_unique<Service>(config)) {
  server_ = std::make_unique<Server>(*service_, config.server);
  service_->decoy_port = server_->decoy_port();
  service_->reconfigure([&](Config& now) { now.server.port = server_->port(); });
}

Imposter::~Imposter() = default;

uint16_t Imposter::port() const { return server_->port(); }
uint16_t Imposter::decoy_port() const { return server_->decoy_port(); }
std::string Imposter::endpoint() const { return server_->endpoint(); }

}  // namespace imposter
