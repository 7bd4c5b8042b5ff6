/* archiver.h - the contract between a storage engine (host) and the archiver (plugin).
 *
 *   dlopen -> tidemark_archiver_entry(TIDEMARK_ARCHIVER_ABI_MAJOR) -> create -> set_sink -> start
 *          -> notify ... acknowledge ... -> stop -> destroy -> (the host may dlclose)
 *
 * Promise: once acknowledge(partition, L) is called, every entry of that partition the host ever
 * notified up to and including L, except those reported as a GAP, can be read back from the sink,
 * byte for byte, even if this machine loses power now.
 *
 * "Ever notified" means: in this run (from start() to stop()), or in an earlier run on this sink. An entry of
 * an earlier run counts if, at the end of that run, the sink held
 *   - before the entry: an archive or a record of the partition; and
 *   - after the entry: not the record of the partition's beginning, and at most 128 archives. A killed run
 *     leaves no more than that after an entry: twice the largest partition_inflight.
 *
 * As long as the sink holds nothing of a partition, a later run cannot know what an earlier one was notified
 * of: the partition's archive then begins at the first low. A beginning above 1 is recorded in the sink
 * before anything else, so from then on what is lost after it is a GAP, in whatever run.
 * A beginning at 1 needs no record and has none: what is missing before the first archive is then a GAP. The
 * same holds if the record of a beginning was lost or never written.
 *
 * What other runs wrote is read and compared before it counts (with the option verify_existing=footer: its
 * size and its last 512 bytes). With the option lineage_file several histories may be written to a storage,
 * by clones, after a failover or a restore to an older state: each has epochs of its own and can be read
 * back. Without it only one may: if another history has the same entry in an archive of the same name, that
 * is a CONFLICT; if it cuts its batches differently, nobody notices. So give each engine, and each restore to
 * an older state, a sink or a prefix of its own. Where the host has nothing left to compare with, below low,
 * an archive counts if it is what its own footer says. Only before the first low of a run does the name of an
 * archive count: what was archived and pruned long ago is not read at every start; `tidemark verify` does
 * that.
 */
#ifndef TIDEMARK_ARCHIVER_H
#define TIDEMARK_ARCHIVER_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TIDEMARK_ARCHIVER_ABI_MAJOR 1u
#define TIDEMARK_ARCHIVER_ABI_MINOR 0u

/* One ordered log. */
typedef struct tidemark_partition {
  tidemark_str storage; /* obeys TIDEMARK_NAME_MAX and its alphabet */
  uint64_t id;
} tidemark_partition;

typedef uint64_t tidemark_lsn; /* log sequence number of one entry: 1, 2, 3, ...; 0 means none */

/* One log entry on loan from the host: unchanged and undeleted until release_entry. */
typedef struct tidemark_entry {
  uint32_t struct_size; /* set by the plugin before it calls acquire_entry */
  uint32_t reserved;
  tidemark_str path; /* absolute, of a regular file or a directory tree; valid until release_entry */
  void* lease;       /* the host's own; handed back to release_entry */
} tidemark_entry;

/* Something an operator should see. Open set: a host ignores kinds it does not know.
 *
 *   kind          partition  first..last             status               attempt
 *   GAP           yes        lost                    OK                   0
 *   CONFLICT      yes        their names hold        EXISTS: other        as FAILING; 0 if they were
 *                            something else          CORRUPT: damaged     reported as lost before
 *   FAILING       yes        could not be archived   the host's or        failures in a row so far,
 *                            or looked up            the sink's           this one included
 *   RECOVERED     yes        archived at last        OK                   0
 *   SINK_CHANGED  zero       0..0                    OK                   0
 *   SINK_DOWN     zero       0..0                    the sink's           0
 *   SINK_UP       zero       0..0                    OK                   0
 *   BRANCHED      yes        of the parent, not      EXISTS: other        0
 *                            counted any more        CORRUPT: damaged
 *   SUPERSEDED    id is 0    0..0                    INVALID              0
 *
 * error is there whenever status is not OK. */
