// What the imposter does with requests, without any network: checks, faults, operations, and the books it
// keeps.
//
// Service: any thread. Exchange: one request; begin, body and finish come from one thread after the other.
#ifndef TIDEMARK_TESTS_AZBLOB_IMPOSTER_SERVICE_H
#define TIDEMARK_TESTS_AZBLOB_IMPOSTER_SERVICE_H

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "access.h"
#include "blob_store.h"
#include "config.h"
#include "imposter/books.h"
#include "imposter/digests.h"
#include "imposter/faults.h"
#include "imposter/request.h"
#include "imposter/server.h"

namespace imposter::azblob {

class Service;

enum class Operation {
  kNone,
  kEntra,
  kMachine,
  kAccount,
  kList,
  kPutBlob,
  kPutBlock,
  kPutBlockList,
  kGet,
  kHead,
  kDelete,
};
const char* name_of(Operation operation);

// One request on its way through.
class Exchange : public Conversation {
 public:
  Exchange(Service& service, Request request, std::shared_ptr<const Config> config);
  ~Exchange() override;  // books a request that got no answer
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  std::optional<Response> early() override;
  Fault fault() const override { return fault_; }
  bool expects_continue() const override;
  uint32_t delay_ms() const override { return config_->delay_ms; }
  uint32_t put_delay_ms() const override { return 0; }
  uint32_t stall_ms() const override { return config_->faults.stall_ms; }
  void body(const char* data, size_t size) override;
  Response finish() override;

 private:
  Response answer();
  Response refuse(const Refusal& refusal) const;
  std::string document(const std::string& inner) const;
  std::optional<Refusal> check_head();
  std::optional<Refusal> check_address();
  std::optional<Refusal> check_shape();
  std::optional<Refusal> check_body_headers();
  std::optional<Refusal> check_permission() const;
  void roll_fault();
  std::optional<Response> fault_answer();
  bool is_body_upload() const;
  void dress(Response* response) const;
  void book(const Response& response);

  Response run();
  Response put_blob();
  Response put_block();
  Response put_block_list();
  Response refuse_existing() const;
  Response get_or_head();
  Response remove();
  Response list();
  Response written(Object* object, int status) const;

  Service& service_;
  Request request_;
  const std::shared_ptr<const Config> config_;
  std::string container_, name_;  // of the address
  std::string fault_name_;        // name or prefix: what faults in a row are counted by
  Operation operation_ = Operation::kNone;
  Grant grant_;
  std::optional<Refusal> refusal_;  // found in the head
  Fault fault_ = Fault::kNone;
  std::optional<Digests> digests_;
  std::shared_ptr<Body> body_;
  std::string md5_;  // of the body, raw, once it is whole
  bool is_booked_ = false;
};

class Service : public Served, public Books {
 public:
  explicit Service(Config config);

  std::unique_ptr<Conversation> begin(Request request) override;
  void at_decoy(const Request& request) override;
  void connected() override { ++connections_; }

  std::shared_ptr<const Config> config() const;
  void reconfigure(const std::function<void(Config&)>& change);
  std::time_t now() const;
  std::string new_request_id();
  std::string state_json() const override;

  BlobStore store;
  Access access;
  FaultDice dice;
  std::atomic<uint16_t> decoy_port{0};

  uint64_t proven_at_decoy() const { return proven_at_decoy_; }

 private:
  std::atomic<uint64_t> connections_{0}, at_decoy_{0}, proven_at_decoy_{0}, last_request_{0};
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::shared_ptr<const Config> config_;
};

}  // namespace imposter::azblob

#endif  // TIDEMARK_TESTS_AZBLOB_IMPOSTER_SERVICE_H
