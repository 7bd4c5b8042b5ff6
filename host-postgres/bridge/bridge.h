/* bridge.h - what the module for PostgreSQL calls: Tidemark without an exception, a thread or a type of C++.
 *
 * All functions are for one thread, the main one of the archiver process, and return at once: what may take
 * long is done on other threads, which have every signal blocked. `wake` is called on these, without a lock,
 * when the answer of the file that was offered may have changed; it must be safe there.
 */
#ifndef TIDEMARK_HOST_POSTGRES_BRIDGE_BRIDGE_H
#define TIDEMARK_HOST_POSTGRES_BRIDGE_BRIDGE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tmpg_bridge tmpg_bridge;

typedef struct tmpg_server {
  const char* data_directory; /* absolute */
  uint64_t system_identifier;
  uint32_t segment_bytes;
  uint16_t page_magic; /* of the first page of a segment */
  void (*wake)(void);
} tmpg_server;

/* As in postgresql.conf; strings may be NULL or empty: not set. Borrowed for the call. */
typedef struct tmpg_settings {
  const char *plugin, *sink, *sink_options_file, *compress, *metrics_file, *log_level;
  const char* lineage_file; /* absolute; not set: histories are not told apart */
  uint32_t workers, inflight, ahead, batch_entries, timeout_ms;
  uint64_t memory_bytes;
} tmpg_settings;

enum { TMPG_ARCHIVED = 0, TMPG_WAIT = 1, TMPG_FAILED = 2 };

#define TMPG_MESSAGE_MAX 1024u /* with the NUL */

/* NULL: `message` says why. */
tmpg_bridge* tmpg_open(const tmpg_server*, const tmpg_settings*, char message[TMPG_MESSAGE_MAX]);
/* Cancels what is under way and joins every thread. NULL is fine. */
void tmpg_close(tmpg_bridge*);
/* Settings may have changed; nothing happens if they have not. */
void tmpg_configure(tmpg_bridge*, const tmpg_settings*);

/* The server has read its files again: says of each setting in them that it cannot take what and why. */
void tmpg_check_settings(tmpg_bridge*);

/* PostgreSQL wants this file archived. Then ask for the verdict until it is not TMPG_WAIT. */
void tmpg_offer(tmpg_bridge*, const char* file);
/* TMPG_ARCHIVED: it is durable in the sink. TMPG_WAIT: ask again when woken, after *wait_ms at the latest.
 * TMPG_FAILED: `message` says why; empty if the same was said less than a minute ago. */
int tmpg_verdict(tmpg_bridge*, uint32_t* wait_ms, char message[TMPG_MESSAGE_MAX]);

/* What threads have to say: 1 and the oldest message, or 0. The level is one of TIDEMARK_LOG_*. */
int tmpg_take_message(tmpg_bridge*, int* level, char message[TMPG_MESSAGE_MAX]);

#ifdef __cplusplus
}
#endif
#endif /* TIDEMARK_HOST_POSTGRES_BRIDGE_BRIDGE_H */
