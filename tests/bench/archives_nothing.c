/* An archive library for PostgreSQL 15 that says "archived" and does nothing: what a drain costs the server
 * itself, below which no archiver can come. Loaded by postgres_bench.py only. */
/* clang-format off: the server's own header comes first */
#include "postgres.h"
/* clang-format on */

#include "fmgr.h"
#include "postmaster/pgarch.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_archive_module_init(ArchiveModuleCallbacks* callbacks);

static bool is_configured(void) { return true; }

static bool archive_file(const char* file, const char* path) {
  (void)file;
  (void)path;
  return true;
}

void _PG_archive_module_init(ArchiveModuleCallbacks* callbacks) {
  callbacks->check_configured_cb = is_configured;
  callbacks->archive_file_cb = archive_file;
}
