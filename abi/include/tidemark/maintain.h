/* maintain.h - looking after an archive: what is stored, is it whole, bring it back, let go of what is old.
 *
 * An extension of the archiver for operators' tools. Usable from set_sink() on, started or not. The tool
 * decides and prints; what an archive is and how it is proven is known here alone, for every sink.
 */
#ifndef TIDEMARK_MAINTAIN_H
#define TIDEMARK_MAINTAIN_H

#include "archiver.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TIDEMARK_EXT_MAINTAIN "tidemark.maintain/1"

/* What an object in the sink is by its name. Open set: treat what you do not know as foreign. */
enum {
  TIDEMARK_STORED_ARCHIVE = 1,
  TIDEMARK_STORED_GAP = 2,      /* first..last could not be archived */
  TIDEMARK_STORED_ACCEPTED = 3, /* a person accepted that first..last are lost */
  TIDEMARK_STORED_PRUNED = 4,   /* first..last (first is 1) were removed on purpose; the newest counts */
  TIDEMARK_STORED_FOREIGN = 5,  /* no name of ours */
  TIDEMARK_STORED_ORIGIN = 6 /* first..last (first is 1) were never there: the archive of the partition begins
                              * after last. It says nothing about LSNs from the lowest on that an archive, a
                              * gap or a pruned record names; of several the lowest counts */
};

typedef struct tidemark_stored {
  uint32_t struct_size;
  int32_t kind;                 /* TIDEMARK_STORED_* */
  tidemark_partition partition; /* storage is empty if the key lies in no partition's folder */
  tidemark_lsn first, last;     /* inclusive; 0 for a foreign object */
  uint64_t size_bytes;          /* of the object */
  int64_t modified_us;          /* by the sink's clock */
  tidemark_str key;
} tidemark_stored;

/* One entry of an archive that was read and found right. */
typedef struct tidemark_checked_entry {
  uint32_t struct_size;
  uint32_t reserved;
  tidemark_lsn lsn;
  uint64_t size_bytes;   /* of its members in the archive, headers included */
  const uint8_t* sha256; /* 32 bytes over these; equal entries have equal ones in whatever archive they lie */
} tidemark_checked_entry;

/* What a gap, accepted, pruned or origin record says. */
typedef struct tidemark_record {
  uint32_t struct_size;
  int32_t kind; /* TIDEMARK_STORED_*, never an archive */
  tidemark_partition partition;
  tidemark_lsn first, last; /* inclusive */
  int64_t made_us;          /* by the clock of who made it; 0 if the record does not say */
  tidemark_str reason;      /* what the person wrote; empty if none */
} tidemark_record;

/* Every function [any-thread]; visitors are called on the caller's thread, non-zero stops with OK unless said
 * otherwise. What a visitor gets is borrowed for its call. tidemark_call and tidemark_error may be NULL.
 * Statuses beside those that are said: INVALID for an argument or before set_sink, what the sink gives
 * (RETRYABLE and above: the same call may work later), NOT_FOUND for a key that is not there, CANCELLED if
 * the caller asked. */
typedef struct tidemark_maintain_api {
  uint32_t struct_size;
  uint32_t reserved;
  /* Every finished object in byte order of keys, hence partition by partition and, within one, by last LSN;
   * memory does not grow with their number. storage empty: everything (partition must be NULL and from 0);
   * partition NULL: the whole storage. from, with a partition only: archives and records that reach it, and
   * foreign objects behind them in byte order; else 0. Names that begin with '.' are the sink's own and not
   * listed. A listing that could not be finished is an error, never a shorter listing. */
  tidemark_status (*scan)(tidemark_archiver*, tidemark_str storage, const uint64_t* partition,
                          tidemark_lsn from, int32_t (*visit)(void* ctx, const tidemark_stored*),
                          void* visit_ctx, const tidemark_call*, tidemark_error*);
  /* Reads an archive or record whole: digest against footer, footer against key, and for an archive that its
   * members are exactly the entries first..last, in order, with nothing behind them. Entries are given out as
   * they are read, so what was visited counts only if the status is OK and no visit stopped it. visit NULL
   * spares their digests. CORRUPT: the message names the key and what is wrong. INVALID: no key of ours.
   * read_bytes, if not NULL, grows while it works (relaxed, for progress). */
  tidemark_status (*check)(tidemark_archiver*, tidemark_str key,
                           int32_t (*visit)(void* ctx, const tidemark_checked_entry*), void* visit_ctx,
                           uint64_t* read_bytes, const tidemark_call*, tidemark_error*);
  /* Restores the entries of [first, last] that the archive `key` holds as <directory>/<LSN>, ascending, each
   * whole or not at all and fsynced; the archive is read once and its digest checked before the first becomes
   * visible. Safe against hostile archives. Until then everything is in <directory>/.tidemark/, where the
   * next call removes what a killed one left. ready, if not NULL, is called once, when all is durable and
   * only the names are missing: it may wait there for its turn; non-zero gives up with CANCELLED and nothing
   * visible. visit, if not NULL: each entry, after all are visible and durable; non-zero ends the visits.
   * INVALID: no archive's key, or it holds nothing of [first, last]. EXISTS: one of the entries is there
   * already; of those before it all are restored, or none if it was there from the beginning. */
  tidemark_status (*unpack)(tidemark_archiver*, tidemark_str key, tidemark_lsn first, tidemark_lsn last,
                            tidemark_str directory, int32_t (*ready)(void* ctx),
                            int32_t (*visit)(void* ctx, tidemark_lsn), void* visit_ctx, uint64_t* read_bytes,
                            const tidemark_call*, tidemark_error*);
  /* A record's content, proven as check() does. INVALID: no record's key. */
  tidemark_status (*read_record)(tidemark_archiver*, tidemark_str key,
                                 void (*visit)(void* ctx, const tidemark_record*), void* visit_ctx,
                                 const tidemark_call*, tidemark_error*);
  /* Records durably that a person accepts that first..last are lost. INVALID: an archive holds one of them,
   * no reason, a reason that does not fit (one line of UTF-8 without control characters, at most 256 bytes),
   * or opened with read_only. EXISTS: accepted before. */
  tidemark_status (*accept_gap)(tidemark_archiver*, const tidemark_partition*, tidemark_lsn first,
                                tidemark_lsn last, tidemark_str reason, const tidemark_call*,
                                tidemark_error*);
  /* Removes, oldest first, the archives and records of which every LSN lies below `before`. First a record of
   * how far is made durable; killed at any instant, what is left is a contiguous partition, and the same call
   * again finishes. visit, if not NULL: after each removed object; non-zero stops with OK. With dry_run != 0
   * nothing is changed and visit sees what would be removed. INVALID: below `before` lies a hole that no
   * record explains (accept it first, or prune up to it), or opened with read_only and no dry run. */
  tidemark_status (*prune)(tidemark_archiver*, const tidemark_partition*, tidemark_lsn before,
                           int32_t dry_run, int32_t (*visit)(void* ctx, const tidemark_stored*),
                           void* visit_ctx, const tidemark_call*, tidemark_error*);
} tidemark_maintain_api;

#ifdef __cplusplus
}
#endif
#endif /* TIDEMARK_MAINTAIN_H */
