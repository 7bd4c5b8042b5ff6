/* A storage engine in miniature that archives three log entries with Tidemark.
 *
 *   embed PLUGIN DATA_DIR SINK_URL     e.g. embed lib/tidemark/tidemark.so ./wal file:///var/archive
 *   cc -std=c99 -pthread -I include embed.c -o embed -ldl
 */
#define _GNU_SOURCE /* RTLD_DEEPBIND */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tidemark/archiver.h>
#include <time.h>
#include <unistd.h>

#ifndef EMBED_DLOPEN_FLAGS /* README: not with a sanitizer, nor with a malloc of your own */
#define EMBED_DLOPEN_FLAGS (RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND)
#endif
enum { ENTRIES = 3, WAIT_S = 30 };

typedef struct engine {
  char dir[PATH_MAX];
  sem_t all_archived;
} engine;
/* Lends the file DIR/<LSN>; the path is the lease and lives until it is given back. */
static tidemark_status acquire_entry(void* ctx, const tidemark_partition* partition, tidemark_lsn lsn,
                                     tidemark_entry* out, tidemark_error* error) {
  char* path = malloc(PATH_MAX + 32);
  (void)partition, (void)error; /* there is one partition, and the status says enough */
  if (path == NULL) return TIDEMARK_E_RETRYABLE;
  out->path.size = (size_t)sprintf(path, "%s/%llu", ((engine*)ctx)->dir, (unsigned long long)lsn);
  out->path.data = out->lease = path;
  return access(path, F_OK) == 0 ? TIDEMARK_OK : (free(path), TIDEMARK_E_NOT_FOUND);
}

static void release_entry(void* ctx, const tidemark_partition* partition, tidemark_entry* entry) {
  (void)ctx, (void)partition;
  free(entry->lease);
}

/* Everything up to lsn is safe in the archive: a real engine prunes its log here. */
static tidemark_status acknowledge(void* ctx, const tidemark_partition* partition, tidemark_lsn lsn,
                                   tidemark_error* error) {
  (void)partition, (void)error;
  if (lsn == ENTRIES) sem_post(&((engine*)ctx)->all_archived);
  return TIDEMARK_OK;
}

static void check(int ok, const char* what, const char* why) {
  if (ok) return;
  fprintf(stderr, "embed: %s: %s\n", what, why);
  exit(1);
}
/* Writes one log entry; an entry is durable before it is notified. */
static void commit(const engine* self, int lsn) {
  char path[PATH_MAX + 32], text[64];
  const int size = sprintf(text, "payload of entry %d\n", lsn);
  sprintf(path, "%s/%d", self->dir, lsn);
  const int dir = open(self->dir, O_RDONLY | O_DIRECTORY), fd = open(path, O_WRONLY | O_CREAT, 0600);
  check(fd >= 0 && write(fd, text, (size_t)size) == size && fsync(fd) == 0 && close(fd) == 0, path, "write");
  check(dir >= 0 && fsync(dir) == 0 && close(dir) == 0, self->dir, "fsync failed");
}

int main(int argc, char** argv) {
  static engine self;
  const tidemark_host host = {
      sizeof host, TIDEMARK_ARCHIVER_ABI_MINOR, &self, acquire_entry, release_entry, acknowledge, NULL, NULL};
  const tidemark_partition partition = {{"orders", 6}, 7};
  tidemark_error error = {sizeof error, 0, 0, 0, "", ""};
  tidemark_archiver* archiver = NULL;
  char lineage[PATH_MAX + 16];
  tidemark_archiver_entry_fn entry = NULL;
  check(argc == 4, "usage", "embed PLUGIN DATA_DIR SINK_URL");
  check(realpath(argv[2], self.dir) != NULL, argv[2], "no such directory");
  check(sem_init(&self.all_archived, 0, 0) == 0, "sem_init", "failed");
  void* library = dlopen(argv[1], EMBED_DLOPEN_FLAGS);
  check(library != NULL, "dlopen", library ? "" : dlerror());
  void* symbol = dlsym(library, TIDEMARK_ARCHIVER_ENTRY_NAME);
  check(symbol != NULL, argv[1], "not an archiver");
  memcpy(&entry, &symbol, sizeof entry);
  const tidemark_archiver_api* api = entry(TIDEMARK_ARCHIVER_ABI_MAJOR);
  check(api != NULL, argv[1], "does not speak this host's version of the ABI");
  /* In the data directory: so a copy of it, or an older state of it, is known for what it is. */
  sprintf(lineage, "%s/lineage", self.dir);
  const tidemark_option option = {{"lineage_file", strlen("lineage_file")}, {lineage, strlen(lineage)}, 0, 0};
  check(api->create(&host, &option, 1, &archiver, &error) == TIDEMARK_OK, "create", error.message);
  const tidemark_str url = {argv[3], strlen(argv[3])};
  check(api->set_sink(archiver, url, NULL, 0, NULL, &error) == TIDEMARK_OK, "set_sink", error.message);
  check(api->start(archiver, &error) == TIDEMARK_OK, "start", error.message);
  for (int lsn = 1; lsn <= ENTRIES; ++lsn) {
    commit(&self, lsn);
    check(api->notify(archiver, &partition, 1, (tidemark_lsn)lsn, &error) == TIDEMARK_OK, "notify",
          error.message);
  }
  const struct timespec until = {time(NULL) + WAIT_S, 0};
  check(sem_timedwait(&self.all_archived, &until) == 0, "no acknowledge", "waited half a minute");
  check(api->stop(archiver, 1000, &error) == TIDEMARK_OK, "stop", error.message);
  api->destroy(archiver);
  check(dlclose(library) == 0, "dlclose", "failed");
  return printf("archived entries 1 to %d\n", ENTRIES) < 0;
}
