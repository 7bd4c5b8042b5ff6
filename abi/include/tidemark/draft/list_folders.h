/* draft/list_folders.h - what sink.h may get: one level of the tree of keys, without what lies below it.
 *
 * A sink's extension: the archiver asks for it with get_extension of an open sink, and lists everything where
 * it is missing. A sink offers it where its store can tell the names of folders without reading what they
 * hold. A draft: any release may change it, under another revision of its id, or drop it; see "Drafts" in
 * README.md.
 */
#ifndef TIDEMARK_DRAFT_LIST_FOLDERS_H
#define TIDEMARK_DRAFT_LIST_FOLDERS_H

#include "../sink.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TIDEMARK_EXT_DRAFT_LIST_FOLDERS "tidemark.draft.list_folders/1"

/* Constant; lives until close(). */
typedef struct tidemark_draft_list_folders_api {
  uint32_t struct_size;
  /* About how many keys list gets with one request, at least 1. Above 1 it takes fewer requests to list
   * neighbouring small folders in one call than each by itself; 1: each folder is read by itself anyway. */
  uint32_t page_keys;

  /* As list, but what lies in a folder directly below the prefix is told by one visit: a key that is cut
   * after the first '/' that follows the prefix, with an object of zeros. So visited are, in byte order, the
   * folders and the objects directly below a prefix that ends in '/' (or is empty); a folder has its place by
   * its key with the '/'. start_after: only what is > start_after, so a folder that start_after lies in, or
   * is, does not come (again). What is irregular comes as in list: a directory that may not be read as
   * "<folder>/.", in place of the folder; what lies deeper does not.
   *
   * A folder may hold no object, where a sink cannot tell that without reading it. visit: non-zero stops with
   * OK. UNSUPPORTED: this store, or these permissions, do not allow it; the sink remembers what will be
   * refused again, so that asking is cheap. What was visited before is right all the same: the caller
   * continues after it with list. One attempt, like every call of a sink. [any-thread] */
  tidemark_status (*list_folders)(tidemark_sink*, tidemark_str prefix, tidemark_str start_after,
                                  int32_t (*visit)(void* ctx, tidemark_str key, const tidemark_object*),
                                  void* visit_ctx, const tidemark_call*, tidemark_error*);
} tidemark_draft_list_folders_api;

#ifdef __cplusplus
}
#endif
#endif /* TIDEMARK_DRAFT_LIST_FOLDERS_H */
