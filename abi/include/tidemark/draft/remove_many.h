/* draft/remove_many.h - what sink.h may get: many objects removed with one request.
 *
 * A sink's extension: the archiver asks for it with get_extension of an open sink, and removes one by one
 * where it is missing. A sink offers it where its store has such a request, and only there: it saves the
 * archiver requests, and is no other kind of removal. A draft: any release may change it, under another
 * revision of its id, or drop it; see "Drafts" in README.md.
 */
#ifndef TIDEMARK_DRAFT_REMOVE_MANY_H
#define TIDEMARK_DRAFT_REMOVE_MANY_H

#include "../sink.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TIDEMARK_EXT_DRAFT_REMOVE_MANY "tidemark.draft.remove_many/1"

/* Constant; lives until close(). */
typedef struct tidemark_draft_remove_many_api {
  uint32_t struct_size;
  uint32_t keys_max; /* the most keys of one call, at least 1 */

  /* OK: each of these keys is gone, durably, or never was, as after remove. Any other status: none, some or
   * all may be gone, in any order, and the message names the first key that is not known to be; so the
   * archiver then removes each by itself, which is idempotent and tells of each what is wrong with it. That
   * is so for CANCELLED too, only that nothing more is asked. UNSUPPORTED: this store, these keys or these
   * permissions do not allow it; the sink remembers what will be refused again, so that asking is cheap.
   * One attempt, like every call of a sink.
   *
   * The keys are borrowed until the call returns; they may come in any order, and twice. No keys is OK.
   * INVALID, and nothing is changed: more than keys_max, one that is not a key (the message names it), or the
   * sink was opened for reading only. Concurrently with all else, also for the same keys; what a put makes of
   * such a key meanwhile may stay or go. [any-thread] */
  tidemark_status (*remove_many)(tidemark_sink*, const tidemark_str* keys, uint32_t count,
                                 const tidemark_call*, tidemark_error*);
} tidemark_draft_remove_many_api;

#ifdef __cplusplus
}
#endif
#endif /* TIDEMARK_DRAFT_REMOVE_MANY_H */
