/* unload_test PLUGIN WORK_DIR [ROUNDS]: a whole life of the archiver and dlclose, again and again; after each
 * round neither the plugin nor the file sink is left in the process. In C, so that only the plugin brings in
 * the C++ runtime. */
#define _XOPEN_SOURCE 700
#include <dlfcn.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tidemark/archiver.h>
#include <time.h>
#include <unistd.h>

static const char* work_dir;
static sem_t acknowledged;

static void check(int ok, const char* what, const char* why) {
  if (ok) return;
  fprintf(stderr, "unload_test: %s: %s\n", what, why);
  exit(1);
}

static tidemark_status acquire_entry(void* ctx, const tidemark_partition* partition, tidemark_lsn lsn,
                                     tidemark_entry* out, tidemark_error* error) {
  (void)partition, (void)lsn, (void)error;
  out->path.data = ctx;
  out->path.size = strlen(ctx);
  return TIDEMARK_OK;
}
static void release_entry(void* ctx, const tidemark_partition* partition, tidemark_entry* entry) {
  (void)ctx, (void)partition, (void)entry;
}
static tidemark_status acknowledge(void* ctx, const tidemark_partition* partition, tidemark_lsn lsn,
                                   tidemark_error* error) {
  (void)ctx, (void)partition, (void)lsn, (void)error;
  sem_post(&acknowledged);
  return TIDEMARK_OK;
}

static int is_mapped(const char* part_of_path) {
  char line[4096];
  int found = 0;
  FILE* maps = fopen("/proc/self/maps", "r");
  check(maps != NULL, "/proc/self/maps", "cannot be read");
  while (fgets(line, sizeof line, maps) != NULL) found += strstr(line, part_of_path) != NULL;
  fclose(maps);
  return found;
}

static void one_life(const char* plugin, int round) {
  char entry_path[4096], url[4200];
  tidemark_host host = {sizeof host, 0, entry_path, acquire_entry, release_entry, acknowledge, NULL, NULL};
  const tidemark_partition partition = {{"unload", 6}, 1};
  tidemark_error error = {sizeof error, 0, 0, 0, "", ""};
  tidemark_archiver_entry_fn entry = NULL;
  tidemark_archiver* archiver = NULL;
  struct timespec until = {0, 0};
  int fd;

  snprintf(entry_path, sizeof entry_path, "%s/entry", work_dir);
  fd = open(entry_path, O_WRONLY | O_CREAT, 0600);
  check(fd >= 0 && write(fd, "payload", 7) == 7 && close(fd) == 0, entry_path, "not written");

  void* library = dlopen(plugin, RTLD_NOW | RTLD_LOCAL);
  check(library != NULL, plugin, library ? "" : dlerror());
  void* symbol = dlsym(library, TIDEMARK_ARCHIVER_ENTRY_NAME);
  check(symbol != NULL, plugin, "no entry symbol");
  memcpy(&entry, &symbol, sizeof entry);
  const tidemark_archiver_api* api = entry(TIDEMARK_ARCHIVER_ABI_MAJOR);
  check(api != NULL, plugin, "not this major");
  /* The library that serves metrics stays; nothing of ours may stay with it. */
  const tidemark_option listen = {{"metrics_listen", 14}, {"127.0.0.1:0", 11}, 0, 0};
  check(api->create(&host, &listen, round % 2, &archiver, &error) == 0, "create", error.message);
  snprintf(url, sizeof url, "file://%s/sink-%d", work_dir, round);
  const tidemark_str sink = {url, strlen(url)};
  check(api->set_sink(archiver, sink, NULL, 0, NULL, &error) == 0, "set_sink", error.message);
  check(api->start(archiver, &error) == 0, "start", error.message);
  check(api->notify(archiver, &partition, 1, 1, &error) == 0, "notify", error.message);
  until.tv_sec = time(NULL) + 30;
  check(sem_timedwait(&acknowledged, &until) == 0, "acknowledge", "did not come");
  check(is_mapped("/tidemark.so") && is_mapped("/tidemark-sink-file.so"), "maps",
        "the modules are not there at all");
  check(api->stop(archiver, 1000, &error) == 0, "stop", error.message);
  while (sem_trywait(&acknowledged) == 0) continue;
  api->destroy(archiver);
  check(!is_mapped("/tidemark-sink-file.so"), "destroy", "the file sink is still loaded");
  check(dlclose(library) == 0, "dlclose", "failed");
  check(!is_mapped("/tidemark.so"), "dlclose", "the plugin is still loaded");
}

int main(int argc, char** argv) {
  const int rounds = argc > 3 ? atoi(argv[3]) : 20;
  check(argc >= 3, "usage", "unload_test PLUGIN WORK_DIR [ROUNDS]");
  work_dir = argv[2];
  check(sem_init(&acknowledged, 0, 0) == 0, "sem_init", "failed");
  for (int round = 0; round < rounds; ++round) one_life(argv[1], round);
  printf("%d rounds, nothing left\n", rounds);
  return 0;
}
