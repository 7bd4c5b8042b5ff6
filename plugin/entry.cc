// The exported table: argument checks and the guard against exceptions, nothing else.

#include <tidemark/archiver.h>

#include <cstring>
#include <optional>
#include <string>

#include "base/sha256.h"
#include "base/status_name.h"
#include "config/config.h"
#include "entry_checks.h"
#include "entry_draft.h"
#include "entry_maintenance.h"
#include "entry_readback.h"
#include "runtime/archiver.h"
#include "runtime/host.h"
#include "sink/loader.h"

namespace tidemark {
namespace {

tidemark_status create(const tidemark_host* host, const tidemark_option* options, uint32_t option_count,
                       tidemark_archiver** out, tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(out, "out"));
    *out = nullptr;
    TM_ASSIGN(const tidemark_host copied, runtime::copy_host(host));
    TM_ASSIGN(const auto read, config::read_options(options, option_count));
    TM_ASSIGN(config::Config parsed, config::parse_config(read));
    TM_TRY(check_digests());
    TM_ASSIGN(codec::Codec codec,
              codec::load({parsed.compress_level, parsed.encrypt_recipients_file, parsed.encrypt_tag_key_file,
                           parsed.identity_file, parsed.accept_untagged}));
    std::optional<publish::HttpLibrary> http;
    if (parsed.publishing.listen) {
      TM_ASSIGN(http, publish::HttpLibrary::load(sink::library_flags()));
    }
    *out = new tidemark_archiver(copied, std::move(parsed), std::move(codec), http);
    return {};
  });
}

void destroy(tidemark_archiver* archiver) {
  guard(nullptr, [&]() -> Status {
    if (archiver != nullptr && archiver->may_be_destroyed()) delete archiver;
    return {};
  });
}

tidemark_status set_sink(tidemark_archiver* archiver, tidemark_str url, const tidemark_option* options,
                         uint32_t option_count, const tidemark_call* call, tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(archiver, "archiver"));
    if (url.data == nullptr && url.size > 0) return fail(TIDEMARK_E_INVALID, "url is NULL but has a size");
    TM_ASSIGN(const auto read, config::read_options(options, option_count));
    return archiver->set_sink(view(url), read, call);
  });
}

tidemark_status start(tidemark_archiver* archiver, tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(archiver, "archiver"));
    return archiver->start();
  });
}

tidemark_status stop(tidemark_archiver* archiver, uint32_t drain_ms, tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(archiver, "archiver"));
    return archiver->stop(drain_ms);
  });
}

tidemark_status notify(tidemark_archiver* archiver, const tidemark_partition* partition, tidemark_lsn low,
                       tidemark_lsn high, tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(archiver, "archiver"));
    TM_TRY(check_partition(partition));
    return archiver->notify(*partition, low, high);
  });
}

tidemark_status write_metrics(tidemark_archiver* archiver, const tidemark_writer* writer,
                              tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(archiver, "archiver"));
    TM_TRY(need_writer(writer));
    const std::string text = archiver->metrics_text();
    const tidemark_status status = writer->write(writer->ctx, text.data(), text.size());
    if (status != TIDEMARK_OK) return fail(status, "the writer stopped with " + status_name(status));
    return {};
  });
}

const void* get_extension(tidemark_archiver* archiver, const char* id) {
  if (archiver == nullptr || id == nullptr) return nullptr;
  if (std::strcmp(id, TIDEMARK_EXT_READBACK) == 0) return readback_table();
  if (std::strcmp(id, TIDEMARK_EXT_MAINTENANCE) == 0) return maintenance_table();
  return std::strcmp(id, TIDEMARK_EXT_DRAFT_MAINTENANCE) == 0 ? draft_maintenance_table() : nullptr;
}

constexpr tidemark_archiver_api kApi = {sizeof kApi,
                                        TIDEMARK_ARCHIVER_ABI_MAJOR,
                                        TIDEMARK_ARCHIVER_ABI_MINOR,
                                        0,
                                        TIDEMARK_VERSION,
                                        create,
                                        destroy,
                                        set_sink,
                                        start,
                                        stop,
                                        notify,
                                        write_metrics,
                                        get_extension};

}  // namespace
}  // namespace tidemark

extern "C" const tidemark_archiver_api* tidemark_archiver_entry(uint32_t abi_major) {
  return abi_major == TIDEMARK_ARCHIVER_ABI_MAJOR ? &tidemark::kApi : nullptr;
}