enum {
  /* These can no longer be archived: they are a hole that stays. Reported before any acknowledge that passes
   * it, whatever happens: acknowledge waits until this callback has returned. A gap that an earlier run
   * recorded and that nobody has accepted is reported again, once in each run, if it lies before the first
   * entry of this run, is one of the last 16 gaps and lies among the last 128 archives. What a person
   * accepted before it was reported is known, and not reported. A report that waits for another event of
   * this host is not taken back if an entry of it is archived meanwhile. */
  TIDEMARK_EVENT_GAP = 1,
  TIDEMARK_EVENT_CONFLICT = 2,     /* nothing is overwritten: the partition waits for an operator */
  TIDEMARK_EVENT_FAILING = 3,      /* first failure after success; tried again, each time later */
  TIDEMARK_EVENT_RECOVERED = 4,    /* the partition that was failing makes progress again */
  TIDEMARK_EVENT_SINK_CHANGED = 5, /* set_sink swapped while started; every partition is looked up again */
  TIDEMARK_EVENT_SINK_DOWN = 6,    /* circuit breaker open: every partition waits */
  TIDEMARK_EVENT_SINK_UP = 7,      /* closed: a job went well, after a failed put a put; or set_sink */
  /* With lineage_file. This history differs from first on from what another run of it, or of its parent, has
   * archived: from there on it has an epoch of its own in this partition. Both can be read back. */
  TIDEMARK_EVENT_BRANCHED = 8,
  /* With lineage_file. Another host took over the storage, or this data was restored to an older state; error
   * says which epoch, and what to do. With on_superseded=stop nothing of that storage is archived or
   * acknowledged from now on. Once a run and storage; and when the record of this run's own epoch is gone,
   * after which nothing is, whatever on_superseded says. */
  TIDEMARK_EVENT_SUPERSEDED = 9
};
typedef struct tidemark_event {
  uint32_t struct_size;
  int32_t kind;                 /* TIDEMARK_EVENT_*; says what the rest holds, see above */
  tidemark_partition partition; /* borrowed for the call */
  tidemark_lsn first, last;     /* inclusive; 0: none */
  tidemark_status status;
  uint32_t attempt;
  const tidemark_error* error; /* NULL if status is OK; borrowed for the call */
} tidemark_event;

/* Services of the host. create() copies this table, not what ctx points to: that lives until destroy() has
 * returned. What a callback is given is borrowed until it returns.
 * [Threading]  Called on the plugin's threads, many at a time, never after stop() returned;
 *              acknowledge is never concurrent with itself for one partition. Only log is
 *              different, see there.
 * [Locking]    No lock of the plugin is held. A callback may call notify and the [any-thread]
 *              functions, and must not call the [control] ones. These are INVALID there and change
 *              nothing; destroy, which has no status, does nothing and logs an ERROR.
 * [Exceptions] Must not leave the callback. */
typedef struct tidemark_host {
  uint32_t struct_size;
  uint32_t abi_minor; /* the host's TIDEMARK_ARCHIVER_ABI_MINOR; informative */
  void* ctx;          /* the host's own; the first argument of every callback */
  /* Lends one entry. TIDEMARK_E_NOT_FOUND: not there (yet, or any more). [worker] required */
  tidemark_status (*acquire_entry)(void* ctx, const tidemark_partition*, tidemark_lsn, tidemark_entry* out,
                                   tidemark_error*);
  /* Exactly once per successful acquire_entry, on the same thread. Cannot fail. [worker] required */
  void (*release_entry)(void* ctx, const tidemark_partition*, tidemark_entry*);
  /* Everything up to lsn is safe (see the promise); the host may prune it. Repeats and skips are
   * legal. An lsn below low - 1 is never given. Between start and stop the lsn never decreases while the
   * plugin remembers the partition; one that was idle for partition_idle_ms is forgotten, and looked up again
   * when it is notified, from the low given then. lsn 0: nothing is archived (the answer to an empty range).
   * Any status but OK: a WARN in the log, and the plugin tries again, each time later, up to retry_max_ms.
   * [worker] required */
  tidemark_status (*acknowledge)(void* ctx, const tidemark_partition*, tidemark_lsn, tidemark_error*);
  /* Events, see above, one at a time and in order. Must not block: acknowledge of a
   * partition waits for its GAP, and stop() returns only after all events that were decided are delivered,
   * whatever drain_ms is. GAP and CONFLICT are never dropped: each partition has at most one of each on its
   * way to the host, and the next one waits. Of the other kinds the oldest are dropped, and counted in the
   * metrics, when 65,536 wait. A change of sink loses no event; a partition is not forgotten before its
   * CONFLICT was delivered, nor before stop() if it has a GAP.
   * [worker] optional */
  void (*event)(void* ctx, const tidemark_event*);
  /* One formatted line of UTF-8 without newline or control characters, whatever bytes hosts, urls and stores
   * gave. Must not block. Called on the plugin's threads, many at a time, and on the caller's own thread
   * inside create, set_sink, start, stop, destroy and the [any-thread] functions; so also before start and
   * after stop, until destroy has returned. level: TIDEMARK_LOG_*, not below the option log_level.
   * [any-thread] optional */
  void (*log)(void* ctx, int32_t level, tidemark_str component, tidemark_str message);
} tidemark_host;

