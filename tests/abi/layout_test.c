/* The layout of the headers in the include path against the table of a frozen release (LAYOUT_TABLE).
 * Everything is checked by the compiler; running it only says that it compiled. LAYOUT_EXACT: the headers are
 * that very release, so nothing may have grown either. */
#include <stdio.h>
#include <tidemark/archiver.h>
#include <tidemark/maintenance.h>
#include <tidemark/sink.h>

#if !defined(__LP64__)
#error "the layout tables are those of LP64"
#endif

#if defined(LAYOUT_EXACT)
#define GROWS(type, size) _Static_assert(sizeof(type) == (size), #type " is not as the table says");
#else
#define GROWS(type, size) _Static_assert(sizeof(type) >= (size), #type " shrank");
#endif
#define FIXED(type, size) _Static_assert(sizeof(type) == (size), #type " may never change its size");
#define MEMBER(type, member, offset, size)                                        \
  _Static_assert(offsetof(type, member) == (offset), #type "." #member " moved"); \
  _Static_assert(sizeof(((type*)0)->member) == (size), #type "." #member " changed its size");
#define CONSTANT(name, value) _Static_assert((name) == (value), #name " changed its value");
#include LAYOUT_TABLE

int main(void) { return puts("every size, offset and constant is where the table says") < 0; }
