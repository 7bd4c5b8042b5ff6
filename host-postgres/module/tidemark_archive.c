/* tidemark_archive.c - the archive module: what PostgreSQL loads with archive_library = 'tidemark_archive'.
 *
 * Only this file and compat.h know the server. All that may fail, throw or take long lies in ../bridge; here
 * are the settings, the wait and the log, on the archiver's one thread. Nothing is raised above WARNING: an
 * ERROR would end the archiver process, and a crash of it restarts the whole server.
 */
/* The server's own order: postgres.h is first. */
/* clang-format off */
#include <postgres.h>
/* clang-format on */

#include <access/xlog.h>
#include <access/xlog_internal.h>
#include <catalog/pg_control.h>
#include <fmgr.h>
#include <limits.h>
#include <miscadmin.h>
#include <pgstat.h>
#include <postmaster/interrupt.h>
#include <signal.h>
#include <storage/ipc.h>
#include <storage/latch.h>
#include <storage/pmsignal.h>
#include <unistd.h>
#include <utils/guc.h>
#include <utils/timestamp.h>

#include "bridge/bridge.h"
#include "bridge/layout.h"
#include "bridge/setting_limits.h"
#include "module/compat.h"

PG_MODULE_MAGIC;

#define STANDS_AT(type, member, at) \
  StaticAssertDecl(offsetof(type, member) == (at), #member " stands elsewhere")
StaticAssertDecl(PG_CONTROL_VERSION == TMPG_CONTROL_VERSION && PG_CONTROL_FILE_SIZE == TMPG_CONTROL_BYTES,
                 "pg_control has another version: see bridge/layout.h");
STANDS_AT(ControlFileData, system_identifier, TMPG_CONTROL_IDENTIFIER_AT);
STANDS_AT(ControlFileData, pg_control_version, TMPG_CONTROL_VERSION_AT);
STANDS_AT(ControlFileData, xlog_seg_size, TMPG_CONTROL_SEGMENT_SIZE_AT);
StaticAssertDecl(SizeOfXLogLongPHD == TMPG_PAGE_BYTES && XLP_LONG_HEADER == TMPG_PAGE_LONG_HEADER,
                 "a first page is another: see bridge/layout.h");
STANDS_AT(XLogPageHeaderData, xlp_magic, TMPG_PAGE_MAGIC_AT);
STANDS_AT(XLogPageHeaderData, xlp_info, TMPG_PAGE_INFO_AT);
STANDS_AT(XLogPageHeaderData, xlp_tli, TMPG_PAGE_TIMELINE_AT);
STANDS_AT(XLogPageHeaderData, xlp_pageaddr, TMPG_PAGE_ADDRESS_AT);
STANDS_AT(XLogLongPageHeaderData, xlp_sysid, TMPG_PAGE_IDENTIFIER_AT);
STANDS_AT(XLogLongPageHeaderData, xlp_seg_size, TMPG_PAGE_SEGMENT_SIZE_AT);

PGDLLEXPORT void _PG_init(void);
#if PG_VERSION_NUM >= 160000
PGDLLEXPORT const ArchiveModuleCallbacks* _PG_archive_module_init(void);
#else
PGDLLEXPORT void _PG_archive_module_init(ArchiveModuleCallbacks* callbacks);
#endif

#define LINEAGE_NAME "tidemark.lineage"

static char* plugin_path;
static char* sink;
static char* sink_options_file;
static char* metrics_file;
static int compress_choice;
static int log_level_choice = 1;
#define DECLARE_NUMBER(name, initial, least, most, unit, about) static int name;
TMPG_NUMBER_SETTINGS(DECLARE_NUMBER)
static bool keeps_lineage;

static const char* const compress_words[] = {"none", "zstd", "zstd:1", "zstd:2", "zstd:3"};
static const struct config_enum_entry compress_choices[] = {
    {"none", 0, false},   {"zstd", 1, false},   {"zstd:1", 2, false},
    {"zstd:2", 3, false}, {"zstd:3", 4, false}, {NULL, 0, false},
};
static const char* const level_words[] = {"debug", "info", "warn", "error", "off"};
static const struct config_enum_entry level_choices[] = {
    {"debug", 0, false}, {"info", 1, false}, {"warn", 2, false},
    {"error", 3, false}, {"off", 4, false},  {NULL, 0, false},
};

static TimestampTz reloaded; /* when the settings were read that the bridge was told of */
static tmpg_bridge* bridge;  /* of the archiver process; NULL in others */

/* Called by threads of the plugin: a signal to this process reaches the main thread, because every other has
 * all of them blocked, and sets its latch. */
static void wake(void) { kill(getpid(), SIGUSR1); }

static void say_messages(void) {
  static const int levels[] = {DEBUG1, LOG, WARNING, WARNING};
  char text[TMPG_MESSAGE_MAX];
  int level;

  while (tmpg_take_message(bridge, &level, text))
    ereport(levels[level < 0 ? 0 : level > 3 ? 3 : level], (errmsg_internal("tidemark: %s", text)));
}

static void fill_settings(tmpg_settings* settings, char* lineage, size_t capacity) {
  snprintf(lineage, capacity, "%s/" LINEAGE_NAME, DataDir);
  memset(settings, 0, sizeof(*settings));
  settings->plugin = plugin_path;
  settings->sink = sink;
  settings->sink_options_file = sink_options_file;
  settings->compress = compress_words[compress_choice];
  settings->metrics_file = metrics_file;
  settings->log_level = level_words[log_level_choice];
  settings->lineage_file = keeps_lineage ? lineage : NULL;
  settings->workers = (uint32_t)workers;
  settings->inflight = (uint32_t)inflight;
  settings->ahead = (uint32_t)ahead;
  settings->batch_entries = (uint32_t)batch_entries;
  settings->timeout_ms = (uint32_t)timeout;
  settings->memory_bytes = (uint64_t)memory * 1024;
}

/* In the archiver process, with the first file: this library may have been loaded by the postmaster, which
 * must not get a thread. */
static bool open_or_configure(void) {
  tmpg_settings settings;
  char lineage[MAXPGPATH + sizeof(LINEAGE_NAME)];
  char message[TMPG_MESSAGE_MAX];
  tmpg_server server;

  fill_settings(&settings, lineage, sizeof(lineage));
  if (bridge != NULL) {
    tmpg_configure(bridge, &settings);
    /* Of what it does not take a reload says nothing in this process. */
    if (reloaded != PgReloadTime) tmpg_check_settings(bridge);
    reloaded = PgReloadTime;
    return true;
  }
  memset(&server, 0, sizeof(server));
  server.data_directory = DataDir;
  server.system_identifier = GetSystemIdentifier();
  server.segment_bytes = (uint32_t)wal_segment_size;
  server.page_magic = XLOG_PAGE_MAGIC;
  server.wake = wake;
  reloaded = PgReloadTime;
  bridge = tmpg_open(&server, &settings, message);
  if (bridge == NULL) ereport(WARNING, (errmsg("tidemark: %s", message)));
  return bridge != NULL;
}

static bool is_configured(TMPG_STATE_ARG) {
  TMPG_USES_STATE();
  if (sink != NULL && sink[0] != '\0') return true;
  TMPG_NOT_CONFIGURED("tidemark.sink is not set.");
  return false;
}

/* Until the file is archived, has failed, or its time is over. A latch that was set here may have been set
 * for the archiver's main loop, by a postmaster that shuts down for instance, so it is set again. */
static bool archive_file(TMPG_STATE_ARG_AND const char* file, const char* path) {
  char message[TMPG_MESSAGE_MAX];
  bool latch_was_set = false;
  int verdict;
  uint32_t wait_ms;

  TMPG_USES_STATE();
  (void)path; /* pg_wal/<file> */
  if (!open_or_configure()) return false;
  tmpg_offer(bridge, file);
  while ((verdict = tmpg_verdict(bridge, &wait_ms, message)) == TMPG_WAIT) {
    int events;

    say_messages();
    if (ShutdownRequestPending || !PostmasterIsAlive()) break;
    events =
        WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_POSTMASTER_DEATH, (long)wait_ms, PG_WAIT_EXTENSION);
    if (events & WL_POSTMASTER_DEATH) break;
    if (events & WL_LATCH_SET) {
      ResetLatch(MyLatch);
      latch_was_set = true;
    }
    CHECK_FOR_INTERRUPTS(); /* DROP DATABASE waits for every process to take part in a barrier */
  }
  if (latch_was_set) SetLatch(MyLatch);
  say_messages();
  if (verdict == TMPG_FAILED && message[0] != '\0')
    ereport(WARNING, (errmsg("tidemark: \"%s\" is not archived: %s", file, message)));
  return verdict == TMPG_ARCHIVED;
}