typedef struct tidemark_archiver tidemark_archiver;

typedef struct tidemark_archiver_api {
  uint32_t struct_size;
  uint32_t abi_major;
  uint32_t abi_minor;
  uint32_t reserved;
  const char* version; /* "1.4.2", static storage */

  /* Checks every option, and that digests are computed right in this process. Starts nothing; does not touch
   * the network, and of the disk reads only the files of keys that options name (but OpenSSL may read its own
   * configuration). options may be NULL if
   * option_count is 0. INVALID: the message names the option or the callback; PERMANENT: a digest is wrong
   * (see README on RTLD_DEEPBIND). *out is NULL after a failure. [control] */
  tidemark_status (*create)(const tidemark_host*, const tidemark_option* options, uint32_t option_count,
                            tidemark_archiver** out, tidemark_error*);
  /* Closes the sink and joins every thread; one that was not stopped is stopped with drain_ms 0 first. NULL
   * is fine. From a callback: nothing but an ERROR in the log. [control] */
  void (*destroy)(tidemark_archiver*);

  /* Opens the sink that `url` names (file:///var/archive, s3://bucket/prefix?region=...), probes
   * it, then swaps it in atomically; any failure leaves the old sink at work. The scheme names the
   * sub-plugin tidemark-sink-<scheme>.so in the option sink_dir; the option library names a file
   * instead. Objects in flight finish on the old sink, which is then closed. Legal before and
   * after start(). INVALID: the url or an option; NOT_FOUND: no such sub-plugin, or nothing there with
   * read_only; UNSUPPORTED: the sub-plugin cannot be used; else what the sink's open gives. [control] */
  tidemark_status (*set_sink)(tidemark_archiver*, tidemark_str url, const tidemark_option* options,
                              uint32_t option_count, const tidemark_call*, tidemark_error*);

  /* May be called again after stop(). INVALID: no sink yet, started already, or created with read_only;
   * RETRYABLE: not enough memory or threads. [control] */
  tidemark_status (*start)(tidemark_archiver*, tidemark_error*);
  /* drain_ms: how long work already notified may take to finish; after that what is in flight is cancelled.
   * When stop returns, no callback but log runs or will run. So even with 0 it takes as long as the callbacks
   * that run and the delivery of the events that were decided. Idempotent. [control] */
  tidemark_status (*stop)(tidemark_archiver*, uint32_t drain_ms, tidemark_error*);

  /* Entries low..high (inclusive) exist and low is the oldest still there. Idempotent, may come
   * out of order and from inside a callback. low == high + 1 is the empty range: nothing to
   * archive, but acknowledge again how far the partition is archived. For a partition that is not known yet
   * that answer is at most low - 1, whatever the sink holds after it. Only enqueues; what waits is merged
   * per partition.
   *
   * The highest low of a run counts, in whatever order they come: what lies below it and is not in the sink
   * is a GAP. If a lower low comes later, or was merged with the highest before anybody looked, it says that
   * entries below the highest are there after all, even if they are a GAP already or about to be one. Then
   * the GAP is reported, and they are looked for and archived before any acknowledge passes them. So it is
   * with entries below the first low of the run; those of them that are not there are a GAP. Notifications of
   * several threads may therefore overtake each other; it only costs such a search. (A host that names a
   * lower low again and again, faster than its own acquire_entry says NOT_FOUND, holds up the partition with
   * it.) After 64 entries in a row that are not there, the rest of the gap is left until the next such
   * notify. One acknowledge that was decided before notify returned may still come.
   *
   * Everything notified is forgotten by stop(): after start() notify all that is still there. The
   * first low of a run is compared with what the sink holds: each hole before it, among the last
   * 128 archives at least, is a GAP. If the sink holds nothing of the partition, its archive begins
   * at low.
   *
   * TIDEMARK_E_INVALID: bad name or range, or not started; TIDEMARK_E_CANCELLED: stop() has begun;
   * TIDEMARK_E_NO_SPACE: more partitions or storage names than the plugin's limits; TIDEMARK_E_RETRYABLE: no
   * memory for a partition that was not known yet; nothing has changed: notify again later. [hot-path] */
  tidemark_status (*notify)(tidemark_archiver*, const tidemark_partition*, tidemark_lsn low,
                            tidemark_lsn high, tidemark_error*);

  /* The whole Prometheus text exposition, version 0.0.4. Returns the writer's status if it is not OK.
   * [any-thread] */
  tidemark_status (*write_metrics)(tidemark_archiver*, const tidemark_writer*, tidemark_error*);

  /* An immutable table by "tidemark.name/REV"; NULL if unknown. Valid until destroy(). [any-thread] */
  const void* (*get_extension)(tidemark_archiver*, const char* id);
} tidemark_archiver_api;

