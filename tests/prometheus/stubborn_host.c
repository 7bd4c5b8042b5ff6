/* stubborn_host PLUGIN SINK_URL ENTRY acknowledgements|events GO: a host that takes no acknowledgement, or
 * one whose event callback never returns while every entry fails. Begins when the file GO is there. Serves
 * its archiver's metrics until it is killed; where, is in the log, on stderr. */
#define _XOPEN_SOURCE 700
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tidemark/archiver.h>
#include <unistd.h>

/* More than the events that may wait. */
enum { kPartitions = 70000 };

static const char* entry_path;
static int fails;

static void check(int ok, const char* what, const char* why) {
  if (ok) return;
  fprintf(stderr, "stubborn_host: %s: %s\n", what, why);
  exit(1);
}

static tidemark_status acquire_entry(void* ctx, const tidemark_partition* partition, tidemark_lsn lsn,
                                     tidemark_entry* out, tidemark_error* error) {
  (void)ctx, (void)partition, (void)lsn, (void)error;
  if (fails) return TIDEMARK_E_PERMANENT;
  out->path.data = entry_path;
  out->path.size = strlen(entry_path);
  return TIDEMARK_OK;
}
static void release_entry(void* ctx, const tidemark_partition* partition, tidemark_entry* entry) {
  (void)ctx, (void)partition, (void)entry;
}
static tidemark_status acknowledge(void* ctx, const tidemark_partition* partition, tidemark_lsn lsn,
                                   tidemark_error* error) {
  (void)ctx, (void)partition, (void)lsn, (void)error;
  return TIDEMARK_E_RETRYABLE;
}
static void event(void* ctx, const tidemark_event* happened) {
  (void)ctx, (void)happened;
  while (fails) pause();
}
static void log_line(void* ctx, int32_t level, tidemark_str component, tidemark_str message) {
  (void)ctx, (void)level;
  if (component.size == strlen("metrics") && memcmp(component.data, "metrics", component.size) == 0)
    fprintf(stderr, "%.*s\n", (int)message.size, message.data);
}

static tidemark_str str(const char* text) {
  const tidemark_str result = {text, strlen(text)};
  return result;
}

int main(int argc, char** argv) {
  tidemark_host host = {sizeof host, 0, NULL, acquire_entry, release_entry, acknowledge, event, log_line};
  tidemark_error error = {sizeof error, 0, 0, 0, "", ""};
  tidemark_archiver_entry_fn entry = NULL;
  tidemark_archiver* archiver = NULL;
  check(argc == 6, "usage", "stubborn_host PLUGIN SINK_URL ENTRY acknowledgements|events GO");
  entry_path = argv[3];
  fails = strcmp(argv[4], "events") == 0;
  void* library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  check(library != NULL, argv[1], library ? "" : dlerror());
  void* symbol = dlsym(library, TIDEMARK_ARCHIVER_ENTRY_NAME);
  check(symbol != NULL, argv[1], "no entry symbol");
  memcpy(&entry, &symbol, sizeof entry);
  const tidemark_archiver_api* api = entry(TIDEMARK_ARCHIVER_ABI_MAJOR);
  check(api != NULL, argv[1], "not this major");
  const tidemark_option options[] = {{str("metrics_listen"), str("127.0.0.1:0"), 0, 0},
                                     {str("lineage_file"), str("none"), 0, 0},
                                     {str("retry_min_ms"), str(fails ? "60000" : "100"), 0, 0}};
  check(api->create(&host, options, 3, &archiver, &error) == 0, "create", error.message);
  check(api->set_sink(archiver, str(argv[2]), NULL, 0, NULL, &error) == 0, "set_sink", error.message);
  check(api->start(archiver, &error) == 0, "start", error.message);
  while (access(argv[5], F_OK) != 0) sleep(1);
  for (uint64_t id = 1; id <= (fails ? kPartitions : 1); ++id) {
    const tidemark_partition partition = {str("main"), id};
    check(api->notify(archiver, &partition, 1, 1, &error) == 0, "notify", error.message);
  }
  for (;;) pause();
}