static void close_bridge(void) {
  if (bridge == NULL) return;
  say_messages();
  tmpg_close(bridge);
  bridge = NULL;
}

static void shut_down(TMPG_STATE_ARG) {
  TMPG_USES_STATE();
  close_bridge();
}

static void define_text(const char* name, const char* about, char** value, const char* initial,
                        GucContext context) {
  DefineCustomStringVariable(name, about, NULL, value, initial, context, 0, NULL, NULL, NULL);
}

static void define_number(const char* name, const char* about, int* value, int initial, int least, int most,
                          int flags) {
  DefineCustomIntVariable(name, about, NULL, value, initial, least, most, PGC_SIGHUP, flags, NULL, NULL,
                          NULL);
}

static const int guc_units[] = {
    [TMPG_UNIT_NONE] = 0, [TMPG_UNIT_MS] = GUC_UNIT_MS, [TMPG_UNIT_KB] = GUC_UNIT_KB};

/* Maybe in the postmaster: settings are defined, and nothing begins. */
void _PG_init(void) {
  /* The server refuses to define one of the postmaster's when the archiver itself loads this. */
  GucContext at_start = process_shared_preload_libraries_in_progress ? PGC_POSTMASTER : PGC_SIGHUP;

  define_text("tidemark.plugin", "The archiver, tidemark.so; empty: beside this module or as installed.",
              &plugin_path, "", at_start);
  DefineCustomBoolVariable("tidemark.lineage",
                           "Keeps histories apart by a lineage file in the data directory.", NULL,
                           &keeps_lineage, false, at_start, 0, NULL, NULL, NULL);
  define_text("tidemark.sink", "Where archives go, as file:///directory or s3://bucket/prefix.", &sink, "",
              PGC_SIGHUP);
  define_text("tidemark.sink_options_file",
              "Options of the sink, secrets among them; only its owner reads it.", &sink_options_file, "",
              PGC_SIGHUP);
  define_text("tidemark.metrics_file", "Where metrics are written for Prometheus, every 15 seconds.",
              &metrics_file, "", PGC_SIGHUP);
  DefineCustomEnumVariable("tidemark.compress", "How archives are compressed.", NULL, &compress_choice, 1,
                           compress_choices, PGC_SIGHUP, 0, NULL, NULL, NULL);
  DefineCustomEnumVariable("tidemark.log_level", "Least level of what the archiver logs.", NULL,
                           &log_level_choice, 1, level_choices, PGC_SIGHUP, 0, NULL, NULL, NULL);
#define DEFINE_NUMBER(name, initial, least, most, unit, about) \
  define_number("tidemark." #name, about, &(name), initial, least, most, guc_units[unit]);
  TMPG_NUMBER_SETTINGS(DEFINE_NUMBER)
  MarkGUCPrefixReserved("tidemark");
}

#if PG_VERSION_NUM >= 160000
const ArchiveModuleCallbacks* _PG_archive_module_init(void) {
  static const ArchiveModuleCallbacks callbacks = {
      .startup_cb = NULL,
      .check_configured_cb = is_configured,
      .archive_file_cb = archive_file,
      .shutdown_cb = shut_down,
  };
  return &callbacks;
}
#else
void _PG_archive_module_init(ArchiveModuleCallbacks* callbacks) {
  callbacks->check_configured_cb = is_configured;
  callbacks->archive_file_cb = archive_file;
  callbacks->shutdown_cb = shut_down;
}
#endif