/* The only symbol of the library. NULL: this major is not spoken here; ask for a lower one. */
TIDEMARK_EXPORT const tidemark_archiver_api* tidemark_archiver_entry(uint32_t abi_major);
typedef const tidemark_archiver_api* (*tidemark_archiver_entry_fn)(uint32_t abi_major);
#define TIDEMARK_ARCHIVER_ENTRY_NAME "tidemark_archiver_entry"

/* ---- Extension: reading back. Usable from set_sink() on, started or not. ---------------- */
#define TIDEMARK_EXT_READBACK "tidemark.readback/1"

typedef struct tidemark_archive { /* one object: a tar of consecutive entries */
  uint32_t struct_size;
  uint32_t reserved;
  tidemark_lsn first, last; /* inclusive */
  uint64_t size_bytes;      /* of the object */
  int64_t modified_us;      /* by the sink's clock */
  tidemark_str key;         /* what fetch takes; borrowed for the visit */
} tidemark_archive;

typedef struct tidemark_readback_api {
  uint32_t struct_size;
  uint32_t reserved;
  /* Ascending; only archives that hold an entry >= from. visit, on the caller's thread: non-zero stops with
   * OK. A listing that could not be finished is an error, never a shorter listing. [any-thread] */
  tidemark_status (*list)(tidemark_archiver*, const tidemark_partition*, tidemark_lsn from,
                          int32_t (*visit)(void* ctx, const tidemark_archive*), void* visit_ctx,
                          const tidemark_call*, tidemark_error*);
  /* The object as stored, its digest checked while it streams: after any status but OK discard
   * what out received. NOT_FOUND: no such object; CORRUPT: not what its key and footer say. [any-thread] */
  tidemark_status (*fetch)(tidemark_archiver*, tidemark_str key, const tidemark_writer* out,
                           const tidemark_call*, tidemark_error*);
  /* Restores one entry as <directory>/<LSN>; all of it or nothing, fsynced. NOT_FOUND: no archive holds it;
   * CORRUPT: none that holds it is whole; EXISTS: it is there already; else what the directory's file system
   * says. [any-thread] */
  tidemark_status (*restore)(tidemark_archiver*, const tidemark_partition*, tidemark_lsn,
                             tidemark_str directory, const tidemark_call*, tidemark_error*);
} tidemark_readback_api;

#ifdef __cplusplus
}
#endif
#endif /* TIDEMARK_ARCHIVER_H */
